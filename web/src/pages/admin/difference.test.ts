import { describe, expect, it } from "vitest";
import { aboutOf, changesOf, named } from "./difference";

const limit = (cap: number, more = {}) => ({ name: "day", cap, window: "day", mode: "hard", ...more });

describe("changesOf", () => {
  it("tells only what differs", () => {
    expect(changesOf({ tier: "basic", rank: 1 }, { tier: "pro", rank: 1 })).toEqual([
      { path: ["tier"], before: "basic", after: "pro" },
    ]);
    expect(changesOf({ tier: "basic" }, { tier: "basic" })).toEqual([]);
  });

  it("takes absent and null as the same", () => {
    expect(changesOf(null, { cap: 5, mode: null })).toEqual([{ path: ["cap"], before: null, after: 5 }]);
    expect(changesOf({ cap: 5 }, null)).toEqual([{ path: ["cap"], before: 5, after: null }]);
    expect(changesOf(null, null)).toEqual([]);
  });

  it("follows limits by their names, not by their places", () => {
    const before = { limits: { llm_tokens: [limit(1), { ...limit(9), name: "month" }] } };
    const after = { limits: { llm_tokens: [{ ...limit(9), name: "month" }, limit(2)] } };
    expect(changesOf(before, after)).toEqual([
      { path: ["limits", "llm_tokens", "day", "cap"], before: 1, after: 2 },
    ]);
  });

  it("tells limits that come and go", () => {
    const gone = changesOf({ limits: { messages: [limit(1)] } }, { limits: { messages: [] } });
    expect(gone).toContainEqual({ path: ["limits", "messages", "day", "cap"], before: 1, after: null });
    const come = changesOf({ limits: {} }, { limits: { messages: [limit(1)] } });
    expect(come).toContainEqual({ path: ["limits", "messages", "day", "cap"], before: null, after: 1 });
  });

  it("compares lists of numbers as one value", () => {
    expect(changesOf({ warnAt: [80, 100] }, { warnAt: [50, 100] })).toEqual([
      { path: ["warnAt"], before: [80, 100], after: [50, 100] },
    ]);
  });
});

it("knows which limit an override is about", () => {
  expect(aboutOf(null, { resource: "messages", limit: null })).toEqual({ resource: "messages", limit: null });
  expect(aboutOf({ resource: "messages", limit: "day" }, null)?.limit).toBe("day");
  expect(aboutOf({ tier: "pro" }, { tier: "basic" })).toBeNull();
});

it.each([
  ["user:1", { kind: "user", id: "1", user: "1" }],
  ["key:k:2", { kind: "key", id: "k", user: "2" }],
  ["key:k", { kind: "key", id: "k", user: null }],
  ["tier:pro", { kind: "tier", id: "pro", user: null }],
  ["console", { kind: "console", id: "", user: null }],
])("takes %s apart", (name, parts) => {
  expect(named(name)).toEqual(parts);
});
