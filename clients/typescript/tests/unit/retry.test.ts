import { describe, expect, it } from "vitest";
import { AnswerError, ConnectionError, ProblemError, TimeoutError } from "../../src/errors.js";
import { backoffMs, RETRY_POLICY, type Repeat, retryInMs } from "../../src/retry.js";

function told(status: number, kind: string, retryAfterMs?: number): ProblemError {
  return new ProblemError(status, { type: `urn:novacore:problem:${kind}` }, { retryAfterMs });
}

/** With the random number 1 after the first failure, the pause is 250 ms. */
function decided(repeat: Repeat, error: unknown, failures = 1): number | undefined {
  return retryInMs(RETRY_POLICY, repeat, failures, error, 1);
}

describe("when a call is sent again", () => {
  const rows: [string, unknown, number | undefined][] = [
    ["network", new ConnectionError("x"), 250],
    ["time limit", new TimeoutError("x"), 250],
    ["503 overloaded", told(503, "overloaded"), 250],
    ["503 with Retry-After", told(503, "unavailable", 1000), 1250],
    ["503 that asks for too much", told(503, "unavailable", 31_000), undefined],
    ["503 of a proxy", new ProblemError(503, {}), 250],
    ["502 of a proxy", new ProblemError(502, {}), 250],
    ["504 upstream-timeout", told(504, "upstream-timeout"), 250],
    ["408 request-timeout", told(408, "request-timeout"), 250],
    ["429 quota-exceeded", told(429, "quota-exceeded", 1000), undefined],
    ["429 too-many-reservations", told(429, "too-many-reservations"), undefined],
    ["429 too-many-streams", told(429, "too-many-streams"), undefined],
    ["429 of somebody else", new ProblemError(429, {}, { retryAfterMs: 1000 }), undefined],
    ["429 rate-limited", told(429, "rate-limited", 1000), 1250],
    ["400 malformed-body", told(400, "malformed-body"), undefined],
    ["401 credential-invalid", told(401, "credential-invalid"), undefined],
    ["403 forbidden", told(403, "forbidden"), undefined],
    ["404 not-found", told(404, "not-found"), undefined],
    ["409 conflict", told(409, "conflict"), undefined],
    ["422 invalid-field", told(422, "invalid-field"), undefined],
    ["500 internal", told(500, "internal"), undefined],
    ["no answer of ours", new AnswerError("x", 200), undefined],
    ["a defect", new TypeError("x"), undefined],
  ];

  it.each(rows)("%s", (_, error, want) => {
    expect(decided("safe", error)).toBe(want);
    expect(decided("keyed", error)).toBe(want);
    expect(decided("once", error)).toBeUndefined();
  });

  it("gives up after as many retries as the policy has", () => {
    const waits = [1, 2, 3, 4].map((n) => decided("safe", new ConnectionError("x"), n));
    expect(waits).toEqual([250, 500, 1000, undefined]);
  });

  it("doubles the bound of the pause up to its most", () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 1000].map((n) => backoffMs(RETRY_POLICY, n, 1));
    expect(bounds).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(backoffMs(RETRY_POLICY, 3, 0)).toBe(0);
    expect(backoffMs(RETRY_POLICY, 3, 0.5)).toBe(500);
  });
});
