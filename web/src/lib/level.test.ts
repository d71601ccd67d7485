import { expect, test } from "vitest";
import { levelOf, percentOf, worst } from "./level";

test.each([
  [0, "ok"],
  [79.9, "ok"],
  [80, "warning"],
  [99.9, "warning"],
  [100, "exceeded"],
  [250, "exceeded"],
  [null, "none"],
] as const)("%s per cent is %s", (percent, level) => {
  expect(levelOf(percent)).toBe(level);
});

test.each([
  [999, 1000, 99.9],
  [9_999, 10_000, 99.9],
  [1000, 1000, 100],
  [2500, 1000, 250],
  [5, -1, null],
  [0, 0, 0],
  [1, 0, 100],
])("%d of %d is %s per cent, never rounded up", (used, cap, percent) => {
  expect(percentOf(used, cap)).toBe(percent);
});

test("the worst level is found whatever the order", () => {
  expect(worst(["ok", "exceeded", "warning"])).toBe("exceeded");
  expect(worst([])).toBe("none");
});
