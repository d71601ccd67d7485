// Sends calls: addresses, credentials, time limits, retries. Knows no call by name.

import { AnswerError, ConnectionError, NovaCoreError, problemOf, TimeoutError } from "./errors.js";
import type { Answer, CallOptions, ClientOptions, Token, WriteOptions } from "./options.js";
import { pause } from "./pause.js";
import { RETRY_POLICY, type Repeat, type RetryPolicy, retryInMs } from "./retry.js";
import type { paths } from "./schema.js";

const TIMEOUT_MS = 30_000;

type Method = "get" | "put" | "post" | "delete" | "patch";

/** The paths that have such a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends keyof paths> =
  paths[P] extends Record<M, infer O> ? O : never;

type Json<R> = R extends { content: { "application/json": infer B } } ? B : never;

/** The body with which a call answers, by the server's own description. */
export type BodyOf<M extends Method, P extends keyof paths> =
  Operation<M, P> extends {
    responses: infer R;
  }
    ? Json<R[keyof R & (200 | 201)]>
    : never;

/** The body that a call takes. */
export type SentTo<M extends Method, P extends keyof paths> =
  Operation<M, P> extends {
    requestBody?: { content: infer C };
  }
    ? C[keyof C]
    : never;

/** A query: members that are undefined are left out, lists are sent as repeated members. */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** One call, apart from what its caller sets. */
export interface Call<M extends Method, P extends keyof paths> {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Query;
  readonly body?: SentTo<M, P>;
  /** The media type of the body, if it is not plain JSON. */
  readonly media?: string;
  readonly repeat: Repeat;
  /** The call makes a credential, it does not need one. */
  readonly isOpen?: boolean;
}

/** A request that is ready but for its credential. */
interface Prepared {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly isOpen: boolean;
}

/** An answer's head, and the token that was shown for it. */
export interface Sent {
  readonly response: Response;
  readonly token: string | undefined;
}

/** How the client may be made to behave in a test. */
export interface Chance {
  /** In [0, 1). */
  random(): number;
  /** A fresh idempotency key or id. */
  uuid(): string;
}

/** `crypto.randomUUID` is there in secure contexts only; random values are there everywhere. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const parts = [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ] as const;
  return parts.map(([from, to]) => hex.slice(from, to)).join("-");
}

const CHANCE: Chance = { random: Math.random, uuid };

export class Http {
  readonly policy: RetryPolicy;
  readonly chance: Chance;
  readonly #base: string;
  readonly #isService: boolean;
  readonly #token: Token | undefined;
  readonly #user: string | undefined;
  readonly #timeoutMs: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;

  constructor(options: ClientOptions, chance: Chance = CHANCE) {
    if (options.token !== undefined && options.serviceToken !== undefined) {
      throw new TypeError("either token or serviceToken, not both");
    }
    this.#base = (options.baseUrl ?? "").replace(/\/+$/, "");
    this.#isService = options.serviceToken !== undefined;
    this.#token = options.serviceToken ?? options.token;
    this.#user = options.user;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#headers = options.headers ?? {};
    // Called as a method of another object, a browser's fetch fails.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.policy = { ...RETRY_POLICY, retriesMax: options.retriesMax ?? RETRY_POLICY.retriesMax };
    this.chance = chance;
  }

  get<P extends PathOf<"get">>(
    path: P,
    options: CallOptions | undefined,
    call: Omit<Call<"get", P>, "repeat" | "body"> = {},
  ): Promise<BodyOf<"get", P>> {
    return this.call("get", path, { ...call, repeat: "safe" }, options);
  }

  /** Makes a call; sends it again where that is safe. */
  async call<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    call: Call<M, P>,
    options: WriteOptions = {},
  ): Promise<BodyOf<M, P>> {
    const prepared = this.#prepare(method, path, call, options);
    const policy = { ...this.policy, retriesMax: options.retriesMax ?? this.policy.retriesMax };
    for (let failures = 0; ; ) {
      try {
        const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
        const { response, body } = await this.#attempt(prepared, timeoutMs, options.signal);
        options.onAnswer?.(answerOf(response, failures + 1));
        return body as BodyOf<M, P>;
      } catch (error) {
        failures += 1;
        const waitMs = retryInMs(policy, call.repeat, failures, error, this.chance.random());
        if (waitMs === undefined) throw error;
        await pause(waitMs, options.signal);
      }
    }
  }

  /**
   * Opens a stream: the answer's head is there, its body not yet. The time limit is for the head;
   * `signal` ends both. `ended` is the token of a stream that the server has ended.
   */
  async open(
    path: PathOf<"get">,
    headers: Record<string, string>,
    options: CallOptions,
    signal: AbortSignal,
    ended: string | undefined,
  ): Promise<Sent> {
    const prepared = this.#prepare("get", path, { repeat: "safe" }, options);
    Object.assign(prepared.headers, headers);
    const limit = new Limit(options.timeoutMs ?? this.#timeoutMs, signal);
    try {
      const sent = await this.#send(prepared, limit, ended);
      limit.stopClock();
      return sent;
    } catch (error) {
      limit.lift();
      throw limit.told(error);
    }
  }

  #prepare<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    call: Call<M, P>,
    options: WriteOptions,
  ): Prepared {
    const headers: Record<string, string> = { ...this.#headers, accept: "application/json" };
    const user = options.user ?? this.#user;
    if (user !== undefined && !call.isOpen) {
      headers[this.#isService ? "x-user-id" : "novacore-user"] = user;
    }
    if (call.repeat === "keyed") {
      headers["idempotency-key"] = options.idempotencyKey ?? this.chance.uuid();
    }
    if (call.body !== undefined) headers["content-type"] = call.media ?? "application/json";
    return {
      method: method.toUpperCase(),
      url: this.#base + this.#mounted(filled(path, call.path ?? {})) + queried(call.query ?? {}),
      headers,
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      isOpen: call.isOpen ?? false,
    };
  }

  /** Between services the same paths are served without `/api`. */
  #mounted(path: string): string {
    const isApart = this.#isService && path.startsWith("/api/") && path !== "/api/status";
    return isApart ? path.slice("/api".length) : path;
  }

  /** One attempt, to the end of the answer's body. */
  async #attempt(
    prepared: Prepared,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<{ response: Response; body: unknown }> {
    const limit = new Limit(timeoutMs, signal);
    try {
      const { response } = await this.#send(prepared, limit);
      const text = await limit.within(response.text());
      try {
        return { response, body: JSON.parse(text) };
      } catch (cause) {
        throw new AnswerError("the answer is not JSON", response.status, { cause });
      }
    } catch (error) {
      throw limit.told(error);
    } finally {
      limit.lift();
    }
  }

  /** Sends it with a token; once more with another one if that was refused. */
  async #send(prepared: Prepared, limit: Limit, ended?: string): Promise<Sent> {
    let rejected = ended;
    for (let isFirst = true; ; isFirst = false) {
      const headers = { ...prepared.headers };
      const token = await limit.within(this.#ask(prepared, rejected));
      if (token !== undefined) {
        if (this.#isService) headers["x-service-token"] = token;
        else headers.authorization = `Bearer ${token}`;
      }
      const response = await this.#fetch(prepared.url, {
        method: prepared.method,
        headers,
        body: prepared.body,
        signal: limit.signal,
        // A credential in a header of ours would go along to wherever the answer points.
        redirect: "manual",
      });
      if (response.ok) return { response, token };
      if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
        throw new AnswerError("the answer is a redirect", response.status);
      }
      const problem = await limit.within(problemOf(response));
      const canAsk = typeof this.#token === "function" && token !== undefined;
      // Nothing was done for a token that was refused, so that any call may be sent again.
      if (response.status !== 401 || !canAsk || !isFirst) throw problem;
      rejected = token;
    }
  }

  #ask(prepared: Prepared, rejected: string | undefined): string | undefined | Promise<string> {
    // Login and the like need no token of a user, but a service shows its own with each call.
    if (prepared.isOpen && !this.#isService) return undefined;
    return typeof this.#token === "function"
      ? new Promise((resolve, reject) => {
          // A promise of our own, so that whatever the function throws is marked as its error.
          const asked = async () => (this.#token as Exclude<Token, string>)({ rejected });
          asked().then(resolve, (error: unknown) => reject(new Foreign(error)));
        })
      : this.#token;
  }
}

/** An error that is not ours to explain. */
class Foreign {
  constructor(readonly error: unknown) {}
}

/** The time limit of an attempt and the caller's signal, as one signal. */
class Limit {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal | undefined;
  readonly #timeoutMs: number;
  #isOver = false;

  constructor(timeoutMs: number, outer: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#controller.abort();
    }, timeoutMs);
    if (outer?.aborted) this.#controller.abort();
    outer?.addEventListener("abort", this.#onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The same, but no longer than the limit. */
  async within<T>(work: T | Promise<T>): Promise<T> {
    if (!(work instanceof Promise)) return work;
    const { signal } = this;
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** What the caller is told of an error. */
  told(error: unknown): unknown {
    if (this.#outer?.aborted) return this.#outer.reason;
    if (this.#isOver) return new TimeoutError(`no answer within ${this.#timeoutMs} ms`);
    if (error instanceof Foreign) return error.error;
    if (error instanceof NovaCoreError) return error;
    return new ConnectionError("no connection, or it broke", { cause: error });
  }

  /** What was opened may go on; the caller's signal still ends it. */
  stopClock(): void {
    clearTimeout(this.#timer);
  }

  lift(): void {
    this.stopClock();
    this.#outer?.removeEventListener("abort", this.#onOuter);
  }

  readonly #onOuter = () => this.#controller.abort();
}

function answerOf(response: Response, attempts: number): Answer {
  return {
    status: response.status,
    headers: response.headers,
    requestId: response.headers.get("x-request-id") ?? undefined,
    isReplayed: response.headers.get("idempotent-replayed") === "true",
    attempts,
  };
}

/** A path with its names filled in. */
function filled(path: string, values: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    // These would name another path: the segment, or the one before it, would go.
    if (value === undefined || value === "" || value === "." || value === "..") {
      throw new TypeError(`${name}: ${JSON.stringify(value)} cannot stand in a path`);
    }
    return encodeURIComponent(value);
  });
}

function queried(query: Query): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, String(one));
  }
  const text = pairs.toString();
  return text === "" ? "" : `?${text}`;
}
