// The reader of server-sent events.
// Source: the event stream interpretation of the HTML standard, section 9.2.6.

export interface ServerEvent {
  name: string;
  data: string;
  /** The id in force: what to send as Last-Event-ID. */
  id: string | null;
}

/** Takes pieces of a stream, cut anywhere, and gives the events that have become whole. */
export class EventReader {
  #rest = "";
  #data: string[] = [];
  #name = "";
  #id: string | null = null;

  push(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let text = this.#rest + piece;
    // A CR at the very end may be half of a CRLF.
    const held = text.endsWith("\r") ? "\r" : "";
    if (held) text = text.slice(0, -1);
    const lines = text.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + held;
    for (const line of lines) {
      const event = this.#line(line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#name = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #end(): ServerEvent | null {
    const [name, data] = [this.#name || "message", this.#data];
    this.#name = "";
    this.#data = [];
    return data.length === 0 ? null : { name, data: data.join("\n"), id: this.#id };
  }
}
