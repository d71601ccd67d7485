// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lease } from "./lease";

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A tab that takes part. */
function tab() {
  const stop = new AbortController();
  const seen = { leads: false, stop: () => stop.abort() };
  lease("x", stop.signal, (until) => {
    seen.leads = true;
    until.addEventListener("abort", () => {
      seen.leads = false;
    });
  });
  return seen;
}

test("one of several leads, and another one when it goes", () => {
  const [first, second] = [tab(), tab()];
  vi.advanceTimersByTime(1_000);
  expect([first.leads, second.leads]).toEqual([true, false]);
  vi.advanceTimersByTime(60_000);
  expect([first.leads, second.leads]).toEqual([true, false]);
  first.stop();
  vi.advanceTimersByTime(3_500);
  expect([first.leads, second.leads]).toEqual([false, true]);
});

test("a tab that does not renew is succeeded, and steps back when it wakes", () => {
  const first = tab();
  vi.advanceTimersByTime(1_000);
  // Another tab found the lease of this sleeping one run out.
  localStorage.setItem("x", JSON.stringify({ id: "other", until: Date.now() + 60_000 }));
  vi.advanceTimersByTime(2_000);
  expect(first.leads).toBe(false);
  vi.advanceTimersByTime(62_000);
  expect(first.leads).toBe(true);
});

test("what is no lease counts as none", () => {
  localStorage.setItem("x", "{broken");
  const only = tab();
  vi.advanceTimersByTime(1_000);
  expect(only.leads).toBe(true);
});
