import { expect, test } from "vitest";
import { formats } from "./format";

const english = formats("en-GB", "Europe/Berlin");

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [1024, "1.00 KB"],
  [6_748, "6.59 KB"],
  [500 * 1024 ** 2, "500.00 MB"],
  [1024 ** 3, "1.00 GB"],
  [2 ** 53 - 1, "8.00 PB"],
  [-2048, "-2.00 KB"],
])("%d bytes are %s", (bytes, text) => {
  expect(english.bytes(bytes)).toBe(text);
});

test("large amounts are short on a card and whole on hover", () => {
  expect(english.amount(12_345, "tokens")).toBe("12,345 tokens");
  expect(formats("en-US").amount(1_234_567, "tokens")).toBe("1.2M tokens");
  expect(english.exact(1_234_567, "tokens")).toBe("1,234,567 tokens");
  expect(english.amount(1, "messages")).toBe("1 message");
  expect(english.exact(-1, "tokens")).toBe("-1 token");
  expect(english.exact(6_748, "bytes")).toBe("6.59 KB (6,748 bytes)");
  expect(formats("de-DE").amount(12_345, "tokens")).toBe("12.345 tokens");
});

test("ticks of an axis have no idle digits", () => {
  expect(english.tickBytes(256 * 1024 ** 2)).toBe("256 MB");
  expect(english.tickBytes(1.5 * 1024 ** 3)).toBe("1.5 GB");
});

test("times are in the reader's zone, days of reports are not shifted", () => {
  expect(english.dateTime("2026-11-30T23:30:00Z")).toBe("1 Dec 2026, 00:30");
  expect(english.day("2026-11-30")).toBe("30 Nov");
  expect(english.zone).toBe("Europe/Berlin");
});

test.each([
  ["2026-11-30T12:00:30Z", "in 30 seconds"],
  ["2026-11-30T12:59:59Z", "in 59 minutes"],
  ["2026-11-30T17:00:00Z", "in 5 hours"],
  ["2026-12-02T12:00:00Z", "in 2 days"],
  ["2026-11-30T11:58:00Z", "2 minutes ago"],
])("%s seen from noon is %s", (time, text) => {
  expect(english.relative(time, new Date("2026-11-30T12:00:00Z"))).toBe(text);
});
