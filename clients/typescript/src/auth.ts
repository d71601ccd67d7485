// Accounts, sessions and API keys. None of these calls has an idempotency key: a write is sent once.

import type { Http } from "./http.js";
import type { CallOptions } from "./options.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];

/** The two tokens of a session. */
export interface SessionTokens {
  accessToken: string;
  refreshToken: string;
}

/** Who has signed in. Only a page that asks for a cookie is answered without a refresh token. */
export type SignedIn = Schemas["SignedIn"] & SessionTokens;

export class Auth {
  readonly keys: Keys;
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
    this.keys = new Keys(http);
  }

  register(ask: Schemas["Credentials"], options?: CallOptions): Promise<SignedIn> {
    const call = { body: ask, repeat: "once", isOpen: true } as const;
    return this.#http.call("post", "/api/auth/register", call, options) as Promise<SignedIn>;
  }

  login(ask: Schemas["Credentials"], options?: CallOptions): Promise<SignedIn> {
    const call = { body: ask, repeat: "once", isOpen: true } as const;
    return this.#http.call("post", "/api/auth/login", call, options) as Promise<SignedIn>;
  }

  /** New tokens. The refresh token is used up, and the session ends if it is used later again. */
  async refresh(refreshToken: string, options?: CallOptions): Promise<SessionTokens> {
    // For half a minute the same token is taken once more and answered alike: one retry, no more.
    const retriesMax = Math.min(1, options?.retriesMax ?? 1);
    const call = { body: { refreshToken }, repeat: "safe", isOpen: true } as const;
    const told = { ...options, retriesMax };
    const tokens = await this.#http.call("post", "/api/auth/refresh", call, told);
    return tokens as SessionTokens;
  }

  /** Ends the session of this refresh token. */
  logout(refreshToken: string, options?: CallOptions): Promise<Schemas["Done"]> {
    const call = { body: { refreshToken }, repeat: "once", isOpen: true } as const;
    return this.#http.call("post", "/api/auth/logout", call, options);
  }

  /** Ends all sessions of the caller. */
  logoutAll(options?: CallOptions): Promise<Schemas["SessionsEnded"]> {
    return this.#http.call("post", "/api/auth/logout-all", { repeat: "once" }, options);
  }

  me(options?: CallOptions): Promise<Schemas["Me"]> {
    return this.#http.get("/api/auth/me", options);
  }

  sessions(options?: CallOptions): Promise<Schemas["SessionList"]> {
    return this.#http.get("/api/auth/sessions", options);
  }

  /** Ends one session of the caller. */
  endSession(id: string, options?: CallOptions): Promise<Schemas["Done"]> {
    const call = { path: { id }, repeat: "once" } as const;
    return this.#http.call("delete", "/api/auth/sessions/{id}", call, options);
  }
}

export class Keys {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Makes a key. `key` is shown this once. */
  create(ask: Schemas["KeyRequest"], options?: CallOptions): Promise<Schemas["NewKey"]> {
    return this.#http.call("post", "/api/auth/keys", { body: ask, repeat: "once" }, options);
  }

  list(options?: CallOptions): Promise<Schemas["KeyList"]> {
    return this.#http.get("/api/auth/keys", options);
  }

  revoke(id: string, options?: CallOptions): Promise<Schemas["Done"]> {
    const call = { path: { id }, repeat: "once" } as const;
    return this.#http.call("delete", "/api/auth/keys/{id}", call, options);
  }
}
