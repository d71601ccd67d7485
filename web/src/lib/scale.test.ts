import { expect, test } from "vitest";
import { scale } from "./scale";

test.each([
  [0, false, [0, 1]],
  [1, false, [0, 1]],
  [3, false, [0, 1, 2, 3]],
  [950, false, [0, 500, 1000]],
  [50_000, false, [0, 20_000, 40_000, 60_000]],
  [1024 ** 3, true, [0, 256 * 1024 ** 2, 512 * 1024 ** 2, 768 * 1024 ** 2, 1024 ** 3]],
])("an axis up to %d has round ticks", (most, isBytes, ticks) => {
  expect(scale(most, isBytes).ticks).toEqual(ticks);
});

test("no amount lies above its axis", () => {
  for (let most = 1; most < 1e15; most = Math.ceil(most * 1.37)) {
    for (const isBytes of [false, true]) {
      const { top, ticks } = scale(most, isBytes);
      expect(top).toBeGreaterThanOrEqual(most);
      expect(ticks.length).toBeLessThanOrEqual(7);
    }
  }
});
