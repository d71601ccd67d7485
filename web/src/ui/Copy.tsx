import { useEffect, useState } from "react";
import { text } from "../text";
import { Button } from "./Button";

/** Puts a text into the clipboard, and says that it did. */
export function CopyButton({ value, label = text.common.copy }: { value: string; label?: string }) {
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), 2_000);
    return () => clearTimeout(timer);
  }, [isDone]);
  const copy = () => {
    // Without a clipboard (plain HTTP) the text stays selectable beside the button.
    void navigator.clipboard?.writeText(value).then(() => setDone(true));
  };
  return (
    <Button small icon={isDone ? "check" : "copy"} onClick={copy}>
      <span aria-live="polite">{isDone ? text.common.copied : label}</span>
    </Button>
  );
}
