// What went wrong, as the API says it (RFC 9457), or that nothing answered.
import type { Problem } from "../api/shapes";

/** An answer that is not the asked one. */
export class ProblemError extends Error {
  readonly status: number;
  /** The last part of the problem's type, such as `quota-exceeded`; empty if nothing answered. */
  readonly kind: string;
  readonly problem: Problem | null;
  /** Names the request in the server's log. */
  readonly requestId: string | null;

  constructor(status: number, problem: Problem | null, requestId: string | null) {
    super(problem?.detail ?? problem?.title ?? (status === 0 ? "no answer" : `status ${status}`));
    this.name = "ProblemError";
    this.status = status;
    this.problem = problem;
    this.kind = problem?.type?.split(":").pop() ?? "";
    this.requestId = requestId;
  }

  /** Nothing answered: the network is gone, or the server. */
  get isOffline(): boolean {
    return this.status === 0;
  }

  /** Whether the same request may work a moment later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  /** The field that the problem is about, if it names one. */
  get field(): string | null {
    const named = (this.problem as { field?: unknown } | null)?.field;
    return typeof named === "string" ? named : null;
  }
}

/** The problem of an answer; a body that is none counts as no body. */
export async function problemOf(answer: Response): Promise<ProblemError> {
  const problem = await answer
    .clone()
    .json()
    .then((body: unknown) => (typeof body === "object" && body !== null ? (body as Problem) : null))
    .catch(() => null);
  return new ProblemError(answer.status, problem, answer.headers.get("x-request-id"));
}

/** Anything that was thrown, as a problem. */
export function asProblem(thrown: unknown): ProblemError {
  return thrown instanceof ProblemError ? thrown : new ProblemError(0, null, null);
}
