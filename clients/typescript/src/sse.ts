// Parses server-sent events, as the HTML standard says, out of bytes that come in any pieces.
//
// Bound: what is kept of an unfinished event is at most EVENT_CHARS_MAX.
// Not here: connections, and what events mean.

import { AnswerError } from "./errors.js";

const EVENT_CHARS_MAX = 4 * 1024 * 1024;

/** An event as it was sent. */
export interface SentEvent {
  /** `message` if the event has no name. */
  readonly name: string;
  readonly data: string;
  /** The last id that was sent, with this event or before it; empty if none was. */
  readonly lastId: string;
}

export class SseParser {
  /** The pause before a new connection that the server asked for last. */
  retryMs: number | undefined;
  readonly #decoder = new TextDecoder("utf-8");
  #rest = "";
  /** The last character was a CR, so that an LF now belongs to it. */
  #isAfterCr = false;
  #name = "";
  #data: string[] = [];
  #dataChars = 0;
  #lastId: string;

  constructor(lastId = "") {
    this.#lastId = lastId;
  }

  /** The events that these bytes complete. */
  push(bytes: Uint8Array): SentEvent[] {
    const events: SentEvent[] = [];
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return events;
    if (this.#isAfterCr && text.startsWith("\n")) text = text.slice(1);
    // Of "" the CR was not the last character any more only if something came after it.
    if (text !== "") this.#isAfterCr = text.endsWith("\r");
    else this.#isAfterCr = false;
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    if (this.#rest.length + this.#dataChars > EVENT_CHARS_MAX) {
      throw new AnswerError("an event of the stream is too long", 200);
    }
    return events;
  }

  #line(line: string): SentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    // A comment: the heartbeat.
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    switch (field) {
      case "event":
        this.#name = value;
        break;
      case "data":
        this.#data.push(value);
        this.#dataChars += value.length + 1;
        break;
      case "id":
        if (!value.includes("\0")) this.#lastId = value;
        break;
      case "retry":
        if (/^\d{1,9}$/.test(value)) this.retryMs = Number(value);
        break;
      default:
        break;
    }
    return undefined;
  }

  #dispatch(): SentEvent | undefined {
    const [name, data] = [this.#name, this.#data];
    this.#name = "";
    this.#data = [];
    this.#dataChars = 0;
    if (data.length === 0) return undefined;
    return { name: name === "" ? "message" : name, data: data.join("\n"), lastId: this.#lastId };
  }
}
