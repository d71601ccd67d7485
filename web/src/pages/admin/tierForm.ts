// The form of a tier, and the requests it makes.
import type { LimitView, TierView } from "../../api/shapes";
import { amountOf, percentsOf, typedAmount } from "./amount";
import { type Reasoned, reasonFault } from "./reason";

export const WINDOWS = ["hour", "day", "week", "month", "lifetime"] as const;

export interface LimitForm {
  /** Names the row while names change. */
  key: number;
  name: string;
  cap: string;
  isUnlimited: boolean;
  window: LimitView["window"];
  mode: "hard" | "soft";
  warnAt: string;
}

export interface TierForm extends Reasoned {
  name: string;
  rank: string;
  limits: Record<string, readonly LimitForm[]>;
}

export type TierFault =
  | "capMissing"
  | "amount"
  | "percents"
  | "name"
  | "nameTwice"
  | "nameTaken"
  | "rank"
  | "reason"
  | "reasonLong";

/** By `name`, `rank`, `reason`, and `<row's key>.<member>`. */
export type TierFaults = Record<string, TierFault>;

export interface TierBody {
  rank?: number;
  limits: Record<string, LimitView[]>;
  reason: string;
}

/** A resource as the form has to know it. */
export interface Resource {
  name: string;
  unit: string;
  isLevel: boolean;
}

let keys = 0;

function limitForm(limit: LimitView, unit: string): LimitForm {
  keys += 1;
  return {
    key: keys,
    name: limit.name,
    cap: limit.cap < 0 ? "" : typedAmount(limit.cap, unit),
    isUnlimited: limit.cap < 0,
    window: limit.window,
    mode: limit.mode,
    warnAt: limit.warnAt.join(", "),
  };
}

/** The form as it opens; of a new tier if there is none to start from. */
export function tierForm(tier: TierView | null, name: string, resources: readonly Resource[]): TierForm {
  const limits = resources.map((resource) => [
    resource.name,
    (tier?.limits[resource.name] ?? []).map((limit) => limitForm(limit, resource.unit)),
  ]);
  const rank = tier && tier.name === name ? String(tier.rank) : "";
  return { name, rank, limits: Object.fromEntries(limits), reason: "" };
}

/** A further row: its window is the first that no other row has, since a limit is named by it. */
export function addedLimit(rows: readonly LimitForm[], resource: Resource): LimitForm {
  const windows: readonly LimitView["window"][] = resource.isLevel
    ? ["lifetime"]
    : ["day", "month", "hour", "week", "lifetime"];
  const taken = new Set<string>(rows.flatMap((row) => [row.name, row.window]));
  const window = windows.find((one) => !taken.has(one)) ?? windows[0] ?? "day";
  const name = taken.has(window) ? "" : window;
  const blank: LimitView = { name, cap: 0, window, mode: "hard", warnAt: [80, 100] };
  return { ...limitForm(blank, resource.unit), cap: "" };
}

/** As the API has it: of tiers, resources and limits. */
export function isName(text: string): boolean {
  return /^[a-z][a-z0-9_]{0,63}$/.test(text);
}

function limitOf(row: LimitForm, unit: string, faults: TierFaults): LimitView {
  const cap = row.isUnlimited ? -1 : amountOf(row.cap, unit);
  if (cap === null) faults[`${row.key}.cap`] = row.cap.trim() === "" ? "capMissing" : "amount";
  const warnAt = percentsOf(row.warnAt);
  if (warnAt === null) faults[`${row.key}.warnAt`] = "percents";
  const name = row.name.trim();
  if (!isName(name)) faults[`${row.key}.name`] = "name";
  return { name, cap: cap ?? 0, window: row.window, mode: row.mode, warnAt: warnAt ?? [] };
}

/** The limits that the form says; its faults are added to `faults`. */
export function limitsOf(
  form: TierForm,
  resources: readonly Resource[],
  faults: TierFaults = {},
): Record<string, LimitView[]> {
  const limits: Record<string, LimitView[]> = {};
  for (const { name, unit } of resources) {
    const rows = form.limits[name] ?? [];
    if (rows.length === 0) continue;
    const made = rows.map((row) => limitOf(row, unit, faults));
    for (const [index, row] of rows.entries()) {
      const isTwice = made.slice(0, index).some((earlier) => earlier.name === row.name.trim());
      if (isTwice) faults[`${row.key}.name`] ??= "nameTwice";
    }
    limits[name] = made;
  }
  return limits;
}

/** What the form asks for. `taken` are names of tiers that a new one may not have. */
export function tierBody(
  form: TierForm,
  resources: readonly Resource[],
  taken: readonly string[],
): { body: TierBody } | { faults: TierFaults } {
  const faults: TierFaults = {};
  const limits = limitsOf(form, resources, faults);
  if (!isName(form.name)) faults.name = "name";
  else if (taken.includes(form.name)) faults.name = "nameTaken";
  const rank = form.rank.trim();
  const isRank = /^\d{1,10}$/.test(rank) && Number(rank) < 2 ** 32;
  // A new tier without a rank gets one above all others.
  if (!isRank && (rank !== "" || taken.length === 0)) faults.rank = "rank";
  const reason = reasonFault(form.reason);
  if (reason) faults.reason = reason;
  if (Object.keys(faults).length > 0) return { faults };
  return { body: { ...(rank === "" ? {} : { rank: Number(rank) }), limits, reason: form.reason.trim() } };
}
