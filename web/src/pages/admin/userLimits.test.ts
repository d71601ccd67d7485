import { expect, it } from "vitest";
import type { LimitView, OverrideView, TierView } from "../../api/shapes";
import { effective, limitRows, targetOf, withOverride, without } from "./userLimits";

const limit = (name: LimitView["window"], cap: number): LimitView => ({
  name,
  cap,
  window: name,
  mode: "hard",
  warnAt: [80, 100],
});
const tier: TierView = {
  name: "basic",
  rank: 1,
  limits: { llm_tokens: [limit("day", 50), limit("month", 900)] },
};

function own(part: Partial<OverrideView>): OverrideView {
  const base = { userId: "u", resourceType: "llm_tokens", limit: null, cap: 80, mode: null, warnAt: null };
  return { ...base, expiresAt: null, inForce: true, reason: "r", author: "console", ...part };
}

it("gives an override without a name to the first limit alone", () => {
  const { rows, orphans } = limitRows(tier, [own({})], null);
  expect(rows.map((row) => row.own?.cap ?? null)).toEqual([80, null]);
  expect(orphans).toEqual([]);
  expect(rows.map(targetOf)).toEqual([null, "month"]);
});

it("prefers what is in force to what has run out", () => {
  const over = own({ limit: "day", cap: 1, inForce: false });
  expect(limitRows(tier, [over, own({ cap: 2 })], null).rows[0]?.own?.cap).toBe(2);
  expect(limitRows(tier, [over], null).rows[0]?.own?.cap).toBe(1);
});

it("lists overrides that the tier has no limit for", () => {
  const lost = [own({ limit: "hour" }), own({ resourceType: "messages" })];
  expect(limitRows(tier, lost, null).orphans).toEqual(lost);
});

it("replaces the parts that an override has, while it is in force", () => {
  const day = limit("day", 50);
  expect(effective(day, own({ cap: null, mode: "soft", warnAt: [] }))).toEqual({
    ...day,
    mode: "soft",
    warnAt: [],
  });
  expect(effective(day, own({ inForce: false }))).toEqual(day);
  expect(effective(day, null)).toEqual(day);
});

it("sets and removes one override among others", () => {
  const others = [own({ limit: "day" }), own({ resourceType: "messages" })];
  const next = own({ limit: "day", cap: 99 });
  expect(withOverride(others, next)).toEqual([others[1], next]);
  expect(without(others, "llm_tokens", "day")).toEqual([others[1]]);
  expect(without(others, "llm_tokens", null)).toEqual(others);
});
