// The client: one group of calls for each part of the API.

import { Admin } from "./admin.js";
import { Auth } from "./auth.js";
import { Events } from "./events.js";
import { type Chance, Http } from "./http.js";
import { Memories } from "./memory.js";
import type { CallOptions, ClientOptions } from "./options.js";
import { Reservations } from "./reservations.js";
import type { components } from "./schema.js";
import { Usage } from "./usage.js";

export class NovaCore {
  readonly usage: Usage;
  readonly reservations: Reservations;
  readonly events: Events;
  readonly memory: Memories;
  readonly auth: Auth;
  readonly admin: Admin;
  readonly #http: Http;

  /** `chance` is for tests. */
  constructor(options: ClientOptions = {}, chance?: Chance) {
    const http = new Http(options, chance);
    this.#http = http;
    this.usage = new Usage(http);
    this.reservations = new Reservations(http);
    this.events = new Events(http);
    this.memory = new Memories(http);
    this.auth = new Auth(http);
    this.admin = new Admin(http);
  }

  /** Whether the server and its upstreams are well; needs no credential. */
  status(options?: CallOptions): Promise<components["schemas"]["Status"]> {
    const call = { repeat: "safe", isOpen: true } as const;
    return this.#http.call("get", "/api/status", call, options);
  }
}
