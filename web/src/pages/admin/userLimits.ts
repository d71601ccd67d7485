// The limits of a user: those of the tier, what overrides make of them, and what is used.
// Source of the rule: `overridden` of the ledger's policy. An override that names no limit is for the
// resource's first one; of several that fit, the first that has not run out is in force.
import type { LimitStanding, Limits, LimitView, OverrideView, TierView } from "../../api/shapes";

export interface LimitRow {
  resource: string;
  /** As the tier has it. */
  limit: LimitView;
  /** The override that is in force, else the last one that has run out. */
  own: OverrideView | null;
  standing: LimitStanding | null;
}

/** A limit with the parts of an override that is in force. */
export function effective(limit: LimitView, own: OverrideView | null): LimitView {
  if (!own?.inForce) return limit;
  return {
    ...limit,
    cap: own.cap ?? limit.cap,
    mode: own.mode ?? limit.mode,
    warnAt: own.warnAt ?? limit.warnAt,
  };
}

function ownOf(overrides: readonly OverrideView[], resource: string, name: string, isFirst: boolean) {
  return overrides.filter(
    (own) => own.resourceType === resource && (own.limit ? own.limit === name : isFirst),
  );
}

/** Every limit of the tier, and the overrides that fit none of them. */
export function limitRows(
  tier: TierView,
  overrides: readonly OverrideView[],
  limits: Limits | null,
): { rows: LimitRow[]; orphans: OverrideView[] } {
  const rows: LimitRow[] = [];
  const fitting = new Set<OverrideView>();
  for (const [resource, list] of Object.entries(tier.limits)) {
    const standings = limits?.resources.find((one) => one.resourceType === resource)?.limits ?? [];
    for (const [index, limit] of list.entries()) {
      const own = ownOf(overrides, resource, limit.name, index === 0);
      for (const one of own) fitting.add(one);
      rows.push({
        resource,
        limit,
        own: own.find((one) => one.inForce) ?? own.at(-1) ?? null,
        standing: standings.find((one) => one.name === limit.name) ?? null,
      });
    }
  }
  return { rows, orphans: overrides.filter((own) => !fitting.has(own)) };
}

/** Which override a change is about; the same one as `own` is, so that no second one comes beside it. */
export const targetOf = (row: LimitRow): string | null =>
  row.own ? (row.own.limit ?? null) : row.limit.name;

/** The overrides once `next` is set. */
export function withOverride(overrides: readonly OverrideView[], next: OverrideView): OverrideView[] {
  return [...without(overrides, next.resourceType, next.limit ?? null), next];
}

/** The overrides once that one is removed. */
export function without(
  overrides: readonly OverrideView[],
  resource: string,
  limit: string | null,
): OverrideView[] {
  return overrides.filter((own) => own.resourceType !== resource || (own.limit ?? null) !== limit);
}
