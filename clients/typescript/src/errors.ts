// Everything that a call can throw, apart from the reason of the caller's own AbortSignal and what
// his token function throws.

import type { components } from "./schema.js";

/** The body of a problem as the server describes it: RFC 9457 and NovaCore's extensions. */
export type Problem = components["schemas"]["Problem"];

/** What the types of problems begin with. */
const URN = "urn:novacore:problem:";

/** What all errors of this package are. */
export class NovaCoreError extends Error {
  override name = "NovaCoreError";
}

/** No answer: the connection could not be made, or broke. The reason is `cause`. */
export class ConnectionError extends NovaCoreError {
  override name = "ConnectionError";
}

/** No answer within `timeoutMs`. */
export class TimeoutError extends NovaCoreError {
  override name = "TimeoutError";
}

/** An answer that is not NovaCore's: a redirect, or something that is not what the call answers. */
export class AnswerError extends NovaCoreError {
  override name = "AnswerError";
  /** The HTTP status; 0 if the browser hides it. */
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The server answered with a problem. Members of the problem are members here. */
export class ProblemError extends NovaCoreError {
  override name = "ProblemError";
  /** A stable URI, such as `urn:novacore:problem:quota-exceeded`; `about:blank` if none was sent. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What is wrong this time; safe to show. */
  readonly detail: string;
  /** RFC 9457: the URI of this occurrence, if one was sent. */
  readonly instance: string | undefined;
  /** All members that the server sent, also those that this version does not know. */
  readonly problem: Readonly<Partial<Problem> & Record<string, unknown>>;
  /** Say it when you report the problem. */
  readonly requestId: string | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    members: Record<string, unknown>,
    more: { requestId?: string | undefined; retryAfterMs?: number | undefined } = {},
  ) {
    const title = text(members.title) ?? `HTTP ${status}`;
    const detail = text(members.detail) ?? title;
    super(detail);
    this.type = text(members.type) ?? "about:blank";
    this.title = title;
    this.status = status;
    this.detail = detail;
    this.instance = text(members.instance);
    this.problem = members;
    this.requestId = more.requestId;
    this.retryAfterMs = more.retryAfterMs;
  }

  /** The last part of `type`: `quota-exceeded`; undefined if the problem is not NovaCore's. */
  get kind(): string | undefined {
    return this.type.startsWith(URN) ? this.type.slice(URN.length) : undefined;
  }

  /** 422: the field, parameter or header that is invalid. */
  get field(): string | undefined {
    return text(this.problem.field);
  }

  /** Whether this is a refusal by a limit, so that the members of `QuotaError` are there. */
  isQuotaExceeded(): this is QuotaError {
    return this.kind === "quota-exceeded";
  }
}

/** A refusal by a limit: 429 with its numbers. */
export type QuotaError = ProblemError & {
  readonly problem: Readonly<
    Problem & {
      resource_type: string;
      limit_name: string;
      limit: number;
      used: number;
      held: number;
      requested: number;
      remaining: number;
      resets_at: string | null;
      upgrade_to: string | null;
    }
  >;
};

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The problem in an answer; one made of the status if the body has none. */
export async function problemOf(response: Response): Promise<ProblemError> {
  let members: Record<string, unknown> = {};
  // The media type alone decides: a page of a proxy is nothing to show.
  if (/^application\/(problem\+)?json\b/i.test(response.headers.get("content-type") ?? "")) {
    try {
      const body: unknown = JSON.parse(await response.text());
      if (typeof body === "object" && body !== null && !Array.isArray(body)) {
        members = body as Record<string, unknown>;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  } else {
    await response.body?.cancel();
  }
  return new ProblemError(response.status, members, {
    requestId: response.headers.get("x-request-id") ?? undefined,
    retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
  });
}

/** `Retry-After` in milliseconds: seconds or an HTTP date; undefined if it is neither. */
export function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  const trimmed = value.trim();
  if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed) * 1000;
  // An HTTP date begins with a day's name; Date.parse alone would take almost anything.
  if (!/^[A-Z][a-z]{2,8},? /.test(trimmed)) return undefined;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
