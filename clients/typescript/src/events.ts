// CloudEvents: what has happened, never refused for quota.

import type { Http } from "./http.js";
import type { CallOptions } from "./options.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];

/** An event to send. `source` and `id` together are its idempotency key. */
export type NewEvent = Omit<Schemas["UsageEvent"], "specversion" | "id"> & {
  /** Made if left out, and kept over retries of the call. */
  id?: string | undefined;
};

export class Events {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * Sends one event, or up to 1,000. The report has one result for each, in order: `accepted`,
   * `replayed`, or `rejected` with a problem. Those rejected with a status of 503 may be sent again.
   */
  send(
    events: NewEvent | readonly NewEvent[],
    options?: CallOptions,
  ): Promise<Schemas["EventsReport"]> {
    const list = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent];
    const body = list.map((event) => ({
      ...event,
      specversion: "1.0",
      id: event.id ?? this.#http.chance.uuid(),
    }));
    const media = "application/cloudevents-batch+json";
    const call = { body, media, repeat: "safe" } as const;
    return this.#http.call("post", "/api/usage/events", call, options);
  }
}
