// Usage as it happens: one stream for all tabs of this browser.
//
// Over HTTP/1.1 a browser opens six connections to a host, and a stream takes one for good. So one tab
// leads (it holds a lock that the others wait for, or where there are no locks a lease) and tells the others
// what it hears.
// Invariant: a listener hears every event at least once after `online`; what was missed meanwhile is
// covered by the `caught-up` that comes first.
import { useSyncExternalStore } from "react";
import { EventReader, type ServerEvent } from "../lib/sse";
import { lease } from "./lease";
import { accessToken, refuseToken } from "./session";

/** `connecting`: at first; `online`; `lost`: it was there, and is tried again. */
export type LiveState = "connecting" | "online" | "lost";

export interface Heard {
  /** `usage`, `threshold`, `refusal`, `account`; `caught-up` when a stream has just begun. */
  name: string;
  data: unknown;
}

type Told = { kind: "state"; state: LiveState } | { kind: "heard"; heard: Heard } | { kind: "hello" };

/** No heartbeat for so long: the stream is dead, though nobody has said so. The server's comes every 15 s. */
const SILENCE_MS = 40_000;
const WAIT_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;

let state: LiveState = "connecting";
const stateListeners = new Set<() => void>();
const heardListeners = new Set<(heard: Heard) => void>();

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const listener of stateListeners) listener();
}

function hear(heard: Heard): void {
  for (const listener of heardListeners) listener(heard);
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

class Leader {
  #last: string | null = null;
  /** Ends the try or the pause that is under way. */
  #again = new AbortController();
  readonly #tell: (told: Told) => void;
  readonly #user: string | null;

  constructor(user: string | null, tell: (told: Told) => void) {
    this.#user = user;
    this.#tell = tell;
  }

  /** Tries again now: the network is back, and what the old connection is worth nobody knows. */
  retry(): void {
    this.#again.abort();
  }

  /** Streams until told to stop or until nobody is signed in. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      this.#again = new AbortController();
      const again = this.#again.signal;
      const began = await this.#stream(AbortSignal.any([signal, again])).catch(() => false);
      if (signal.aborted) return;
      this.#tell({ kind: "state", state: "lost" });
      failures = began ? 0 : failures + 1;
      // Not all at once when a server comes back.
      const wait = WAIT_MS[Math.min(failures, WAIT_MS.length - 1)] ?? 0;
      if (!again.aborted) await pause(wait * (0.75 + Math.random() / 2), AbortSignal.any([signal, again]));
    }
  }

  async #stream(stop: AbortSignal): Promise<boolean> {
    const token = await accessToken();
    if (token === null) {
      await pause(WAIT_MS[4], stop);
      return false;
    }
    const silence = new AbortController();
    const signal = AbortSignal.any([stop, silence.signal]);
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
    if (this.#last !== null) headers["last-event-id"] = this.#last;
    if (this.#user !== null) headers["novacore-user"] = this.#user;
    try {
      const answer = await fetch("/api/usage/stream", { headers, signal, cache: "no-store" });
      if (answer.status === 401) refuseToken(token);
      if (!answer.ok || answer.body === null) return false;
      this.#tell({ kind: "state", state: "online" });
      this.#tell({ kind: "heard", heard: { name: "caught-up", data: null } });
      const events = new EventReader();
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await pieces.read();
        if (done) return true;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        for (const event of events.push(value)) this.#pass(event);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #pass(event: ServerEvent): void {
    if (event.id !== null) this.#last = event.id;
    try {
      this.#tell({ kind: "heard", heard: { name: event.name, data: JSON.parse(event.data) as unknown } });
    } catch {
      // Not JSON: nothing that this page knows of.
    }
  }
}

/** Listens for `user`, or for whoever is signed in; returns how to stop. */
export function goLive(account: string, user: string | null): () => void {
  const stop = new AbortController();
  const name = `novacore-live-${account}`;
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  let leader: Leader | null = null;
  const take = (told: Told) => {
    if (told.kind === "state") setState(told.state);
    else if (told.kind === "heard") hear(told.heard);
    else if (leader) channel?.postMessage({ kind: "state", state } satisfies Told);
  };
  const tell = (told: Told) => {
    take(told);
    channel?.postMessage(told);
  };
  channel?.addEventListener("message", (message: MessageEvent<Told>) => take(message.data));
  channel?.postMessage({ kind: "hello" } satisfies Told);
  const lead = async (until: AbortSignal) => {
    leader = new Leader(user, tell);
    await leader.run(until);
    leader = null;
  };
  const locks = (navigator as { locks?: LockManager }).locks;
  if (locks && channel) locks.request(name, { signal: stop.signal }, () => lead(stop.signal)).catch(() => {});
  else if (channel) lease(name, stop.signal, (until) => void lead(until));
  else void lead(stop.signal);
  const offline = () => setState("lost");
  const online = () => leader?.retry();
  window.addEventListener("offline", offline);
  window.addEventListener("online", online);
  return () => {
    stop.abort();
    window.removeEventListener("offline", offline);
    window.removeEventListener("online", online);
    channel?.close();
    state = "connecting";
  };
}

export function onHeard(listener: (heard: Heard) => void): () => void {
  heardListeners.add(listener);
  return () => heardListeners.delete(listener);
}

function subscribe(listener: () => void): () => void {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}
