import { expect, test } from "vitest";
import { EventReader, type ServerEvent } from "./sse";

const stream =
  ': heartbeat\n\nid: 7\nevent: usage\ndata: {"a":\ndata: 1}\n\r\ndata:last\r\n\r\nevent: refusal\rdata: x\r\r';
const events: ServerEvent[] = [
  { name: "usage", data: '{"a":\n1}', id: "7" },
  { name: "message", data: "last", id: "7" },
  { name: "refusal", data: "x", id: "7" },
];

/** A CR at the very end waits for what may be its LF. */
const read = (pieces: string[]) => {
  const reader = new EventReader();
  return [...pieces, "\n"].flatMap((piece) => reader.push(piece));
};

test("events are read whole wherever the stream is cut", () => {
  for (let cut = 0; cut <= stream.length; cut += 1) {
    expect(read([stream.slice(0, cut), stream.slice(cut)])).toEqual(events);
  }
  expect(read([...stream])).toEqual(events);
});

test("an event without data is none, and an id with a NUL is not taken", () => {
  expect(read(["event: usage\n\nid: a\0b\ndata: x\n\n"])).toEqual([{ name: "message", data: "x", id: null }]);
});
