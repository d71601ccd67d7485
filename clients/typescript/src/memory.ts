// Calls about memories.

import type { Http } from "./http.js";
import type { CallOptions, WriteOptions } from "./options.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];

/** Which memories. Those that fit every condition. */
export interface MemoryFilter {
  tier?: Schemas["MemoryTier"] | undefined;
  memory_type?: Schemas["MemoryType"] | undefined;
  session_id?: string | undefined;
  /** All of these have to be there. */
  tag?: string | readonly string[] | undefined;
  /** RFC 3339. */
  created_from?: string | undefined;
  created_to?: string | undefined;
  min_confidence?: number | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

export class Memories {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Stores one; 429 if its bytes do not fit. */
  store(ask: Schemas["StoreRequest"], options?: WriteOptions): Promise<Schemas["Memory"]> {
    const call = { body: ask, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/memory/store", call, options);
  }

  /** Stores up to 100: all or none, or with `mode: "each"` each for itself. */
  storeMany(ask: Schemas["BulkRequest"], options?: WriteOptions): Promise<Schemas["BulkAnswer"]> {
    const call = { body: ask, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/memory/bulk", call, options);
  }

  get(id: string, options?: CallOptions): Promise<Schemas["Memory"]> {
    return this.#http.get("/api/memory/retrieve/{id}", options, { path: { id } });
  }

  /** One page, newest first. */
  list(filter: MemoryFilter = {}, options?: CallOptions): Promise<Schemas["MemoryPage"]> {
    return this.#http.get("/api/memory/list", options, { query: { ...filter } });
  }

  /** What fits a query, by meaning or by words. */
  search(ask: Schemas["SearchRequest"], options?: CallOptions): Promise<Schemas["SearchResults"]> {
    const call = { body: ask, repeat: "safe" } as const;
    return this.#http.call("post", "/api/memory/search", call, options);
  }

  /** Changes one: what is left out stays, null takes away. */
  update(
    id: string,
    ask: Schemas["UpdateRequest"],
    options?: WriteOptions,
  ): Promise<Schemas["Memory"]> {
    const call = { path: { id }, body: ask, repeat: "keyed" } as const;
    return this.#http.call("patch", "/api/memory/update/{id}", call, options);
  }

  /** Lifts one to a tier in which it is kept longer. */
  promote(
    id: string,
    targetTier: Schemas["MemoryTier"],
    options?: WriteOptions,
  ): Promise<Schemas["Memory"]> {
    const call = { path: { id }, body: { target_tier: targetTier }, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/memory/promote/{id}", call, options);
  }

  delete(id: string, options?: WriteOptions): Promise<Schemas["Deleted"]> {
    const call = { path: { id }, repeat: "keyed" } as const;
    return this.#http.call("delete", "/api/memory/delete/{id}", call, options);
  }

  /** Forgets what fits every condition; `{all: true}` for everything. */
  forget(ask: Schemas["ForgetRequest"], options?: WriteOptions): Promise<Schemas["Forgotten"]> {
    const call = { body: ask, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/memory/forget", call, options);
  }

  /** Stores a turn of a conversation. */
  storeTurn(
    sessionId: string,
    turn: Schemas["StmRequest"],
    options?: WriteOptions,
  ): Promise<Schemas["Memory"]> {
    const call = { query: { session_id: sessionId }, body: turn, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/memory/stm/store", call, options);
  }

  /** The turns of a session, newest first. */
  turns(
    sessionId: string,
    limit?: number,
    options?: CallOptions,
  ): Promise<Schemas["SessionMemories"]> {
    const call = { path: { session_id: sessionId }, query: { limit } };
    return this.#http.get("/api/memory/stm/retrieve/{session_id}", options, call);
  }

  clearTurns(sessionId: string, options?: WriteOptions): Promise<Schemas["Forgotten"]> {
    const call = { path: { session_id: sessionId }, repeat: "keyed" } as const;
    return this.#http.call("delete", "/api/memory/stm/clear/{session_id}", call, options);
  }

  /** What is kept for a week. */
  intermediate(limit?: number, options?: CallOptions): Promise<Schemas["MemoryPage"]> {
    return this.#http.get("/api/memory/itm/retrieve", options, { query: { limit } });
  }

  /** What to have in mind for the next call of a model. */
  context(
    ask: { session_id?: string; query?: string; limit?: number } = {},
    options?: CallOptions,
  ): Promise<Schemas["ContextParts"]> {
    return this.#http.get("/api/memory/context", options, { query: { ...ask } });
  }

  /** How much is stored, by tier. */
  usage(options?: CallOptions): Promise<Schemas["MemoryUsage"]> {
    return this.#http.get("/api/memory/usage", options);
  }

  /** Whether there is room for more. */
  checkQuota(options?: CallOptions): Promise<Schemas["QuotaCheck"]> {
    return this.#http.get("/api/memory/usage/quota-check", options);
  }

  /** As `usage`, by type too, and how embedding is doing. */
  stats(options?: CallOptions): Promise<Schemas["MemoryStats"]> {
    return this.#http.get("/api/memory/stats", options);
  }
}
