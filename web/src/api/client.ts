// The typed client of the API: every call carries the session's token, and every answer that is not the
// asked one is a ProblemError.
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "../../../clients/typescript/src/schema";
import { ProblemError, problemOf } from "../app/problem";
import { accessToken, refuseToken } from "../app/session";

const HEADER = "authorization";

async function signed(request: Request): Promise<Request> {
  const token = await accessToken();
  if (token !== null) request.headers.set(HEADER, `Bearer ${token}`);
  return request;
}

/** The answer to a call that the page made before its code was read; null if there is none, or no good one. */
async function early(request: Request): Promise<Response | null> {
  const { pathname, search } = new URL(request.url);
  const asked = window.novacoreEarly?.[pathname + search];
  if (!asked || request.method !== "GET" || request.headers.has("novacore-user")) return null;
  delete window.novacoreEarly?.[pathname + search];
  const answer = await asked;
  return answer?.ok ? answer : null;
}

/** A token that was revoked before its end is renewed once; then it is the caller's to see. */
async function send(request: Request): Promise<Response> {
  const ready = await early(request);
  if (ready) return ready;
  const again = request.clone();
  const answer = await fetch(request);
  const shown = request.headers.get(HEADER);
  if (answer.status !== 401 || shown === null) return answer;
  refuseToken(shown.slice("Bearer ".length));
  const token = await accessToken();
  if (token === null) return answer;
  again.headers.set(HEADER, `Bearer ${token}`);
  return fetch(again);
}

const middleware: Middleware = {
  onRequest: ({ request }) => signed(request),
  onResponse: async ({ response }) => {
    if (!response.ok) throw await problemOf(response);
  },
  onError: ({ error }) => (error instanceof ProblemError ? error : new ProblemError(0, null, null)),
};

/** Paths, parameters, bodies and answers as the API describes them. */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: send });
api.use(middleware);

/** The body of an answer that came; a call that did not come throws before. */
export async function read<Body>(call: Promise<{ data?: Body | undefined }>): Promise<Body> {
  const { data } = await call;
  if (data === undefined) throw new ProblemError(0, null, null);
  return data;
}
