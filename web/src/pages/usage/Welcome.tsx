import { Link } from "wouter";
import type { Limits } from "../../api/shapes";
import { text } from "../../text";
import { buttonLook } from "../../ui/Button";
import { Empty } from "../../ui/states";
import { useStats } from "./data";

/** What to do first, for who has used nothing yet. */
export function Welcome({ limits, isOwn }: { limits: Limits; isOwn: boolean }) {
  const isIdle = limits.resources.every((one) => one.used === 0 && one.held === 0);
  // Who uses something now is not new: then nothing is asked.
  const stats = useStats(90, isIdle);
  const isNew = isIdle && stats.data?.breakdown.every((row) => row.amount === 0);
  if (!isNew) return null;
  const { title, text: more, action } = text.usage.empty;
  return (
    <Empty
      title={title}
      action={
        isOwn && (
          <Link href="/account/keys" className={buttonLook("primary")}>
            {action}
          </Link>
        )
      }
    >
      {more}
    </Empty>
  );
}
