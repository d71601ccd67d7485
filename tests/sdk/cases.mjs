// What the auditor is told: one line for each case, after which he compares ledger and provider.
import { createInterface } from "node:readline";

export const URL_OF = process.env.NOVACORE_URL;
export const KEY = process.env.NOVACORE_KEY;
const verdicts = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// The case is over; the provider was called so often. Does not return if it is wrong.
export async function over(name, calls, slack = 0) {
  process.stdout.write(JSON.stringify({ case: name, calls, slack }) + "\n");
  const verdict = await verdicts.next();
  if (verdict.value !== "ok") {
    console.error(`the auditor does not agree with: ${name}`);
    process.exit(1);
  }
}

export function check(holds, what) {
  if (!holds) throw new Error(`unexpected: ${JSON.stringify(what)}`);
}

export const say = (words) => [{ role: "user", content: `say ${words}` }];
export const words = (text) => (text ?? "").split("hello").length - 1;
export const pick = async (stream, map) => {
  const found = [];
  for await (const event of stream) found.push(map(event));
  return found;
};

export const WEATHER = {
  type: "object",
  properties: { city: { type: "string" }, n: { type: "array", items: { type: "number" } } },
};
// What the tool of the mock is given.
export const WANTED = JSON.stringify({ city: "Grünau", n: [1, 2] });
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" +
  "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

// A fetch that counts.
export function counted() {
  const tries = { count: 0 };
  tries.fetch = (url, options) => {
    tries.count += 1;
    return fetch(url, options);
  };
  return tries;
}

// The error of this kind, after so many tries.
export async function refused(kind, want, tries, call) {
  try {
    await call();
  } catch (error) {
    check(error instanceof kind && error.requestID, [String(error), kind.name]);
    check(tries.count === want, [kind.name, tries.count]);
    return error;
  }
  throw new Error(`no ${kind.name}`);
}
