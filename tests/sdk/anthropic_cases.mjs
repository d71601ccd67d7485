// The official Anthropic SDK for Node against NovaCore.
import Anthropic from "@anthropic-ai/sdk";
import { KEY, PIXEL, URL_OF, WANTED, WEATHER } from "./cases.mjs";
import { check, counted, over, pick, refused, say, words } from "./cases.mjs";

const client = new Anthropic({ baseURL: URL_OF, apiKey: KEY });
const ask = (count, more = {}) => ({
  model: "claude", max_tokens: 400, messages: say(count), ...more,
});
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");

async function messages() {
  const system = [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }];
  for (const model of ["claude", "cached"]) {
    let got = await client.messages.create(ask(5, { model, system }));
    check(words(textOf(got)) === 5, got);
    check((got.usage.cache_read_input_tokens ?? 0) === (model === "cached" ? 40 : 0), got);
    await over(`message, ${model}`, 1);
    got = await client.messages.stream(ask(5, { model, system })).finalMessage();
    check(words(textOf(got)) === 5 && got.usage.output_tokens === 5, got);
    await over(`message streamed, ${model}`, 1);
  }
  const thinking = { type: "enabled", budget_tokens: 1024 };
  const more = { model: "thinking", max_tokens: 2_000, thinking };
  const got = await client.messages.stream(ask(8, more)).finalMessage();
  check(got.content[0].type === "thinking" && words(got.content[0].thinking) === 4, got);
  await over("thinking streamed", 1);
}

async function toolsAndImages() {
  const tools = [{ name: "weather", description: "d", input_schema: WEATHER }];
  let got = await client.messages.create(ask(9, { model: "tools", tools }));
  check(JSON.stringify(got.content[0].input) === WANTED, got);
  await over("tool use", 1);
  const stream = client.messages.stream(ask(9, { model: "tools", tools }));
  const pieces = [];
  stream.on("inputJson", (piece) => pieces.push(piece));
  got = await stream.finalMessage();
  check(JSON.stringify(got.content[0].input) === WANTED && pieces.length > 1, [got, pieces]);
  await over("tool use streamed", 1);
  for (const source of [
    { type: "base64", media_type: "image/png", data: PIXEL },
    { type: "url", url: "https://example.com/a.png" },
  ]) {
    const content = [{ type: "image", source }, { type: "text", text: "say 2" }];
    got = await client.messages.create(ask(2, { messages: [{ role: "user", content }] }));
    check(got.usage.input_tokens === 100, got);
    await over(`image by ${source.type}`, 1);
  }
}

async function errors() {
  const create = (kind, want, more, apiKey = KEY) => {
    const tries = counted();
    const own = new Anthropic({ baseURL: URL_OF, apiKey, fetch: tries.fetch, maxRetries: 2 });
    return refused(kind, want, tries, () => own.messages.create(ask(2, more)));
  };
  await create(Anthropic.AuthenticationError, 1, {}, "nvc_nobody");
  await create(Anthropic.NotFoundError, 1, { model: "unknown" });
  const content = [{ type: "image", source: { type: "file", file_id: "f" } }];
  const file = { messages: [{ role: "user", content }] };
  await create(Anthropic.UnprocessableEntityError, 1, file);
  const quota = await create(Anthropic.RateLimitError, 1, { max_tokens: 9_000_000, stream: true });
  check(quota.error.error.type === "insufficient_quota", quota.error);
  await over("what is refused costs nothing", 0);
  const tries = counted();
  const own = new Anthropic({ baseURL: URL_OF, apiKey: KEY, fetch: tries.fetch });
  const got = await own.messages.create(ask(2, { model: "busy" }));
  check(words(textOf(got)) === 2 && tries.count === 2, [got, tries.count]);
  await over("503 is tried again", 2);
  const names = await pick(client.models.list(), (model) => model.id);
  check(names.includes("claude"), names);
  await over("models", 0);
}

async function ends() {
  const left = await client.messages.create(ask(300, { stream: true }));
  for await (const event of left) {
    if (event.type === "content_block_delta") break;
  }
  await over("stream left", 1);
  const aborted = client.messages.stream(ask(300));
  const error = await new Promise((resolve) => {
    aborted.on("text", () => aborted.abort());
    aborted.on("abort", resolve);
  });
  check(error instanceof Anthropic.APIUserAbortError, String(error));
  await over("stream aborted", 1);
  const broken = await client.messages.create(ask(20, { model: "breaking", stream: true }));
  const told = await pick(broken, () => 0).catch((error) => error);
  check(told instanceof Anthropic.APIError && String(told).includes("broke off"), String(told));
  await over("stream broken off by the provider", 1, 10);
  const whole = Array.from({ length: 20 }, () => client.messages.create(ask(8)));
  const said = (await Promise.all(whole)).map((got) => words(textOf(got)));
  check(said.every((count) => count === 8), said);
  await over("20 calls at once", 20);
}

await messages();
await toolsAndImages();
await errors();
await ends();
process.exit(0);
