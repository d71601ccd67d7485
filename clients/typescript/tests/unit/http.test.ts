import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NovaCore } from "../../src/client.js";
import { AnswerError, ConnectionError, ProblemError, TimeoutError } from "../../src/errors.js";
import type { Answer, ClientOptions, TokenAsk } from "../../src/options.js";
import { chance, json, problem, type Scripted, scripted } from "./fakes.js";

const USER = "018f6f2e-0000-7000-8000-000000000001";
const RECORD = { userId: USER, resourceType: "llm_tokens", amount: 5 };

function client(script: Scripted[], options: ClientOptions = {}) {
  const { sent, options: all } = scripted(script, options);
  return { nova: new NovaCore(all, chance()), sent };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount(), "timers that are left").toBe(0);
  vi.useRealTimers();
});

describe("what is sent", () => {
  it("goes under /api with a bearer", async () => {
    const { nova, sent } = client([json([])]);
    await nova.usage.timeseries("agent minutes/é", 7);
    expect(sent[0]?.url).toBe(
      "https://nova.example/api/usage/timeseries/agent%20minutes%2F%C3%A9?days=7",
    );
    expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
      accept: "application/json",
      authorization: "Bearer t0",
    });
  });

  it("goes without /api with the service token", async () => {
    const service = { token: undefined, serviceToken: "s0", user: USER };
    const { nova, sent } = client([json({}), json({})], service);
    await nova.usage.tokens();
    await nova.status();
    expect(sent.map(({ url }) => url)).toEqual([
      "https://nova.example/usage/tokens",
      "https://nova.example/api/status",
    ]);
    expect(sent[0]?.headers.get("x-service-token")).toBe("s0");
    expect(sent[0]?.headers.get("x-user-id")).toBe(USER);
    expect(sent[0]?.headers.has("authorization")).toBe(false);
  });

  it("names the user of a call", async () => {
    const { nova, sent } = client([json({}), json({})], { user: USER, headers: { "x-a": "1" } });
    await nova.usage.tokens();
    await nova.usage.tokens({ user: "another" });
    expect(sent.map(({ headers }) => headers.get("novacore-user"))).toEqual([USER, "another"]);
    expect(sent[0]?.headers.get("x-a")).toBe("1");
  });

  it("needs no token to log in", async () => {
    const { nova, sent } = client([json({})]);
    await nova.auth.login({ email: "a@example.com", password: "correct horse" });
    expect(sent[0]?.headers.has("authorization")).toBe(false);
    expect(sent[0]?.headers.has("idempotency-key")).toBe(false);
  });

  it("repeats members of a query and leaves out what is undefined", async () => {
    const { nova, sent } = client([json({})]);
    await nova.memory.list({ tag: ["a", "b"], limit: 5, tier: undefined });
    expect(sent[0]?.url).toBe("https://nova.example/api/memory/list?tag=a&tag=b&limit=5");
  });

  it.each(["", ".", ".."])("cannot be led to another path by %j", async (id) => {
    const { nova, sent } = client([]);
    await expect(nova.memory.delete(id)).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
  });

  it("takes one kind of token", () => {
    expect(() => new NovaCore({ token: "a", serviceToken: "b" })).toThrow(TypeError);
  });
});

describe("retries", () => {
  it("keep the idempotency key, and each call has its own", async () => {
    const script = [
      new TypeError("reset"),
      problem(503, "overloaded"),
      json({}),
      json({}),
      json({}),
    ];
    const { nova, sent } = client(script);
    const first = nova.usage.record(RECORD);
    await vi.runAllTimersAsync();
    await first;
    await nova.usage.record(RECORD);
    await nova.memory.delete("m");
    const keys = sent.map(({ headers }) => headers.get("idempotency-key"));
    expect(keys).toEqual(["key-1", "key-1", "key-1", "key-2", "key-3"]);
    expect(sent[1]?.body).toBe(JSON.stringify(RECORD));
  });

  it("take the caller's key", async () => {
    const { nova, sent } = client([json({})]);
    await nova.reservations.release("r", { idempotencyKey: "mine" });
    expect(sent[0]?.headers.get("idempotency-key")).toBe("mine");
  });

  it("keep the id of an event, which needs no key", async () => {
    const { nova, sent } = client([new TypeError("reset"), json({})]);
    const event = { type: "t", source: "/s", data: { resourceType: "llm_tokens", amount: 1 } };
    const done = nova.events.send(event);
    await vi.runAllTimersAsync();
    await done;
    expect(sent[0]?.body).toBe(JSON.stringify([{ ...event, specversion: "1.0", id: "key-1" }]));
    expect(sent[1]?.body).toBe(sent[0]?.body);
    expect(sent[0]?.headers.get("content-type")).toBe("application/cloudevents-batch+json");
    expect(sent[0]?.headers.has("idempotency-key")).toBe(false);
  });

  it("wait as long as the server asks", async () => {
    const { nova, sent } = client([problem(503, "unavailable", { "retry-after": "2" }), json({})]);
    const done = nova.usage.tokens();
    // 2 s, and half of the first pause on top.
    await vi.advanceTimersByTimeAsync(2124);
    expect(sent.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent.length).toBe(2);
    await done;
  });

  it.each([
    ["a login", (nova: NovaCore) => nova.auth.login({ email: "a", password: "b" })],
    ["a key", (nova: NovaCore) => nova.auth.keys.create({ name: "a", scopes: [] })],
    ["a tier", (nova: NovaCore) => nova.admin.users.setTier("u", { tier: "pro", reason: "r" })],
  ])("are not made of %s", async (_, call) => {
    const { nova, sent } = client([new TypeError("reset")]);
    await expect(call(nova)).rejects.toThrow(ConnectionError);
    expect(sent.length).toBe(1);
  });

  it("are not made of a refusal by a limit", async () => {
    const { nova, sent } = client([problem(429, "quota-exceeded", { "retry-after": "1" })]);
    await expect(nova.usage.record(RECORD)).rejects.toMatchObject({ kind: "quota-exceeded" });
    expect(sent.length).toBe(1);
  });

  it("are bounded, and the call may say how", async () => {
    const { nova, sent } = client(Array.from({ length: 9 }, () => new TypeError("reset")));
    for (const [options, attempts] of [
      [{}, 4],
      [{ retriesMax: 1 }, 6],
      [{ retriesMax: 0 }, 7],
    ] as const) {
      const done = expect(nova.usage.tokens(options)).rejects.toThrow(ConnectionError);
      await vi.runAllTimersAsync();
      await done;
      expect(sent.length).toBe(attempts);
    }
    const refreshed = expect(nova.auth.refresh("r")).rejects.toThrow(ConnectionError);
    await vi.runAllTimersAsync();
    await refreshed;
    expect(sent.length, "a refresh is sent twice at most").toBe(9);
  });

  it("are told with the answer", async () => {
    const replayed = json({ a: 1 }, 201, { "idempotent-replayed": "true", "x-request-id": "r" });
    const { nova } = client([new TypeError("reset"), replayed]);
    const answers: Answer[] = [];
    const done = nova.usage.record(RECORD, { onAnswer: (answer) => answers.push(answer) });
    await vi.runAllTimersAsync();
    expect(await done).toEqual({ a: 1 });
    expect(answers).toMatchObject([{ status: 201, isReplayed: true, requestId: "r", attempts: 2 }]);
  });
});

describe("time limits and signals", () => {
  it("end an attempt, not the call", async () => {
    const { nova, sent } = client(["silence", json({ a: 1 })], { timeoutMs: 1000 });
    const done = nova.usage.tokens();
    await vi.advanceTimersByTimeAsync(999);
    expect(sent[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent[0]?.signal.aborted).toBe(true);
    await vi.runAllTimersAsync();
    expect(await done).toEqual({ a: 1 });
  });

  it("end the call of what may not be repeated", async () => {
    const { nova } = client(["silence"]);
    const call = nova.auth.login({ email: "a", password: "b" }, { timeoutMs: 50 });
    const done = expect(call).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(50);
    await done;
  });

  it("hold for the body too", async () => {
    const endless = new Response(new ReadableStream(), { status: 200 });
    const { nova } = client([endless], { timeoutMs: 50, retriesMax: 0 });
    const done = expect(nova.usage.tokens()).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(50);
    await done;
  });

  it("give the caller's reason, before, during and between attempts", async () => {
    const reason = new Error("no longer needed");
    const before = client([new TypeError("aborted")]);
    const aborted = { signal: AbortSignal.abort(reason) };
    await expect(before.nova.usage.tokens(aborted)).rejects.toBe(reason);

    const during = client(["silence"]);
    const first = new AbortController();
    const one = expect(during.nova.usage.tokens({ signal: first.signal })).rejects.toBe(reason);
    await vi.advanceTimersByTimeAsync(10);
    first.abort(reason);
    await one;

    const between = client([new TypeError("reset")]);
    const second = new AbortController();
    const two = expect(between.nova.usage.tokens({ signal: second.signal })).rejects.toBe(reason);
    await vi.advanceTimersByTimeAsync(1);
    second.abort(reason);
    await two;
    expect(between.sent.length).toBe(1);
  });
});

describe("tokens", () => {
  it("are asked for before each attempt", async () => {
    let count = 0;
    const token = () => {
      count += 1;
      return `t${count}`;
    };
    const { nova, sent } = client([new TypeError("reset"), json({})], { token });
    const done = nova.usage.tokens();
    await vi.runAllTimersAsync();
    await done;
    expect(sent.map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer t1",
      "Bearer t2",
    ]);
  });

  it("are asked for again when refused, once, for any call", async () => {
    const asked: TokenAsk[] = [];
    const token = async (ask: TokenAsk) => {
      asked.push(ask);
      return ask.rejected === undefined ? "old" : "new";
    };
    const refused = () => problem(401, "credential-invalid");
    const script = [refused(), json({}), refused(), refused()];
    const { nova, sent } = client(script, { token });
    await nova.auth.keys.create({ name: "a", scopes: [] });
    expect(sent.map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer old",
      "Bearer new",
    ]);
    await expect(nova.usage.tokens()).rejects.toMatchObject({ kind: "credential-invalid" });
    expect(asked.map(({ rejected }) => rejected)).toEqual([undefined, "old", undefined, "old"]);
  });

  it("that are a string are not asked for", async () => {
    const { nova, sent } = client([problem(401, "credential-invalid")]);
    await expect(nova.usage.tokens()).rejects.toThrow(ProblemError);
    expect(sent.length).toBe(1);
  });

  it("fail with the function's own error", async () => {
    const error = new Error("signed out");
    const { nova } = client([], { token: () => Promise.reject(error) });
    await expect(nova.usage.tokens()).rejects.toBe(error);
  });

  it("that never come are subject to the time limit", async () => {
    const { nova } = client([], { token: () => new Promise(() => {}), retriesMax: 0 });
    const done = expect(nova.usage.tokens({ timeoutMs: 20 })).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(20);
    await done;
  });
});

describe("answers that are not NovaCore's", () => {
  it("are redirects, which nobody follows with a token", async () => {
    const away = new Response(null, { status: 302, headers: { location: "https://else.example" } });
    const { nova, sent } = client([away]);
    await expect(nova.usage.tokens()).rejects.toThrow(AnswerError);
    expect(sent[0]?.redirect).toBe("manual");
    expect(sent.length).toBe(1);
  });

  it("are pages", async () => {
    const { nova } = client([new Response("<h1>Welcome</h1>", { status: 200 })]);
    await expect(nova.usage.tokens()).rejects.toMatchObject({ name: "AnswerError", status: 200 });
  });
});
