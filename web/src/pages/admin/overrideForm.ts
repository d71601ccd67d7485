// The form of an override, and the request it makes.
import type { LimitView, OverrideView } from "../../api/shapes";
import { amountOf, percentsOf, typedAmount } from "./amount";
import { type Reasoned, reasonFault } from "./reason";

export type CapKind = "tier" | "amount" | "unlimited";
/** `keep`: as the override that is edited has it; a number: in so many days. */
export type Expiry = "keep" | "1" | "7" | "30" | "90" | "date" | "never";

export interface OverrideForm extends Reasoned {
  capKind: CapKind;
  cap: string;
  /** Empty: as in the tier. */
  mode: "" | "hard" | "soft";
  /** Empty: as in the tier. */
  warnAt: string;
  expiry: Expiry;
  /** `2026-11-30T14:05`, in the reader's zone. */
  date: string;
}

export interface OverrideBody {
  cap?: number;
  mode?: "hard" | "soft";
  warnAt?: number[];
  expiresAt?: string;
  reason: string;
}

export type OverrideField = "cap" | "warnAt" | "expiresAt" | "reason";
export type OverrideFault =
  | "capMissing"
  | "amount"
  | "percents"
  | "nothing"
  | "dateMissing"
  | "datePast"
  | "reason"
  | "reasonLong";
export type Faults<Field extends string, Fault> = Partial<Record<Field, Fault>>;

const DAY_MS = 86_400_000;

/** The form as it opens: what the override says now, or a new cap for a month. */
export function overrideForm(
  own: OverrideView | null,
  limit: LimitView,
  unit: string,
  none: string,
): OverrideForm {
  const cap = own ? (own.cap ?? null) : limit.cap;
  const capKind = cap === null ? "tier" : own && cap < 0 ? "unlimited" : "amount";
  const warnings = own?.warnAt ?? null;
  return {
    capKind,
    cap: cap === null || cap < 0 ? "" : typedAmount(cap, unit),
    mode: own?.mode ?? "",
    warnAt: warnings === null ? "" : warnings.length === 0 ? none : warnings.join(", "),
    expiry: own ? "keep" : "30",
    date: "",
    reason: "",
  };
}

/** When the override will end; null for never; a fault if that is not said, or over. */
function endOf(form: OverrideForm, own: OverrideView | null, now: Date): string | null | OverrideFault {
  if (form.expiry === "never") return null;
  if (form.expiry !== "keep" && form.expiry !== "date") {
    return new Date(now.getTime() + Number(form.expiry) * DAY_MS).toISOString();
  }
  if (form.expiry === "keep" && !own?.expiresAt) return null;
  const end = new Date((form.expiry === "keep" ? own?.expiresAt : form.date) ?? "");
  if (Number.isNaN(end.getTime())) return "dateMissing";
  return end <= now ? "datePast" : end.toISOString();
}

const isFault = (end: string | null): end is "dateMissing" | "datePast" =>
  end === "dateMissing" || end === "datePast";

function capOf(form: OverrideForm, unit: string): { cap?: number } | OverrideFault {
  if (form.capKind === "tier") return {};
  if (form.capKind === "unlimited") return { cap: -1 };
  if (form.cap.trim() === "") return "capMissing";
  const cap = amountOf(form.cap, unit);
  return cap === null ? "amount" : { cap };
}

function warningsOf(form: OverrideForm, none: string): { warnAt?: number[] } | OverrideFault {
  const typed = form.warnAt.trim().toLowerCase();
  if (typed === "") return {};
  if (typed === none.toLowerCase()) return { warnAt: [] };
  const warnAt = percentsOf(typed);
  return warnAt === null ? "percents" : { warnAt };
}

export interface Around {
  own: OverrideView | null;
  unit: string;
  now: Date;
  /** The word for no warnings. */
  none: string;
}

/** The request, or what is wrong with the form. */
export function overrideBody(
  form: OverrideForm,
  { own, unit, now, none }: Around,
): { body: OverrideBody } | { faults: Faults<OverrideField, OverrideFault> } {
  const faults: Faults<OverrideField, OverrideFault> = {};
  const cap = capOf(form, unit);
  if (typeof cap === "string") faults.cap = cap;
  const warnings = warningsOf(form, none);
  if (typeof warnings === "string") faults.warnAt = warnings;
  const end = endOf(form, own, now);
  if (isFault(end)) faults.expiresAt = end;
  const reason = reasonFault(form.reason);
  if (reason) faults.reason = reason;
  const parts = {
    ...(typeof cap === "string" ? {} : cap),
    ...(form.mode === "" ? {} : { mode: form.mode }),
    ...(typeof warnings === "string" ? {} : warnings),
  };
  if (Object.keys(parts).length === 0 && !faults.cap && !faults.warnAt) faults.cap = "nothing";
  if (Object.keys(faults).length > 0) return { faults };
  const expiresAt = end === null ? {} : { expiresAt: end };
  return { body: { ...parts, ...expiresAt, reason: form.reason.trim() } };
}
