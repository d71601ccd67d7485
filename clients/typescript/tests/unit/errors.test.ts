import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProblemError, problemOf, retryAfterMs } from "../../src/errors.js";
import { json, problem } from "./fakes.js";

describe("problems", () => {
  it("has the members of RFC 9457 and all others that were sent", async () => {
    const numbers = {
      resource_type: "llm_tokens",
      limit_name: "day",
      limit: 1000,
      used: 800,
      held: 0,
      requested: 300,
      remaining: 200,
      resets_at: "2026-11-25T00:00:00Z",
      upgrade_to: "basic",
      of_a_later_version: { a: 1 },
    };
    const headers = { "retry-after": "50", "x-request-id": "r-1" };
    const error = await problemOf(problem(429, "quota-exceeded", headers, numbers));
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({
      type: "urn:novacore:problem:quota-exceeded",
      kind: "quota-exceeded",
      title: "quota-exceeded",
      status: 429,
      detail: "quota-exceeded",
      instance: undefined,
      requestId: "r-1",
      retryAfterMs: 50_000,
      problem: numbers,
    });
    if (!error.isQuotaExceeded()) throw new Error("it is a refusal by a limit");
    // Typed: numbers, not `number | null | undefined`.
    const left: number = error.problem.remaining;
    expect(left).toBe(200);
  });

  it("names the field of a 422", async () => {
    const error = await problemOf(problem(422, "invalid-field", {}, { field: "days" }));
    expect(error.field).toBe("days");
    expect(error.isQuotaExceeded()).toBe(false);
  });

  it.each([
    ["a page of a proxy", new Response("<h1>Bad gateway</h1>", { status: 502 })],
    ["JSON that is broken", new Response("{", { status: 502, headers: JSON_TYPE() })],
    ["JSON that is no object", json(["a"], 502)],
    ["null", json(null, 502)],
    ["members of other types", json({ type: 1, title: {}, detail: [] }, 502)],
    ["nothing", new Response(null, { status: 502 })],
  ])("is made of the status: %s", async (_, response) => {
    const error = await problemOf(response);
    expect(error).toMatchObject({ type: "about:blank", title: "HTTP 502", status: 502 });
    expect(error.message).toBe("HTTP 502");
    expect(error.kind).toBeUndefined();
    expect(Array.isArray(error.problem)).toBe(false);
  });
});

function JSON_TYPE() {
  return { "content-type": "application/json" };
}

describe("Retry-After", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 24, 8, 0, 0) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    [null, undefined],
    ["0", 0],
    [" 7 ", 7000],
    ["-1", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["9999999999", undefined],
    ["soon", undefined],
    ["2026", 2_026_000],
    ["Tue, 24 Nov 2026 08:00:10 GMT", 10_000],
    ["Tue, 24 Nov 2026 07:00:00 GMT", 0],
    ["Tue, 99 Nov 2026 07:00:00 GMT", undefined],
  ])("%s", (value, want) => {
    expect(retryAfterMs(value)).toBe(want);
  });
});
