import { describe, expect, it } from "vitest";
import { type SentEvent, SseParser } from "../../src/sse.js";

const TEXT = [
  '\uFEFFid: 1\nevent: usage\ndata: {"a":1}\n\n',
  ": heartbeat\n\n",
  "id: 2\r\nevent: threshold\r\ndata: one\r\ndata: two é 🦀\r\n\r\n",
  "event:later\rdata:no space\rdata\rdata:  two spaces\r\r",
  "retry: 1500\nretry: soon\nunknown: x\ndata: without a name\n\n",
  "id: 3\0\ndata: the id stays\n\n",
  "event: has no data\n\n",
  "data: forgets the name\n\n",
  "id\ndata: takes the id away\n\n",
  "id: 9\nevent: usage\ndata: unfinished\n",
].join("");

const WANT: SentEvent[] = [
  { name: "usage", data: '{"a":1}', lastId: "1" },
  { name: "threshold", data: "one\ntwo é 🦀", lastId: "2" },
  { name: "later", data: "no space\n\n two spaces", lastId: "2" },
  { name: "message", data: "without a name", lastId: "2" },
  { name: "message", data: "the id stays", lastId: "2" },
  { name: "message", data: "forgets the name", lastId: "2" },
  { name: "message", data: "takes the id away", lastId: "" },
];

function parsed(pieces: Uint8Array[]): { events: SentEvent[]; retryMs: number | undefined } {
  const parser = new SseParser();
  const events = pieces.flatMap((piece) => parser.push(piece));
  return { events, retryMs: parser.retryMs };
}

describe("server-sent events", () => {
  const bytes = new TextEncoder().encode(TEXT);

  it("are read as the standard says", () => {
    expect(parsed([bytes])).toEqual({ events: WANT, retryMs: 1500 });
  });

  it("are the same when cut at any byte", () => {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(parsed(pieces), `cut at ${cut}`).toEqual({ events: WANT, retryMs: 1500 });
    }
  });

  it("are the same in pieces of any size", () => {
    for (let size = 1; size <= 7; size += 1) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      expect(parsed(pieces).events, `pieces of ${size}`).toEqual(WANT);
    }
  });

  it("begin with the id that is known", () => {
    const events = new SseParser("41").push(new TextEncoder().encode("data: x\n\n"));
    expect(events).toEqual([{ name: "message", data: "x", lastId: "41" }]);
  });

  it.each([
    ["a line", "data: "],
    ["lines", ""],
  ])("may not grow without end: %s", (_, begin) => {
    const parser = new SseParser();
    parser.push(new TextEncoder().encode(begin));
    const piece = new TextEncoder().encode(
      begin === "" ? `data: ${"x".repeat(65_530)}\n` : "x".repeat(65_536),
    );
    expect(() => {
      for (let count = 0; count < 65; count += 1) parser.push(piece);
    }).toThrow("too long");
  });
});
