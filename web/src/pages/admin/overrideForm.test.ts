import { describe, expect, it } from "vitest";
import type { LimitView, OverrideView } from "../../api/shapes";
import { overrideBody, overrideForm } from "./overrideForm";

const now = new Date("2026-11-30T12:00:00Z");
const limit: LimitView = { name: "day", cap: 50_000, window: "day", mode: "hard", warnAt: [80, 100] };
const own: OverrideView = {
  userId: "u",
  resourceType: "llm_tokens",
  limit: "day",
  cap: -1,
  mode: null,
  warnAt: [],
  expiresAt: "2026-12-24T00:00:00Z",
  inForce: true,
  reason: "an event",
  author: "console",
};
const around = { own: null, unit: "tokens", now, none: "none" };
const filled = { ...overrideForm(null, limit, "tokens", "none"), reason: " event " };

describe("overrideForm", () => {
  it("opens with the tier's cap for a month, and with what an override says", () => {
    expect(overrideForm(null, limit, "tokens", "none")).toMatchObject({
      capKind: "amount",
      cap: "50000",
      expiry: "30",
    });
    expect(overrideForm(own, limit, "tokens", "none")).toMatchObject({
      capKind: "unlimited",
      warnAt: "none",
      expiry: "keep",
      reason: "",
    });
  });
});

describe("overrideBody", () => {
  it("leaves out what stays the tier's", () => {
    expect(overrideBody({ ...filled, cap: "80k" }, around)).toEqual({
      body: { cap: 80_000, expiresAt: "2026-12-30T12:00:00.000Z", reason: "event" },
    });
    expect(overrideBody({ ...filled, capKind: "tier", mode: "soft", expiry: "never" }, around)).toEqual({
      body: { mode: "soft", reason: "event" },
    });
  });

  it("tells no warnings from those of the tier", () => {
    expect(overrideBody({ ...filled, warnAt: "None" }, around)).toMatchObject({ body: { warnAt: [] } });
    expect(overrideBody({ ...filled, warnAt: "100,50" }, around)).toMatchObject({
      body: { warnAt: [50, 100] },
    });
  });

  it("keeps the end of what is edited", () => {
    const form = { ...overrideForm(own, limit, "tokens", "none"), reason: "r" };
    expect(overrideBody(form, { ...around, own })).toEqual({
      body: { cap: -1, warnAt: [], expiresAt: "2026-12-24T00:00:00.000Z", reason: "r" },
    });
    const past = { ...own, expiresAt: "2026-11-01T00:00:00Z" };
    expect(overrideBody(form, { ...around, own: past })).toEqual({ faults: { expiresAt: "datePast" } });
  });

  it.each([
    [{ cap: "" }, { cap: "capMissing" }],
    [{ cap: "lots" }, { cap: "amount" }],
    [{ capKind: "tier" }, { cap: "nothing" }],
    [{ warnAt: "0" }, { warnAt: "percents" }],
    [{ expiry: "date", date: "" }, { expiresAt: "dateMissing" }],
    [{ expiry: "date", date: "2026-11-30T00:00Z" }, { expiresAt: "datePast" }],
    [{ reason: "  " }, { reason: "reason" }],
    [{ reason: "r".repeat(501) }, { reason: "reasonLong" }],
  ] as const)("refuses %o", (part, faults) => {
    expect(overrideBody({ ...filled, ...part }, around)).toEqual({ faults });
  });
});
