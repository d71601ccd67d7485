// Setting headroom aside before work whose size is not known, and settling it afterwards.

import type { Http } from "./http.js";
import type { CallOptions, WriteOptions } from "./options.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];

export class Reservations {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** All amounts are set aside, or none: then it is a 429 with the numbers of the limit. */
  create(ask: Schemas["ReserveRequest"], options?: WriteOptions): Promise<Schemas["Reserved"]> {
    const call = { body: ask, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/usage/reservations", call, options);
  }

  /** Charges what was used, which may be more; with `final: false` it is progress. */
  settle(
    id: string,
    ask: Schemas["SettleRequest"],
    options?: WriteOptions,
  ): Promise<Schemas["Settled"]> {
    const call = { path: { id }, body: ask, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/usage/reservations/{id}/settle", call, options);
  }

  /** Sets more aside, or for longer. */
  extend(
    id: string,
    ask: Schemas["ExtendRequest"] = {},
    options?: WriteOptions,
  ): Promise<Schemas["Reserved"]> {
    const call = { path: { id }, body: ask, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/usage/reservations/{id}/extend", call, options);
  }

  /** Nothing was used. */
  release(id: string, options?: WriteOptions): Promise<Schemas["Settled"]> {
    const call = { path: { id }, repeat: "keyed" } as const;
    return this.#http.call("post", "/api/usage/reservations/{id}/release", call, options);
  }

  /** Where it stands. */
  get(id: string, options?: CallOptions): Promise<Schemas["Reservation"]> {
    return this.#http.get("/api/usage/reservations/{id}", options, { path: { id } });
  }
}
