import { usePageTitle } from "../../app/title";
import { text } from "../../text";

export default function AdminPages() {
  usePageTitle(text.admin.title);
  return <h1 className="text-2xl font-semibold">{text.admin.title}</h1>;
}
