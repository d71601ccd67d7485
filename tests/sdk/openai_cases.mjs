// The official OpenAI SDK for Node against NovaCore.
import OpenAI from "openai";
import { KEY, PIXEL, URL_OF, WANTED, WEATHER } from "./cases.mjs";
import { check, counted, over, pick, refused, say, words } from "./cases.mjs";

const baseURL = `${URL_OF}/v1`;
const client = new OpenAI({ baseURL, apiKey: KEY });
const ask = (count, more = {}) => ({ model: "plain", messages: say(count), ...more });
const delta = (chunk) => chunk.choices[0]?.delta.content ?? "";

async function chat() {
  for (const most of [{ max_completion_tokens: 50 }, { max_tokens: 50 }, {}]) {
    let got = await client.chat.completions.create(ask(5, most));
    check(words(got.choices[0].message.content) === 5 && got.usage.total_tokens === 20, got);
    await over(`chat ${JSON.stringify(most)}`, 1);
    got = await client.chat.completions.create(ask(4, { n: 3, ...most }));
    check(got.choices.map((it) => words(it.message.content)).join() === "4,4,4", got);
    await over(`chat, three answers ${JSON.stringify(most)}`, 1);
    for (const include_usage of [undefined, true]) {
      const stream_options = include_usage && { include_usage };
      const stream = await client.chat.completions.create(
        ask(7, { stream: true, stream_options, ...most }),
      );
      const chunks = await pick(stream, (chunk) => chunk);
      check(words(chunks.map(delta).join("")) === 7, chunks);
      const figures = chunks.flatMap((chunk) => (chunk.usage ? [chunk.usage.total_tokens] : []));
      check(figures.join() === (include_usage ? "22" : ""), figures);
      await over(`chat stream ${include_usage} ${JSON.stringify(most)}`, 1);
    }
  }
  const runner = client.chat.completions.stream(ask(6));
  check(words(await runner.finalContent()) === 6, "the helper");
  await over("chat stream by the helper", 1);
}

async function toolsAndImages() {
  const tools = [{ type: "function", function: { name: "weather", parameters: WEATHER } }];
  for (const most of [{ max_tokens: 50 }, {}]) {
    const got = await client.chat.completions.create(ask(9, { model: "tools", tools, ...most }));
    const [call] = got.choices[0].message.tool_calls;
    check(JSON.stringify(JSON.parse(call.function.arguments)) === WANTED, call);
    await over(`tool call ${JSON.stringify(most)}`, 1);
    const runner = client.chat.completions.stream(ask(9, { model: "tools", tools, ...most }));
    const message = await runner.finalMessage();
    const given = JSON.parse(message.tool_calls[0].function.arguments);
    check(JSON.stringify(given) === WANTED, message);
    await over(`tool call streamed ${JSON.stringify(most)}`, 1);
  }
  for (const url of [`data:image/png;base64,${PIXEL}`, "https://example.com/a.png"]) {
    const image = { type: "image_url", image_url: { url } };
    const content = [{ type: "text", text: "say 2" }, image];
    const got = await client.chat.completions.create(
      ask(2, { max_tokens: 9, messages: [{ role: "user", content }] }),
    );
    check(got.usage.prompt_tokens === 100, got);
    await over(`image by ${url.slice(0, 5)}`, 1);
  }
}

async function others() {
  for (const most of [{ max_output_tokens: 40 }, {}]) {
    const asked = { model: "plain", input: "say 5", ...most };
    const got = await client.responses.create(asked);
    check(words(got.output_text) === 5 && got.usage.total_tokens === 20, got);
    await over(`response ${JSON.stringify(most)}`, 1);
    const stream = await client.responses.create({ ...asked, stream: true });
    const kinds = await pick(stream, (event) => event.type);
    check(kinds.at(-1) === "response.completed", kinds);
    await over(`response streamed ${JSON.stringify(most)}`, 1);
  }
  for (const encoding_format of [undefined, "float"]) {
    const got = await client.embeddings.create({ model: "plain", input: ["a"], encoding_format });
    check(got.data[0].embedding.join() === "1,2", got);
    await over(`embeddings ${encoding_format}`, 1);
  }
  for (const most of [{ max_tokens: 20 }, {}]) {
    const asked = { model: "plain", prompt: "say 4", ...most };
    const got = await client.completions.create(asked);
    check(words(got.choices[0].text) === 4, got);
    await over(`completion ${JSON.stringify(most)}`, 1);
    const stream = await client.completions.create({ ...asked, stream: true });
    const texts = await pick(stream, (chunk) => chunk.choices[0].text);
    check(words(texts.join("")) === 4, texts);
    await over(`completion streamed ${JSON.stringify(most)}`, 1);
  }
  const names = await pick(client.models.list(), (model) => model.id);
  check(names.includes("plain"), names);
  await over("models", 0);
}

async function errors() {
  const create = (kind, want, more, apiKey = KEY) => {
    const tries = counted();
    const own = new OpenAI({ baseURL, apiKey, fetch: tries.fetch, maxRetries: 2 });
    return refused(kind, want, tries, () => own.chat.completions.create(ask(2, more)));
  };
  const file = [{ role: "user", content: [{ type: "file", file: { file_id: "f" } }] }];
  await create(OpenAI.AuthenticationError, 1, {}, "nvc_nobody");
  await create(OpenAI.NotFoundError, 1, { model: "unknown" });
  const unbounded = await create(OpenAI.UnprocessableEntityError, 1, { messages: file });
  check(unbounded.code === "unbounded_input", unbounded);
  for (const stream of [false, true]) {
    const quota = await create(OpenAI.RateLimitError, 1, { max_tokens: 9_000_000, stream });
    check(quota.type === "insufficient_quota", quota);
  }
  await over("what is refused costs nothing", 0);
  const tries = counted();
  const own = new OpenAI({ baseURL, apiKey: KEY, fetch: tries.fetch });
  const got = await own.chat.completions.create(ask(2, { model: "busy", max_tokens: 9 }));
  check(words(got.choices[0].message.content) === 2 && tries.count === 2, [got, tries.count]);
  await over("503 is tried again", 2);
}

async function ends() {
  for (const most of [{ max_tokens: 400 }, {}]) {
    const left = await client.chat.completions.create(ask(300, { stream: true, ...most }));
    for await (const chunk of left) {
      if (delta(chunk)) break;
    }
    await over(`stream left ${JSON.stringify(most)}`, 1);
    const aborted = await client.chat.completions.create(ask(300, { stream: true, ...most }));
    const chunks = aborted[Symbol.asyncIterator]();
    await chunks.next();
    aborted.controller.abort();
    await over(`stream aborted ${JSON.stringify(most)}`, 1);
  }
  const broken = await client.chat.completions.create(ask(20, { model: "breaking", stream: true }));
  const error = await pick(broken, delta).catch((error) => error);
  check(error instanceof OpenAI.APIError && String(error).includes("broke off"), String(error));
  await over("stream broken off by the provider", 1, 10);
  const silent = await client.chat.completions.create(ask(60, { model: "silent", stream: true }));
  check(words((await pick(silent, delta)).join("")) === 60, "silent");
  await over("no usage reported", 1, 10);
  const all = Array.from({ length: 20 }, (_, number) => number % 2 ? { max_tokens: 30 } : {});
  const whole = all.map((most) => client.chat.completions.create(ask(8, most)));
  const said = (await Promise.all(whole)).map((got) => words(got.choices[0].message.content));
  check(said.every((count) => count === 8), said);
  await over("20 calls at once", 20);
}

await chat();
await toolsAndImages();
await others();
await errors();
await ends();
process.exit(0);
