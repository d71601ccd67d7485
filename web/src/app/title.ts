import { useEffect } from "react";
import { text } from "../text";

/** Names the page in the browser's tab and history. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${text.common.product}`;
  }, [title]);
}
