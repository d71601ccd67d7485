// An administrator's calls. Every write is in the audit log, so that each is sent once.

import type { Http } from "./http.js";
import type { CallOptions } from "./options.js";
import { paged } from "./pages.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];

/** A page of a list. */
export interface PageAsk {
  limit?: number | undefined;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

export class Admin {
  readonly tiers: Tiers;
  readonly users: Users;
  readonly overrides: Overrides;
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
    this.tiers = new Tiers(http);
    this.users = new Users(http);
    this.overrides = new Overrides(http);
  }

  /** Totals of the last days, and the `top` users of each resource. */
  usage(
    ask: { days?: number; top?: number } = {},
    options?: CallOptions,
  ): Promise<Schemas["Overview"]> {
    return this.#http.get("/api/admin/usage", options, { query: { ...ask } });
  }

  /** One page of the audit log, newest first. */
  audit(ask: PageAsk & { target?: string } = {}, options?: CallOptions) {
    return this.#http.get("/api/admin/audit", options, { query: { ...ask } });
  }

  /** The whole audit log, newest first, page by page. */
  allAudit(
    ask: PageAsk & { target?: string } = {},
    options?: CallOptions,
  ): AsyncGenerator<Schemas["AuditView"], void> {
    return paged(ask.cursor, async (cursor) => {
      const page = await this.audit({ ...ask, cursor }, options);
      return { rows: page.entries, next: page.nextCursor };
    });
  }

  /** How far embedding of memories has come. */
  embeddings(options?: CallOptions): Promise<Schemas["EmbeddingProgress"]> {
    return this.#http.get("/api/admin/memory/embeddings", options);
  }
}

export class Tiers {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  list(options?: CallOptions): Promise<Schemas["TierList"]> {
    return this.#http.get("/api/admin/tiers", options);
  }

  get(name: string, options?: CallOptions): Promise<Schemas["TierView"]> {
    return this.#http.get("/api/admin/tiers/{name}", options, { path: { name } });
  }

  /** Makes a tier, or puts these limits in the place of its own. */
  put(
    name: string,
    ask: Schemas["PutTierRequest"],
    options?: CallOptions,
  ): Promise<Schemas["TierView"]> {
    const call = { path: { name }, body: ask, repeat: "once" } as const;
    return this.#http.call("put", "/api/admin/tiers/{name}", call, options);
  }
}

export class Users {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** One page of users. */
  list(ask: PageAsk & { search?: string } = {}, options?: CallOptions) {
    return this.#http.get("/api/admin/users", options, { query: { ...ask } });
  }

  /** All users, page by page. */
  all(
    ask: PageAsk & { search?: string } = {},
    options?: CallOptions,
  ): AsyncGenerator<Schemas["UserView"], void> {
    return paged(ask.cursor, async (cursor) => {
      const page = await this.list({ ...ask, cursor }, options);
      return { rows: page.users, next: page.nextCursor };
    });
  }

  get(id: string, options?: CallOptions): Promise<Schemas["UserView"]> {
    return this.#http.get("/api/admin/users/{id}", options, { path: { id } });
  }

  /** In force for the user's next call. */
  setTier(
    id: string,
    ask: Schemas["SetTierRequest"],
    options?: CallOptions,
  ): Promise<Schemas["UserView"]> {
    const call = { path: { id }, body: ask, repeat: "once" } as const;
    return this.#http.call("put", "/api/admin/users/{id}/tier", call, options);
  }

  setRole(
    id: string,
    ask: Schemas["SetRoleRequest"],
    options?: CallOptions,
  ): Promise<Schemas["UserView"]> {
    const call = { path: { id }, body: ask, repeat: "once" } as const;
    return this.#http.call("put", "/api/admin/users/{id}/role", call, options);
  }

  setDisabled(
    id: string,
    ask: Schemas["SetDisabledRequest"],
    options?: CallOptions,
  ): Promise<Schemas["UserView"]> {
    const call = { path: { id }, body: ask, repeat: "once" } as const;
    return this.#http.call("put", "/api/admin/users/{id}/disabled", call, options);
  }

  /** Erases all memories of a user. */
  eraseMemories(
    id: string,
    ask: Schemas["EraseRequest"],
    options?: CallOptions,
  ): Promise<Schemas["Erased"]> {
    const call = { path: { id }, body: ask, repeat: "once" } as const;
    return this.#http.call("delete", "/api/admin/users/{id}/memories", call, options);
  }
}

export class Overrides {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** `limit` names one of several limits of the resource. */
  get(
    id: string,
    resource: string,
    ask: { limit?: string } = {},
    options?: CallOptions,
  ): Promise<Schemas["OverrideView"]> {
    const call = { path: { id, resource }, query: { ...ask } };
    return this.#http.get("/api/admin/users/{id}/overrides/{resource}", options, call);
  }

  put(
    id: string,
    resource: string,
    ask: Schemas["PutOverrideRequest"] & { limit?: string },
    options?: CallOptions,
  ): Promise<Schemas["OverrideView"]> {
    const { limit, ...body } = ask;
    const call = { path: { id, resource }, query: { limit }, body, repeat: "once" } as const;
    return this.#http.call("put", "/api/admin/users/{id}/overrides/{resource}", call, options);
  }

  remove(
    id: string,
    resource: string,
    ask: { reason: string; limit?: string },
    options?: CallOptions,
  ): Promise<Schemas["Done"]> {
    const call = { path: { id, resource }, query: { ...ask }, repeat: "once" } as const;
    return this.#http.call("delete", "/api/admin/users/{id}/overrides/{resource}", call, options);
  }
}
