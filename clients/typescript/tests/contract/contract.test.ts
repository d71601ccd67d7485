// The client against the real server.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  checkMemoryQuota,
  checkQuota,
  configure,
  getMemoryUsage,
  getStorageUsage,
  getTimeSeries,
  getTokenUsage,
  getUsageStats,
  getUserTier,
  NovaCore,
  ProblemError,
  type SessionTokens,
  type Shapes,
  type StreamEvent,
  type StreamState,
  sessionToken,
} from "../../src/index.js";
import { ADMIN, CuttingProxy, SERVICE_TOKEN, type Server, start } from "./server.js";
import { differences, type Shape } from "./shapes.js";

let server: Server;
let proxy: CuttingProxy;
let service: NovaCore;
let count = 0;

beforeAll(async () => {
  server = await start();
  proxy = await CuttingProxy.before(server.url);
  service = new NovaCore({ baseUrl: server.url, serviceToken: SERVICE_TOKEN });
});

afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

/** A new user, and a client of his. */
async function newUser(baseUrl = server.url) {
  count += 1;
  const open = new NovaCore({ baseUrl: server.url });
  const credentials = { email: `user-${count}@example.com`, password: "correct horse" };
  const signedIn = await open.auth.register(credentials);
  const nova = new NovaCore({ baseUrl, token: signedIn.accessToken });
  return { nova, id: signedIn.user.id, signedIn, credentials };
}

async function admin(): Promise<NovaCore> {
  const { accessToken } = await new NovaCore({ baseUrl: server.url }).auth.login(ADMIN);
  return new NovaCore({ baseUrl: server.url, token: accessToken });
}

function tokens(userId: string, amount: number) {
  return { userId, resourceType: "llm_tokens", amount };
}

function hasShape(value: unknown, shape: Shape): void {
  expect(differences(shape, value)).toEqual([]);
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const TIER_STATS: Shape = {
  memory_count: "integer",
  avg_text_size: "integer",
  total_text_size: "integer",
  total_text_human: /^[\d.]+ (B|[KMGTP]B)$/,
};

describe("the platform's older functions", () => {
  let id: string;

  beforeAll(async () => {
    const user = await newUser();
    id = user.id;
    await service.usage.record(tokens(id, 850));
    await user.nova.memory.store({ type: "lesson", tier: "ltm", input_context: "Rex is a dog" });
    configure(user.nova);
  });

  it("getUsageStats", async () => {
    const stats = await getUsageStats(7);
    hasShape(stats, {
      userId: "string",
      period: "string",
      breakdown: [
        {
          resourceType: "string",
          amount: "integer",
          humanReadable: "string",
          percentage: "number",
        },
      ],
      limits: {
        llmTokensDay: "integer",
        memoryStorageBytes: "integer",
        agentMinutesMonth: "integer",
      },
      warnings: ["string"],
      timestamp: TIME,
    });
    expect(stats.userId).toBe(id);
    expect(stats.period).toBe("last_7_days");
    expect(stats.limits.llmTokensDay).toBe(1000);
    expect(stats.warnings).toEqual(["llm_tokens at 85.0% of quota"]);
    const row = stats.breakdown.find(({ resourceType }) => resourceType === "llm_tokens");
    expect(row).toMatchObject({ amount: 850, humanReadable: "850 tokens", percentage: 85 });
    expect((await getUsageStats()).period).toBe("last_30_days");
  });

  it("getTokenUsage", async () => {
    expect(await getTokenUsage()).toMatchObject({ used: 850, limit: 1000, percentage: 85 });
  });

  it("getStorageUsage", async () => {
    const storage = await getStorageUsage();
    hasShape(storage, {
      used: "integer",
      limit: "integer",
      percentage: "number",
      humanReadable: /^[\d.]+ (B|[KMGTP]B)$/,
    });
    expect(storage.used).toBeGreaterThan(162);
  });

  it("checkQuota", async () => {
    expect(await checkQuota("llm_tokens", 10)).toMatchObject({
      hasQuota: true,
      message: "Warning: 86.0% of quota will be used",
    });
    expect(await checkQuota("llm_tokens", 200)).toMatchObject({
      hasQuota: false,
      message: "Quota exceeded. Current: 850, Requested: 200, Limit: 1000",
    });
    const unknown = checkQuota("no_such_thing", 1);
    await expect(unknown).rejects.toMatchObject({ status: 422, field: "resourceType" });
  });

  it("getTimeSeries", async () => {
    const series = await getTimeSeries("llm_tokens", 7);
    hasShape(series, [{ date: DAY, amount: "integer" }]);
    expect(series.map(({ amount }) => amount)).toEqual([0, 0, 0, 0, 0, 0, 850]);
    expect(series.map(({ date }) => date)).toEqual(series.map(({ date }) => date).sort());
    expect((await getTimeSeries("llm_tokens")).length).toBe(30);
  });

  it("getUserTier", async () => {
    expect(await getUserTier()).toEqual({ userId: id, tier: "free_trial" });
  });

  it("getMemoryUsage", async () => {
    const usage = await getMemoryUsage();
    hasShape(usage, {
      user_id: "string",
      storage: { total_bytes: "integer", total_human_readable: "string" },
      memory_counts: { stm: "integer", itm: "integer", ltm: "integer", total: "integer" },
      tier_stats: { stm: TIER_STATS, itm: TIER_STATS, ltm: TIER_STATS },
      timestamp: TIME,
    });
    expect(usage.memory_counts).toEqual({ stm: 0, itm: 0, ltm: 1, total: 1 });
    expect(usage.user_id).toBe(id);
  });

  it("checkMemoryQuota", async () => {
    const check = await checkMemoryQuota();
    hasShape(check, {
      has_quota: "boolean",
      message: "string",
      current_usage: "integer",
      limit: "integer",
      percentage_used: "number",
    });
    expect(check.message).toBe("Storage quota available");
  });

  it("checkMemoryQuota of who has no limit", async () => {
    const { nova, id: other } = await newUser();
    const operator = await admin();
    const { tiers } = await operator.admin.tiers.list();
    const unlimited = tiers.find(({ limits }) => limits.memory_storage?.[0] === undefined);
    if (unlimited === undefined) {
      await operator.admin.tiers.put("boundless", { limits: {}, reason: "a test" });
    }
    const tier = unlimited?.name ?? "boundless";
    await operator.admin.users.setTier(other, { tier, reason: "a test" });
    configure(nova);
    expect(await checkMemoryQuota()).toMatchObject({ has_quota: true, limit: "Unlimited" });
  });
});

describe("limits", () => {
  it("refuse with a typed problem", async () => {
    const { id } = await newUser();
    await service.usage.record(tokens(id, 800));
    const refused: unknown = await service.reservations
      .create({ userId: id, amounts: [{ resourceType: "llm_tokens", amount: 300 }] })
      .catch((error: unknown) => error);
    if (!(refused instanceof ProblemError) || !refused.isQuotaExceeded()) throw refused;
    expect(refused).toMatchObject({
      type: "urn:novacore:problem:quota-exceeded",
      status: 429,
      kind: "quota-exceeded",
      title: "Quota exceeded",
      problem: {
        resource_type: "llm_tokens",
        limit: 1000,
        used: 800,
        held: 0,
        requested: 300,
        remaining: 200,
        upgrade_to: "basic",
      },
    });
    hasShape(refused.problem.resets_at, TIME);
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.requestId).toBeDefined();
  });

  it("hold, settle, extend and release", async () => {
    const { id } = await newUser();
    const amounts = [{ resourceType: "llm_tokens", amount: 400 }];
    const { reservationId, decision } = await service.reservations.create({ userId: id, amounts });
    expect(decision.admitted).toBe(true);
    await service.reservations.extend(reservationId, { ttlSeconds: 600 });
    const held = await service.reservations.get(reservationId);
    expect(held).toMatchObject({ status: "open", amounts: [{ reserved: 400, held: 400 }] });
    const used = [{ resourceType: "llm_tokens", amount: 150 }];
    await service.reservations.settle(reservationId, { amounts: used });
    const again = service.reservations.release(reservationId);
    await expect(again).rejects.toMatchObject({
      kind: "reservation-ended",
      problem: { reservation_status: "settled" },
    });
    const second = await service.reservations.create({ userId: id, amounts });
    await service.reservations.release(second.reservationId);
    const own = new NovaCore({ baseUrl: server.url, serviceToken: SERVICE_TOKEN, user: id });
    expect(await own.usage.tokens()).toMatchObject({ used: 150 });
  });
});

describe("idempotency keys", () => {
  it("give the same answer again", async () => {
    const { id } = await newUser();
    const answers: Answer[] = [];
    const options = { idempotencyKey: "once", onAnswer: (answer: Answer) => answers.push(answer) };
    const first = await service.usage.record(tokens(id, 5), options);
    const second = await service.usage.record(tokens(id, 5), options);
    expect(second).toEqual(first);
    expect(answers.map(({ isReplayed }) => isReplayed)).toEqual([false, true]);
    const other = service.usage.record(tokens(id, 6), options);
    await expect(other).rejects.toMatchObject({ status: 409, kind: "key-reused" });
  });

  it("make a write happen once whose answer was lost", async () => {
    const { id } = await newUser();
    const throughProxy = new NovaCore({ baseUrl: proxy.url, serviceToken: SERVICE_TOKEN });
    // Twice the answer is lost in the middle of its head; then it arrives.
    const cuts = [10, 60];
    proxy.cutAfter(() => cuts.shift());
    const answers: Answer[] = [];
    const onAnswer = (answer: Answer) => answers.push(answer);
    await throughProxy.usage.record(tokens(id, 7), { onAnswer });
    expect(answers).toMatchObject([{ isReplayed: true, attempts: 3 }]);
    const own = new NovaCore({ baseUrl: server.url, serviceToken: SERVICE_TOKEN, user: id });
    expect((await own.usage.tokens()).used).toBe(7);
    proxy.cutAfter(undefined);
  });
});

describe("events", () => {
  it("are accepted, replayed and rejected one by one", async () => {
    const { id } = await newUser();
    const event = (eventId: string, resourceType = "llm_tokens") => ({
      type: "tokens.used",
      source: "/agents/eu-1",
      id: eventId,
      subject: id,
      data: { resourceType, amount: 3 },
    });
    await service.events.send(event("a"));
    const report = await service.events.send([event("a"), event("b"), event("c", "nonsense")]);
    expect(report.results.map(({ status }) => status)).toEqual([
      "replayed",
      "accepted",
      "rejected",
    ]);
    expect(report.results[2]?.problem?.status).toBe(422);
  });
});

describe("the stream", () => {
  /** Reads so many events of a user's stream. */
  async function read(nova: NovaCore, take: number, states: StreamState[] = []) {
    const events: StreamEvent[] = [];
    const onState = (state: StreamState) => states.push(state);
    for await (const event of nova.usage.stream({ lastEventId: "0", onState })) {
      events.push(event);
      if (events.length >= take) break;
    }
    return events;
  }

  it("goes on where it was cut, without loss and without saying anything twice", async () => {
    const { nova, id } = await newUser(proxy.url);
    const records = 40;
    // Every connection is cut somewhere else: in its head, in an event, between two.
    let connections = 0;
    proxy.cutAfter(() => {
      connections += 1;
      return 300 + connections * 487;
    });
    const states: StreamState[] = [];
    const reading = read(nova, records, states);
    for (let amount = 1; amount <= records; amount += 1) {
      await service.usage.record(tokens(id, amount));
    }
    const events = await reading;
    proxy.cutAfter(undefined);
    expect(events.map((event) => (event.type === "other" ? event : event.data.amount))).toEqual(
      Array.from({ length: records }, (_, at) => at + 1),
    );
    const lost = states.filter(({ state }) => state === "waiting").length;
    expect(lost, "the connection was cut again and again").toBeGreaterThan(4);
  });

  it("brings what happens while no connection is there", async () => {
    const { nova, id } = await newUser(proxy.url);
    const stream = nova.usage.stream({
      // The connection is cut as soon as it is open, before it has brought anything.
      onState: ({ state }) => {
        if (state === "open" && !wasCut) {
          wasCut = true;
          recorded = service.usage.record(tokens(id, 11));
          proxy.cut();
        }
      },
    });
    let wasCut = false;
    let recorded: Promise<unknown> | undefined;
    const { value } = await stream.next();
    await recorded;
    await stream.return();
    expect(value).toMatchObject({ type: "usage", data: { amount: 11 } });
  });

  it("tells of thresholds", async () => {
    const { nova, id } = await newUser();
    const reading = read(nova, 2);
    await service.usage.record(tokens(id, 900));
    const events = await reading;
    expect(events.map(({ type }) => type)).toEqual(["usage", "threshold"]);
    expect(events[1]).toMatchObject({ data: { threshold: { percent: 80, limit: 1000 } } });
  });

  it("outlives its token", async () => {
    const shortLived = await start({ NOVACORE__AUTH__ACCESS_TTL_SECONDS: "1" });
    try {
      const open = new NovaCore({ baseUrl: shortLived.url });
      const signedIn = await open.auth.register({ email: "a@example.com", password: "12345678" });
      const renewed: SessionTokens[] = [];
      const onRenewed = (tokens: SessionTokens) => renewed.push(tokens);
      const token = sessionToken({ baseUrl: shortLived.url, tokens: signedIn, onRenewed });
      const nova = new NovaCore({ baseUrl: shortLived.url, token });
      const stream = nova.usage.stream({
        lastEventId: "0",
        // The server ends the stream with its token; the next connection has another one.
        onState: ({ state }) => {
          if (state === "open" && renewed.length > 0) {
            const backend = { baseUrl: shortLived.url, serviceToken: SERVICE_TOKEN };
            void new NovaCore(backend).usage.record(tokens(signedIn.user.id, 3));
          }
        },
      });
      const { value } = await stream.next();
      await stream.return();
      expect(value).toMatchObject({ data: { amount: 3 } });
      expect(renewed.length).toBeGreaterThan(0);
    } finally {
      await shortLived.stop();
    }
  });
});

describe("pages", () => {
  it("of entries are walked through", async () => {
    const { nova, id } = await newUser();
    for (let amount = 1; amount <= 5; amount += 1) await service.usage.record(tokens(id, amount));
    const amounts: number[] = [];
    for await (const entry of nova.usage.allEntries({ limit: 2, kind: ["record", "settle"] })) {
      amounts.push(entry.amount);
    }
    expect(amounts).toEqual([5, 4, 3, 2, 1]);
  });
});

describe("memories", () => {
  it("are stored, found, changed and forgotten", async () => {
    const { nova } = await newUser();
    const { memory } = nova;
    const ask: Shapes["BulkMemory"] = {
      type: "lesson",
      tier: "itm",
      input_context: "The dog is Rex",
      tags: ["a", "b"],
    };
    const stored = await memory.store(ask);
    expect(await memory.get(stored.id)).toMatchObject({ input_context: "The dog is Rex" });
    const found = await memory.search({ query: "dog", mode: "keyword", limit: 5 });
    expect(found.results.map(({ id }) => id)).toEqual([stored.id]);
    expect((await memory.list({ tag: ["a", "b"] })).total).toBe(1);
    expect((await memory.list({ tag: ["a", "c"] })).total).toBe(0);
    const changed = await memory.update(stored.id, { outcome: "success", tags: null });
    expect(changed).toMatchObject({ outcome: "success", tags: [] });
    expect((await memory.promote(stored.id, "ltm")).tier).toBe("ltm");
    expect((await memory.intermediate()).total).toBe(0);
    expect((await memory.stats()).by_type).toMatchObject({ lesson: 1 });
    await memory.storeTurn("chat 1", { input: "Hello", output: "Hi" });
    expect((await memory.turns("chat 1")).total).toBe(1);
    const context = await memory.context({ session_id: "chat 1", query: "dog", limit: 3 });
    expect(context.stm.length).toBe(1);
    expect((await memory.clearTurns("chat 1")).memories_forgotten).toBe(1);
    expect((await memory.delete(stored.id)).success).toBe(true);
    await expect(memory.get(stored.id)).rejects.toMatchObject({ status: 404 });
    await memory.storeMany({ memories: [ask, ask] });
    expect((await memory.forget({ all: true })).memories_forgotten).toBe(2);
  });
});

describe("accounts", () => {
  it("sign in, renew, make keys and sign out", async () => {
    const { nova, credentials, signedIn } = await newUser();
    const wrong = nova.auth.login({ ...credentials, password: "something else" });
    await expect(wrong).rejects.toMatchObject({ status: 401, kind: "wrong-login" });
    const again = await nova.auth.login(credentials);
    expect((await nova.auth.me()).email).toBe(credentials.email);
    const third = await nova.auth.login(credentials);
    const { sessions } = await nova.auth.sessions();
    expect(sessions.length).toBe(3);
    const newest = [...sessions].sort((a, b) => a.createdAt.localeCompare(b.createdAt)).at(-1);
    await nova.auth.endSession(newest?.id ?? "");
    await expect(nova.auth.refresh(third.refreshToken)).rejects.toMatchObject({ status: 401 });
    const made = await nova.auth.keys.create({ name: "mine", scopes: ["usage:read"] });
    const byKey = new NovaCore({ baseUrl: server.url, token: made.key });
    expect((await byKey.usage.quota()).userId).toBe(signedIn.user.id);
    expect((await nova.auth.keys.list()).keys.map(({ name }) => name)).toEqual(["mine"]);
    await nova.auth.keys.revoke(made.id);
    await expect(byKey.usage.tier()).rejects.toMatchObject({ status: 401 });
    const renewed = await nova.auth.refresh(again.refreshToken);
    await nova.auth.logout(renewed.refreshToken);
    await expect(nova.auth.refresh(renewed.refreshToken)).rejects.toMatchObject({ status: 401 });
    await nova.auth.logoutAll();
    await expect(nova.auth.refresh(signedIn.refreshToken)).rejects.toBeInstanceOf(ProblemError);
  });

  it("are looked after by an administrator", async () => {
    const { nova, id, credentials } = await newUser();
    const operator = (await admin()).admin;
    expect((await operator.users.list({ search: credentials.email })).users[0]?.id).toBe(id);
    const ids: string[] = [];
    for await (const user of operator.users.all({ limit: 1 })) ids.push(user.id);
    expect(ids).toContain(id);
    await operator.users.setTier(id, { tier: "basic", reason: "a test" });
    expect((await nova.usage.tier()).tier).toBe("basic");
    await operator.overrides.put(id, "llm_tokens", { cap: 12, reason: "a test" });
    expect((await operator.overrides.get(id, "llm_tokens")).cap).toBe(12);
    expect((await nova.usage.tokens()).limit).toBe(12);
    const { resources } = await nova.usage.limits();
    const limited = resources.find(({ resourceType }) => resourceType === "llm_tokens");
    expect(limited?.limits[0]?.cap).toBe(12);
    await operator.overrides.remove(id, "llm_tokens", { reason: "the test is over" });
    expect((await operator.tiers.get("basic")).name).toBe("basic");
    expect((await operator.usage({ days: 7, top: 3 })).days).toBe(7);
    expect((await operator.embeddings()).available).toBe(false);
    await nova.memory.store({ type: "task", tier: "ltm", input_context: "To be erased" });
    const erased = await operator.users.eraseMemories(id, { reason: "a test" });
    expect(erased.memories_forgotten).toBe(1);
    const actions: string[] = [];
    for await (const entry of operator.allAudit({ limit: 2 })) actions.push(entry.action);
    expect(actions.length).toBeGreaterThanOrEqual(4);
    await operator.users.setDisabled(id, { disabled: true, reason: "a test" });
    await expect(nova.usage.tier()).rejects.toMatchObject({ kind: "account-disabled" });
    await operator.users.setRole(id, { role: "subscriber", reason: "a test" });
    expect((await operator.users.get(id)).role).toBe("subscriber");
    await expect(nova.admin.users.list()).rejects.toMatchObject({ status: 403 });
    expect((await new NovaCore({ baseUrl: server.url }).status()).status).toBe("ok");
  });
});
