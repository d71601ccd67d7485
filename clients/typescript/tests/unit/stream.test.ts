import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NovaCore } from "../../src/client.js";
import { AnswerError, ConnectionError, ProblemError } from "../../src/errors.js";
import type { TokenAsk } from "../../src/options.js";
import type { StreamEvent, StreamOptions, StreamState } from "../../src/stream.js";
import { chance, json, problem, type Scripted, scripted } from "./fakes.js";

/** A body that is written by hand. */
class Body {
  readonly response: Response;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    const headers = { "content-type": "text/event-stream" };
    this.response = new Response(stream, { headers });
  }

  say(text: string): void {
    this.#controller?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.#controller?.close();
  }

  breakOff(): void {
    this.#controller?.error(new TypeError("terminated"));
  }
}

function usage(version: number): string {
  return `id: ${version}\nevent: usage\ndata: {"version":${version}}\n\n`;
}

/** Reads a stream over a script; what it hands out, and what state it says it is in. */
function reader(
  script: Scripted[],
  options: StreamOptions & { token?: (ask: TokenAsk) => string; take?: number } = {},
) {
  const { token, take = Number.POSITIVE_INFINITY, ...rest } = options;
  const { sent, options: all } = scripted(script, token === undefined ? {} : { token });
  const events: StreamEvent[] = [];
  const states: StreamState[] = [];
  const onState = (state: StreamState) => states.push(state);
  const read = async () => {
    for await (const event of new NovaCore(all, chance()).usage.stream({ onState, ...rest })) {
      events.push(event);
      if (events.length >= take) return;
    }
  };
  const done = read();
  // Looked at in the end; until then it is no unhandled rejection.
  done.catch(() => {});
  const lastIds = () => sent.map(({ headers }) => headers.get("last-event-id"));
  return { done, events, states, sent, lastIds, ids: () => events.map(({ id }) => id) };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount(), "timers that are left").toBe(0);
  vi.useRealTimers();
});

describe("a stream", () => {
  it("begins after the newest entry, and goes on after the last event", async () => {
    const [first, second] = [new Body(), new Body()];
    const newest = json({ entries: [{ version: 6 }] });
    const stream = reader([newest, first.response, second.response], { take: 3 });
    await settle();
    first.say(usage(7));
    first.say('id: 8\nevent: usage\ndata: {"version":');
    await settle();
    first.breakOff();
    await settle();
    expect(stream.states.map(({ state }) => state)).toEqual(["connecting", "open", "waiting"]);
    // The first pause is 250 ms at most, and the random number a half.
    await vi.advanceTimersByTimeAsync(124);
    expect(stream.sent.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    second.say(usage(8) + usage(9));
    await stream.done;
    expect(stream.ids()).toEqual(["7", "8", "9"]);
    expect(stream.lastIds()).toEqual([null, "6", "7"]);
    expect(stream.sent[0]?.url).toBe("https://nova.example/api/usage/entries?limit=1");
    expect(stream.sent[2]?.signal.aborted, "the connection is let go").toBe(true);
  });

  it("loses nothing if the first connection brings nothing", async () => {
    const [first, second] = [new Body(), new Body()];
    const empty = json({ entries: [] });
    const stream = reader([empty, first.response, second.response], { take: 1 });
    await settle();
    first.end();
    await vi.advanceTimersByTimeAsync(200);
    second.say(usage(1));
    await stream.done;
    expect(stream.lastIds()).toEqual([null, "0", "0"]);
    expect(stream.ids()).toEqual(["1"]);
  });

  it("hands out no entry twice", async () => {
    const body = new Body();
    const stream = reader([body.response], { lastEventId: "4", take: 2 });
    await settle();
    body.say(usage(5) + usage(5) + usage(4) + usage(6));
    await stream.done;
    expect(stream.ids()).toEqual(["5", "6"]);
  });

  it("hands out events that it does not know", async () => {
    const body = new Body();
    const stream = reader([body.response], { lastEventId: "0", take: 4 });
    await settle();
    body.say('id: 1\nevent: threshold\ndata: {"version":1}\n\n');
    body.say('id: x\nevent: resync\ndata: {"why":"gap"}\n\n');
    body.say("event: notice\ndata: plain words\n\ndata: null\n\n");
    await stream.done;
    expect(stream.events).toEqual([
      { type: "threshold", name: "threshold", id: "1", data: { version: 1 } },
      { type: "other", name: "resync", id: "x", data: { why: "gap" } },
      { type: "other", name: "notice", id: "x", data: "plain words" },
      { type: "other", name: "message", id: "x", data: null },
    ]);
  });

  it("takes a silent connection for dead, but not one with heartbeats", async () => {
    const [first, second] = [new Body(), new Body()];
    const stream = reader([first.response, second.response], { lastEventId: "0", take: 1 });
    await settle();
    for (let count = 0; count < 4; count += 1) {
      await vi.advanceTimersByTimeAsync(39_999);
      first.say(": heartbeat\n\n");
      await settle();
    }
    expect(stream.states.length).toBe(2);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(stream.sent[0]?.signal.aborted).toBe(true);
    // As a real fetch does when it is aborted.
    first.breakOff();
    await vi.advanceTimersByTimeAsync(200);
    expect(stream.states[2]).toMatchObject({
      state: "waiting",
      error: { name: "ConnectionError" },
    });
    second.say(usage(1));
    await stream.done;
  });

  it("waits longer each time, and anew once something came", async () => {
    const down = () => problem(503, "unavailable");
    const body = new Body();
    const script = [new TypeError("x"), down(), down(), body.response, new TypeError("x")];
    const stopping = new AbortController();
    const stream = reader(script, { lastEventId: "0", signal: stopping.signal });
    await vi.advanceTimersByTimeAsync(125 + 250 + 500);
    body.say(usage(1));
    body.end();
    await settle();
    const waits = () =>
      stream.states.flatMap((state) => (state.state === "waiting" ? state.retryInMs : []));
    expect(waits()).toEqual([125, 250, 500, 125]);
    await vi.advanceTimersByTimeAsync(125);
    expect(waits()).toEqual([125, 250, 500, 125, 250]);
    stopping.abort(new Error("enough"));
    await expect(stream.done).rejects.toThrow("enough");
  });

  it("waits as long as the server asks", async () => {
    const asks = problem(503, "unavailable", { "retry-after": "5" });
    const [first, second] = [new Body(), new Body()];
    const stream = reader([asks, first.response, second.response], { lastEventId: "0", take: 1 });
    await vi.advanceTimersByTimeAsync(5000);
    first.say("retry: 3000\n\n");
    await settle();
    first.end();
    await vi.advanceTimersByTimeAsync(2999);
    expect(stream.sent.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    second.say(usage(1));
    await stream.done;
  });

  it("asks for another token when the first one has ended", async () => {
    const [first, second] = [new Body(), new Body()];
    const refused = problem(401, "credential-invalid");
    const script = [first.response, refused, second.response];
    let count = 0;
    const rejected: unknown[] = [];
    const token = (ask: TokenAsk) => {
      rejected.push(ask.rejected);
      count += 1;
      return `t${count}`;
    };
    const stream = reader(script, { lastEventId: "0", token, take: 1 });
    await settle();
    // The server ends a stream together with the token it was opened with.
    first.end();
    await vi.advanceTimersByTimeAsync(200);
    second.say(usage(1));
    await stream.done;
    expect(stream.sent.map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer t1",
      "Bearer t2",
      "Bearer t3",
    ]);
    expect(rejected).toEqual([undefined, "t1", "t2"]);
  });

  it.each([
    ["a token that is refused", problem(401, "credential-invalid"), ProblemError],
    ["one stream too many", problem(429, "too-many-streams"), ProblemError],
    ["an answer that is no stream", json({}), AnswerError],
  ])("fails on what no new connection mends: %s", async (_, answer, error) => {
    const stream = reader([answer], { lastEventId: "0" });
    await settle();
    await expect(stream.done).rejects.toThrow(error);
    expect(stream.sent.length).toBe(1);
  });

  it("ends with the caller's signal, in the midst of it", async () => {
    const stopping = new AbortController();
    const body = new Body();
    const stream = reader([body.response], { lastEventId: "0", signal: stopping.signal });
    await settle();
    stopping.abort(new Error("enough"));
    body.breakOff();
    await expect(stream.done).rejects.toThrow("enough");
    expect(stream.sent[0]?.signal.aborted).toBe(true);
  });

  it("is told why it waits", async () => {
    const stopping = new AbortController();
    const cause = new TypeError("refused");
    const stream = reader([cause], { lastEventId: "0", signal: stopping.signal });
    await settle();
    const last = stream.states.at(-1);
    const error = last?.state === "waiting" ? last.error : undefined;
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).cause).toBe(cause);
    stopping.abort();
    await expect(stream.done).rejects.toThrow();
  });
});
