// A fetch that answers from a script, and chance without luck.

import { type Chance, Http } from "../../src/http.js";
import type { ClientOptions } from "../../src/options.js";

export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  readonly redirect: RequestRedirect | undefined;
}

/** What is answered: a response, an error to throw, or nothing until the request is aborted. */
export type Scripted = Response | Error | "silence";

/** A fetch that takes its answers from `script`, in order, and keeps what it was sent. */
export function fakeFetch(script: Scripted[]) {
  const sent: Sent[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const signal = init?.signal as AbortSignal;
    sent.push({
      url: String(input),
      method: init?.method ?? "GET",
      headers: new Headers(init?.headers),
      body: init?.body as string | undefined,
      signal,
      redirect: init?.redirect,
    });
    const next = script.shift();
    if (next === undefined) throw new Error("the script is at its end");
    if (next === "silence") {
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    }
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  return { fetch, sent };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

export function problem(
  status: number,
  kind: string,
  headers: Record<string, string> = {},
  more: Record<string, unknown> = {},
): Response {
  const members = { type: `urn:novacore:problem:${kind}`, title: kind, status, detail: kind };
  return json({ ...members, ...more }, status, {
    "content-type": "application/problem+json",
    ...headers,
  });
}

/** Random numbers that are always a half, and ids that count. */
export function chance(): Chance {
  let count = 0;
  return {
    random: () => 0.5,
    uuid: () => {
      count += 1;
      return `key-${count}`;
    },
  };
}

/** A connection over a script. */
export function scripted(script: Scripted[], options: ClientOptions = {}) {
  const { fetch, sent } = fakeFetch(script);
  const all = { baseUrl: "https://nova.example/", token: "t0", fetch, ...options };
  return { http: new Http(all, chance()), sent, options: all };
}
