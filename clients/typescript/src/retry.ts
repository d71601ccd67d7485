// When a call is sent again, and after how long. Pure: no clock, no randomness of its own.
//
// A call is sent again only where that cannot do a thing twice: it is `safe`, or the server knows
// it again by its idempotency key (`keyed`). Whatever was `once` stays so.

import { ConnectionError, ProblemError, TimeoutError } from "./errors.js";

/** What sending a call twice would do. */
export type Repeat =
  /** Nothing: it reads, or its body says what came before. */
  | "safe"
  /** Nothing: it is sent with an idempotency key. */
  | "keyed"
  /** Perhaps the thing itself. */
  | "once";

/** How often and how long. */
export interface RetryPolicy {
  /** How often a call is sent again. */
  readonly retriesMax: number;
  /** The first pause is at most this long, the next twice as long, and so on. */
  readonly firstMs: number;
  /** No pause is longer, unless the server asks for it. */
  readonly pauseMaxMs: number;
  /** If the server asks for longer, the call fails at once. */
  readonly retryAfterMaxMs: number;
}

export const RETRY_POLICY: RetryPolicy = {
  retriesMax: 3,
  firstMs: 250,
  pauseMaxMs: 8_000,
  retryAfterMaxMs: 30_000,
};

const PASSING: ReadonlySet<number> = new Set([408, 502, 503, 504]);

/** Whether what failed like this may well work a little later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true;
  if (!(error instanceof ProblemError)) return false;
  // A limit that refused will refuse again, and a stream too many stays one too many; only the
  // rate of attempts is a matter of waiting.
  if (error.status === 429) return error.kind === "rate-limited";
  return PASSING.has(error.status);
}

/** A pause before the attempt after `failures` failures: anything up to twice the last bound. */
export function backoffMs(policy: RetryPolicy, failures: number, random: number): number {
  const bound = Math.min(policy.pauseMaxMs, policy.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(bound * random);
}

/** How long to wait before sending again what failed `failures` times; undefined: give up. */
export function retryInMs(
  policy: RetryPolicy,
  repeat: Repeat,
  failures: number,
  error: unknown,
  random: number,
): number | undefined {
  if (repeat === "once" || failures > policy.retriesMax || !isPassing(error)) return undefined;
  const pause = backoffMs(policy, failures, random);
  const asked = error instanceof ProblemError ? error.retryAfterMs : undefined;
  if (asked === undefined) return pause;
  // All who were told the same time would come back at once, hence the pause on top.
  return asked > policy.retryAfterMaxMs ? undefined : asked + pause;
}
