import { format } from "../lib/format";

/** A time in the reader's zone; hovering tells it in full. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={`${format.dateTime(at)} ${format.zone}`}>
      {format.dateTime(at)}
    </time>
  );
}
