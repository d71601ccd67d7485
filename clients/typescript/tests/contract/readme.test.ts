// The examples of the README, as they stand there, with the package as it is built.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NovaCore } from "../../src/index.js";
import { SERVICE_TOKEN, type Server, start } from "./server.js";

const ROOT = join(import.meta.dirname, "../..");
const README = await readFile(join(ROOT, "README.md"), "utf8");
const EXAMPLES = [...README.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code ?? "");

/** What each example prints. */
const PRINTED = [
  /^100 of 1000 tokens\n(.+ %\n)*llm_tokens 100 tokens 10 %\n/,
  /^eve@example\.com\n$/,
  /^750 tokens left until .+Z; .+ would do\n$/,
  /^1 0 0\n$/,
  /^connecting\nopen\n1 llm_tokens 100\n$/,
  /^My dog is called Rex\n$/,
  /^last_30_days\n1000\n(Warning|Quota)/,
];

let server: Server;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  server = await start();
  // Within the package, so that it finds itself by its name.
  folder = await mkdtemp(join(ROOT, "tests", "readme-"));
  const open = new NovaCore({ baseUrl: server.url });
  const signedIn = await open.auth.register({ email: "u@example.com", password: "correct horse" });
  environment = {
    NOVACORE_URL: server.url,
    NOVACORE_TOKEN: signedIn.accessToken,
    NOVACORE_SERVICE_TOKEN: SERVICE_TOKEN,
    NOVACORE_USER: signedIn.user.id,
  };
  const service = new NovaCore({ baseUrl: server.url, serviceToken: SERVICE_TOKEN });
  const used = { userId: signedIn.user.id, resourceType: "llm_tokens", amount: 100 };
  await service.usage.record(used);
});

afterAll(async () => {
  await server?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

it("has an expectation for each example", () => {
  expect(EXAMPLES.length).toBe(PRINTED.length);
});

it.each(EXAMPLES.map((code, at) => [at + 1, code] as const))("example %i", async (number, code) => {
  const file = join(folder, `${number}.mjs`);
  await writeFile(file, code);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env: environment });
  expect(stdout).toMatch(PRINTED[number - 1] ?? /$^/);
});
