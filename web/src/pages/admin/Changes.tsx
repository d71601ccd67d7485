// What changed, old and new side by side.
import { adminText } from "../../text/admin";
import { Icon } from "../../ui/icons";

export interface ShownChange {
  key: string;
  /** What changed; empty if that is clear from where it stands. */
  name: string;
  before: string;
  after: string;
}

function Line({ change }: { change: ShownChange }) {
  const { from, to } = adminText;
  return (
    <li className="flex flex-wrap items-baseline gap-x-1.5">
      {change.name && <span className="text-soft">{change.name}:</span>}
      <span className="sr-only">{from}</span>
      <del className="break-words text-soft">{change.before}</del>
      <span className="sr-only">{to}</span>
      <span className="inline-block -rotate-90 self-center text-soft">
        <Icon name="down" size={14} />
      </span>
      <ins className="font-medium break-words no-underline">{change.after}</ins>
    </li>
  );
}

export function Changes({ changes }: { changes: readonly ShownChange[] }) {
  return (
    <ul className="flex flex-col gap-0.5" data-changes>
      {changes.map((change) => (
        <Line key={change.key} change={change} />
      ))}
    </ul>
  );
}
