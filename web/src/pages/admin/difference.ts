// What has changed between two states of the audit log.
// Invariant: a member that is absent, null, or the same on both sides is not told.

export interface Change {
  /** From the outside in, such as `limits`, `llm_tokens`, `day`, `cap`. */
  path: readonly string[];
  /** Null if it was not there. */
  before: unknown;
  /** Null if it is gone. */
  after: unknown;
}

type Members = Record<string, unknown>;

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list of named things as an object by name; other values as they are. */
function keyed(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value;
  if (!value.every((one) => isObject(one) && typeof one.name === "string")) return value;
  return Object.fromEntries(
    (value as Members[]).map(({ name, ...members }) => [String(name), members] as const),
  );
}

const same = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

function compare(before: unknown, after: unknown, path: readonly string[], found: Change[]): void {
  const [left, right] = [keyed(before) ?? null, keyed(after) ?? null];
  if (!isObject(left) && !isObject(right)) {
    if (!same(left, right)) found.push({ path, before: left, after: right });
    return;
  }
  const [old, next] = [isObject(left) ? left : {}, isObject(right) ? right : {}];
  for (const name of new Set([...Object.keys(old), ...Object.keys(next)])) {
    compare(old[name], next[name], [...path, name], found);
  }
}

/** Only what differs, in the order of the states. */
export function changesOf(before: unknown, after: unknown): Change[] {
  const found: Change[] = [];
  compare(before, after, [], found);
  return found;
}

/** The limit that an override's state is about, which its changes then need not repeat. */
export function aboutOf(before: unknown, after: unknown): { resource: string; limit: string | null } | null {
  const state = isObject(after) ? after : before;
  if (!isObject(state) || typeof state.resource !== "string") return null;
  return { resource: state.resource, limit: typeof state.limit === "string" ? state.limit : null };
}

/** Whom or what a name of the audit log means: `user:<id>`, `key:<key>[:<user>]`, `tier:<name>`, or a word. */
export function named(name: string): { kind: string; id: string; user: string | null } {
  const [kind = "", id = "", owner] = name.split(":");
  const user = kind === "user" ? id : kind === "key" ? (owner ?? null) : null;
  return { kind, id, user: user === "" ? null : user };
}
