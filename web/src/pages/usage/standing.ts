// What a card says of a resource, worked out of its limits.
import type { LimitStanding, ResourceLimits } from "../../api/shapes";
import { type Level, levelOf, percentOf } from "../../lib/level";

export interface Standing {
  /** The limit that is nearest to its end; null if nothing limits the resource. */
  tightest: LimitStanding | null;
  others: LimitStanding[];
  /** Null if unlimited. */
  percent: number | null;
  level: Level;
}

const bounded = (limit: LimitStanding) => limit.cap >= 0;

/** A cap of nothing of which nothing is used: the plan does not have it, which is no alarm. */
export function isNotIncluded(limit: LimitStanding): boolean {
  return limit.cap === 0 && limit.used <= 0 && limit.held <= 0;
}

export function standingOf(resource: ResourceLimits): Standing {
  const limits = [...resource.limits].sort(
    (left, right) =>
      Number(bounded(right)) - Number(bounded(left)) ||
      (percentOf(right.used, right.cap) ?? 0) - (percentOf(left.used, left.cap) ?? 0),
  );
  const [tightest = null, ...others] = limits;
  const percent = tightest ? percentOf(tightest.used, tightest.cap) : null;
  return { tightest, others, percent, level: levelOf(percent) };
}

/** What people look for first; the operator's own resources follow by name. */
const FIRST = ["llm_tokens", "memory_storage", "agent_minutes", "messages"];

export function inOrder<Row extends { resourceType: string }>(rows: readonly Row[]): Row[] {
  const rank = (one: Row) => {
    const found = FIRST.indexOf(one.resourceType);
    return found < 0 ? FIRST.length : found;
  };
  return [...rows].sort(
    (left, right) => rank(left) - rank(right) || left.resourceType.localeCompare(right.resourceType),
  );
}
