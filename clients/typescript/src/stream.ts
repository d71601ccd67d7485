// The caller's usage as it happens: a stream that mends itself.
//
// Invariant: every entry after the place where the stream began is handed out once, in order, over
// any number of connections. The place is the id of the last event handed out; where none was given
// it is asked for before the first connection, else what happens between two connections would be
// lost if the first one brought nothing.

import { AnswerError, ConnectionError } from "./errors.js";
import type { Http } from "./http.js";
import type { CallOptions } from "./options.js";
import { pause } from "./pause.js";
import { backoffMs, isPassing } from "./retry.js";
import type { components } from "./schema.js";
import { type SentEvent, SseParser } from "./sse.js";

/** An entry of the ledger. */
export type Entry = components["schemas"]["EntryRow"];

/** What a stream hands out. */
export type StreamEvent =
  /** An entry. */
  | { readonly type: "usage"; readonly name: "usage"; readonly id: string; readonly data: Entry }
  /** An entry that crossed a threshold: `data.threshold` says which. */
  | {
      readonly type: "threshold";
      readonly name: "threshold";
      readonly id: string;
      readonly data: Entry;
    }
  /** An event that this version does not know; `data` is parsed if it is JSON, else the text. */
  | { readonly type: "other"; readonly name: string; readonly id: string; readonly data: unknown };

/** How a stream is doing. */
export type StreamState =
  | { readonly state: "connecting" }
  | { readonly state: "open" }
  /** The connection is lost, or could not be made; the next is tried after `retryInMs`. */
  | { readonly state: "waiting"; readonly retryInMs: number; readonly error: unknown };

export interface StreamOptions extends Pick<CallOptions, "signal" | "timeoutMs" | "user"> {
  /** Begin after this event; `"0"` for the account's first. What comes from now on if left out. */
  lastEventId?: string | undefined;
  /** A connection that says nothing for so long is taken for dead; 40,000 if left out. */
  silenceMs?: number | undefined;
  /** Hears how the connection is doing. */
  onState?: ((state: StreamState) => void) | undefined;
}

/** The server says something every 15 seconds; two such times and a little more. */
const SILENCE_MS = 40_000;

/**
 * Opens the stream. It ends when `signal` is aborted (with its reason) or the loop is left, and fails
 * on what no new connection mends, such as a token that is refused and cannot be replaced.
 */
export async function* streamUsage(
  http: Http,
  options: StreamOptions = {},
): AsyncGenerator<StreamEvent, void, undefined> {
  const { signal, onState } = options;
  const place: Place = {
    id: options.lastEventId,
    version: -1,
    askedMs: 0,
    isAlive: false,
    ended: undefined,
  };
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    let error: unknown;
    try {
      onState?.({ state: "connecting" });
      place.isAlive = false;
      place.id ??= await newestVersion(http, options);
      yield* connection(http, place, options);
      error = new ConnectionError("the stream ended");
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason;
      if (!isPassing(thrown)) throw thrown;
      error = thrown;
    }
    failures = place.isAlive ? 1 : failures + 1;
    const backoff = backoffMs(http.policy, failures, http.chance.random());
    const retryInMs = Math.max(backoff, place.askedMs, askedMs(error));
    onState?.({ state: "waiting", retryInMs, error });
    await pause(retryInMs, signal);
  }
}

/** How far a stream has come. */
interface Place {
  /** The id of the last event. */
  id: string | undefined;
  /** The version of the last entry. */
  version: number;
  /** The pause that the server wants between connections. */
  askedMs: number;
  /** Whether the connection brought anything. */
  isAlive: boolean;
  /** The token of a connection that the server has ended, which it does when the token ends. */
  ended: string | undefined;
}

function askedMs(error: unknown): number {
  const asked = (error as { retryAfterMs?: number } | undefined)?.retryAfterMs;
  return asked ?? 0;
}

/** The version of the account's newest entry, as an event's id. */
async function newestVersion(http: Http, options: StreamOptions): Promise<string> {
  const { signal, timeoutMs, user } = options;
  const asked = { signal, timeoutMs, user, retriesMax: 0 };
  const page = await http.get("/api/usage/entries", asked, { query: { limit: 1 } });
  return String(page.entries[0]?.version ?? 0);
}

/** One connection, to its end. */
async function* connection(
  http: Http,
  place: Place,
  options: StreamOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  const watch = new Watch(options.silenceMs ?? SILENCE_MS, options.signal);
  const { timeoutMs, user } = options;
  try {
    const headers = { accept: "text/event-stream", "last-event-id": place.id ?? "0" };
    const { response, token } = await http.open(
      "/api/usage/stream",
      headers,
      { timeoutMs, user },
      watch.signal,
      place.ended,
    );
    place.ended = undefined;
    if (!/^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "")) {
      throw new AnswerError("the answer is not a stream of events", response.status);
    }
    options.onState?.({ state: "open" });
    const parser = new SseParser(place.id);
    for await (const bytes of pieces(response, watch)) {
      place.isAlive = true;
      for (const sent of parser.push(bytes)) {
        const event = received(sent, place);
        if (event !== undefined) yield event;
      }
      place.askedMs = parser.retryMs ?? place.askedMs;
    }
    place.ended = token;
  } finally {
    watch.end();
  }
}

/** The pieces of a body as they come. */
async function* pieces(response: Response, watch: Watch): AsyncGenerator<Uint8Array, void> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      watch.begin();
      const { done, value } = await reader.read();
      // Nobody listens while an event is being handled; that is no silence of the server.
      watch.pause();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw watch.told(cause);
  } finally {
    // Only a body that is still open resists, and nothing is to be done about it.
    reader.cancel().catch(() => {});
  }
}

/** What an event means; undefined if it was handed out before. */
function received(sent: SentEvent, place: Place): StreamEvent | undefined {
  const { name, lastId: id } = sent;
  let data: unknown = sent.data;
  try {
    data = JSON.parse(sent.data);
  } catch {
    // It is text, then.
  }
  if ((name === "usage" || name === "threshold") && isEntry(data)) {
    if (data.version <= place.version) return undefined;
    place.version = data.version;
    place.id = id;
    return { type: name, name, id, data } as StreamEvent;
  }
  place.id = id;
  return { type: "other", name, id, data };
}

function isEntry(data: unknown): data is Entry {
  return typeof (data as Entry | null)?.version === "number";
}

/** Ends a connection that is silent, or that its user no longer wants. */
class Watch {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #silenceMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSilent = false;

  constructor(silenceMs: number, outer: AbortSignal | undefined) {
    this.#silenceMs = silenceMs;
    this.#outer = outer;
    if (outer?.aborted) this.#controller.abort(outer.reason);
    outer?.addEventListener("abort", this.#onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.#timer = setTimeout(() => {
      this.#isSilent = true;
      this.#controller.abort();
    }, this.#silenceMs);
  }

  pause(): void {
    clearTimeout(this.#timer);
  }

  told(cause: unknown): unknown {
    const why = this.#isSilent
      ? `the stream said nothing for ${this.#silenceMs} ms`
      : "the stream broke off";
    return new ConnectionError(why, { cause });
  }

  /** Lets go of the connection, whatever state it is in. */
  end(): void {
    this.pause();
    this.#outer?.removeEventListener("abort", this.#onOuter);
    this.#controller.abort();
  }

  readonly #onOuter = () => this.#controller.abort(this.#outer?.reason);
}
