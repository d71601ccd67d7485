// What changed, old and new side by side.
import { adminText } from "../../text/admin";
import { Icon } from "../../ui/icons";

export interface ShownChange {
  key: string;
  /** What changed; empty if that is clear from where it stands. */
  name: string;
  /** Null if it was not there. */
  before: string | null;
  /** Null if it is gone. */
  after: string | null;
}

function Arrow() {
  return (
    <span className="inline-block -rotate-90 self-center text-soft">
      <Icon name="down" size={14} />
    </span>
  );
}

function Line({ change }: { change: ShownChange }) {
  const { from, to, gone } = adminText;
  const { name, before, after } = change;
  return (
    <li className="flex flex-wrap items-baseline gap-x-1.5">
      {name && <span className="text-soft">{name}:</span>}
      {before !== null && (
        <>
          <span className="sr-only">{after === null ? gone : from}</span>
          <del className="min-w-0 break-words text-soft">{before}</del>
        </>
      )}
      {before !== null && after !== null && (
        <>
          <span className="sr-only">{to}</span>
          <Arrow />
        </>
      )}
      {after !== null && <ins className="min-w-0 font-medium break-words no-underline">{after}</ins>}
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
