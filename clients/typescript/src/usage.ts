// Calls about usage: reports, entries, the live stream, and what is recorded.

import type { Http } from "./http.js";
import type { CallOptions, WriteOptions } from "./options.js";
import { paged } from "./pages.js";
import type { components } from "./schema.js";
import { type Entry, type StreamEvent, type StreamOptions, streamUsage } from "./stream.js";

type Schemas = components["schemas"];

/** Which entries. */
export interface EntriesFilter {
  resourceType?: string | undefined;
  /** Kinds of entries, such as `record` and `settle`. */
  kind?: Schemas["EntryKind"] | readonly Schemas["EntryKind"][] | undefined;
  /** RFC 3339; from then on. */
  from?: string | undefined;
  /** RFC 3339; before then. */
  until?: string | undefined;
  /** 1 to 500 rows of a page. */
  limit?: number | undefined;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

export class Usage {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Use of the last 1 to 365 days, limits and warnings. */
  stats(days = 30, options?: CallOptions): Promise<Schemas["Stats"]> {
    return this.#http.get("/api/usage/stats", options, { query: { days } });
  }

  /** Tokens of the current window. */
  tokens(options?: CallOptions): Promise<Schemas["Tokens"]> {
    return this.#http.get("/api/usage/tokens", options);
  }

  /** What is stored now. */
  storage(options?: CallOptions): Promise<Schemas["Storage"]> {
    return this.#http.get("/api/usage/storage", options);
  }

  /** Tokens, messages, storage and agent minutes against their limits. */
  quota(options?: CallOptions): Promise<Schemas["Quota"]> {
    return this.#http.get("/api/usage/quota", options);
  }

  /** Every limit with its counters, and what the next tier gives. */
  limits(options?: CallOptions): Promise<Schemas["Limits"]> {
    return this.#http.get("/api/usage/limits", options);
  }

  tier(options?: CallOptions): Promise<Schemas["TierOf"]> {
    return this.#http.get("/api/usage/tier", options);
  }

  /** One row for each of the last 1 to 365 days, ascending. */
  timeseries(resource: string, days = 30, options?: CallOptions): Promise<Schemas["DayRow"][]> {
    const call = { path: { resource }, query: { days } };
    return this.#http.get("/api/usage/timeseries/{resource}", options, call);
  }

  /** One row for each of the last 1 to 365 days, newest first, all resources in it. */
  history(days = 30, options?: CallOptions): Promise<Schemas["History"]> {
    return this.#http.get("/api/usage/history", options, { query: { days } });
  }

  /** Asks whether so much would fit now; nothing is set aside. */
  checkQuota(
    resourceType: string,
    amount: number,
    options?: CallOptions,
  ): Promise<Schemas["CheckQuota"]> {
    const call = { body: { resourceType, amount }, repeat: "safe" } as const;
    return this.#http.call("post", "/api/usage/check-quota", call, options);
  }

  /** Records what was used; with `enforce` it is refused with 429 if it does not fit. */
  record(ask: Schemas["RecordRequest"], options?: WriteOptions): Promise<Schemas["Recorded"]> {
    const call = { body: ask, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/usage/record", call, options);
  }

  /** One page of entries, newest first. */
  entries(filter: EntriesFilter = {}, options?: CallOptions): Promise<Schemas["EntryPage"]> {
    const { kind, ...rest } = filter;
    const kinds = typeof kind === "string" || kind === undefined ? kind : kind.join(",");
    const query = { ...rest, kind: kinds };
    return this.#http.get("/api/usage/entries", options, { query });
  }

  /** All entries, newest first, page by page. */
  allEntries(filter: EntriesFilter = {}, options?: CallOptions): AsyncGenerator<Entry, void> {
    return paged(filter.cursor, async (cursor) => {
      const page = await this.entries({ ...filter, cursor }, options);
      return { rows: page.entries, next: page.nextCursor };
    });
  }

  /** Usage as it happens: `for await (const event of client.usage.stream()) ..` */
  stream(options?: StreamOptions): AsyncGenerator<StreamEvent, void, undefined> {
    return streamUsage(this.#http, options);
  }
}
