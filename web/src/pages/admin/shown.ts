// Values of limits and of the audit log in words.
import type { LimitView } from "../../api/shapes";
import { format } from "../../lib/format";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import type { ShownChange } from "./Changes";
import { unitIn } from "./data";
import { aboutOf, type Change, changesOf } from "./difference";
import type { Resource } from "./tierForm";

const words = adminText;

export function capText(cap: number, unit: string): string {
  return cap < 0 ? text.common.unlimited : format.amount(cap, unit).trim();
}

export function capExact(cap: number, unit: string): string {
  return cap < 0 ? text.common.unlimited : format.exact(cap, unit).trim();
}

export const modeText = (mode: string) => words.mode[mode] ?? mode;

export function warningsText(warnAt: readonly number[]): string {
  return warnAt.length === 0 ? words.warnNone : warnAt.map((percent) => format.percent(percent)).join(", ");
}

type Limit = Omit<LimitView, "name">;

function isLimit(value: unknown): value is Limit {
  return typeof value === "object" && value !== null && "cap" in value && "window" in value;
}

/** `50,000 tokens per day, refused, 80%, 100%`. */
function limitText(limit: Limit, unit: string): string {
  const cap = capText(limit.cap, unit);
  if (limit.cap < 0) return cap;
  return words.limitSummary(
    `${cap} ${text.common.per(limit.window)}`,
    modeText(limit.mode),
    limit.warnAt.length === 0 ? "" : warningsText(limit.warnAt),
  );
}

function valueText(member: string, value: unknown, unit: string): string | null {
  if (value === null || value === undefined) return null;
  if (member === "cap" && typeof value === "number") return capText(value, unit);
  if (member === "mode" && typeof value === "string") return modeText(value);
  if (member === "expiresAt" && typeof value === "string") return format.dateTime(value);
  if (member === "tier" && typeof value === "string") return text.common.tier(value);
  if (member === "role" && typeof value === "string") return text.common.roles[value] ?? value;
  if (member === "warnAt" && Array.isArray(value)) return warningsText(value as number[]);
  if (isLimit(value)) return limitText(value, unit);
  if (typeof value === "boolean") return value ? text.common.yes : text.common.no;
  if (typeof value === "number") return format.whole(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The resource of a change: named in its path (a tier's limits), or by the state that it is in. */
function resourceOf(change: Change, about: string | null): string | null {
  const at = change.path.indexOf("limits");
  return at >= 0 ? (change.path[at + 1] ?? null) : about;
}

function pathText(path: readonly string[]): string {
  const shown = path[0] === "limits" ? path.slice(1) : path;
  return shown
    .map((name, index) =>
      path[0] === "limits" && index === 0 ? text.common.resource(name) : (words.audit.members[name] ?? name),
    )
    .join(" · ");
}

/** What differs between two states, in words; without what only says which limit they are about. */
export function shownChanges(
  before: unknown,
  after: unknown,
  resources: readonly Resource[],
): { about: string | null; changes: ShownChange[] } {
  const about = aboutOf(before, after);
  const isTold = (change: Change) => about === null || !["resource", "limit"].includes(change.path.join("."));
  const changes = changesOf(before, after)
    .filter(isTold)
    .map((change) => {
      const unit = unitIn(resources, resourceOf(change, about?.resource ?? null) ?? "");
      const member = change.path.at(-1) ?? "";
      return {
        key: change.path.join("."),
        name: pathText(change.path),
        before: valueText(member, change.before, unit),
        after: valueText(member, change.after, unit),
      };
    });
  if (about === null) return { about: null, changes };
  const resource = text.common.resource(about.resource);
  return { about: about.limit === null ? resource : `${resource} · ${about.limit}`, changes };
}
