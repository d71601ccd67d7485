import { expect, test } from "vitest";
import type { LimitStanding, ResourceLimits } from "../../api/shapes";
import { daysOf } from "./amounts";
import { inOrder, isNotIncluded, standingOf } from "./standing";

const limit = (over: Partial<LimitStanding>): LimitStanding => ({
  name: "day",
  window: "day",
  cap: 100,
  used: 0,
  held: 0,
  remaining: 100,
  percentage: 0,
  mode: "hard",
  warnAt: [80, 100],
  resetsAt: null,
  source: "tier",
  overrideExpiresAt: null,
  ...over,
});
const resource = (...limits: LimitStanding[]): ResourceLimits => ({
  resourceType: "llm_tokens",
  unit: "tokens",
  isLevel: false,
  used: 0,
  held: 0,
  limits,
});

test("of several limits the nearest to its end is shown, bounded ones before unlimited ones", () => {
  const standing = standingOf(
    resource(
      limit({ name: "free", cap: -1, used: 9 }),
      limit({ name: "day", used: 10 }),
      limit({ name: "hour", used: 90 }),
    ),
  );
  expect(standing.tightest?.name).toBe("hour");
  expect(standing.others.map((one) => one.name)).toEqual(["day", "free"]);
  expect(standing.level).toBe("warning");
});

test("nothing limits: no percentage, no level", () => {
  expect(standingOf(resource())).toEqual({ tightest: null, others: [], percent: null, level: "none" });
  expect(standingOf(resource(limit({ cap: -1 }))).level).toBe("none");
});

test("a cap of nothing is no alarm until something is used", () => {
  expect(isNotIncluded(limit({ cap: 0 }))).toBe(true);
  expect(isNotIncluded(limit({ cap: 0, used: 1 }))).toBe(false);
  expect(standingOf(resource(limit({ cap: 0, used: 1 }))).level).toBe("exceeded");
});

test("days are ascending, and a day without use is zero", () => {
  const history = [{ date: "2026-11-30", llm_tokens: 5 }, { date: "2026-11-29" }];
  expect(daysOf(history, "llm_tokens")).toEqual([
    { date: "2026-11-29", amount: 0 },
    { date: "2026-11-30", amount: 5 },
  ]);
});

test("what people look for first comes first, then the operator's by name", () => {
  const named = ["zebra", "messages", "apples", "llm_tokens"].map((resourceType) => ({
    ...resource(),
    resourceType,
  }));
  expect(inOrder(named).map((one) => one.resourceType)).toEqual([
    "llm_tokens",
    "messages",
    "apples",
    "zebra",
  ]);
});
