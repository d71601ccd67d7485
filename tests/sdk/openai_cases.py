"""The official OpenAI SDK for Python against NovaCore."""

import asyncio
import json
import os

import openai
from cases import PIXEL, WANTED, WEATHER, Auditor, Tries

URL = os.environ["NOVACORE_URL"] + "/v1"
KEY = os.environ["NOVACORE_KEY"]
AUDIT = Auditor()
CLIENT = openai.OpenAI(base_url=URL, api_key=KEY)


def say(words):
    return [{"role": "user", "content": f"say {words}"}]


def words(text):
    return text.count("hello")


def chat():
    got = CLIENT.chat.completions.create(model="plain", messages=say(5), max_completion_tokens=50)
    assert words(got.choices[0].message.content) == 5, got
    assert got.usage.total_tokens == 20, got
    AUDIT.over("chat with max_completion_tokens", 1)
    got = CLIENT.chat.completions.create(model="plain", messages=say(300))
    assert words(got.choices[0].message.content) == 300, got
    assert got.usage.completion_tokens == 300 and got.choices[0].finish_reason == "stop", got
    AUDIT.over("chat without maximum", 1)
    for most in ({"max_tokens": 20}, {}):
        got = CLIENT.chat.completions.create(model="plain", messages=say(4), n=3, **most)
        assert [words(choice.message.content) for choice in got.choices] == [4, 4, 4], got
        AUDIT.over(f"chat, three answers {most}", 1)


def streams():
    for asks in (None, False, True):
        options = openai.omit if asks is None else {"include_usage": asks}
        for most in ({"max_tokens": 50}, {}):
            stream = CLIENT.chat.completions.create(
                model="plain", messages=say(7), stream=True, stream_options=options, **most
            )
            chunks = list(stream)
            texts = [c.choices[0].delta.content or "" for c in chunks if c.choices]
            assert words("".join(texts)) == 7, chunks
            figures = [chunk.usage.total_tokens for chunk in chunks if chunk.usage]
            assert figures == ([22] if asks else []), (asks, figures)
            assert asks or all(chunk.choices for chunk in chunks), chunks
            AUDIT.over(f"chat stream, include_usage {asks} {most}", 1)
    stream = CLIENT.chat.completions.create(model="plain", messages=say(4), stream=True, n=2)
    texts = {0: "", 1: ""}
    for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert [words(text) for text in texts.values()] == [4, 4], texts
    AUDIT.over("chat stream of two answers", 1)
    with CLIENT.chat.completions.stream(model="plain", messages=say(6)) as stream:
        got = stream.get_final_completion()
    assert words(got.choices[0].message.content) == 6, got
    AUDIT.over("chat stream by the helper", 1)


def tools():
    tool = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
    ask = {"model": "tools", "messages": say(9), "tools": [tool]}
    for most in ({"max_tokens": 50}, {}):
        got = CLIENT.chat.completions.create(**ask, **most)
        call = got.choices[0].message.tool_calls[0]
        assert got.choices[0].finish_reason == "tool_calls", got
        assert (call.function.name, json.loads(call.function.arguments)) == ("weather", WANTED)
        AUDIT.over(f"tool call {most}", 1)
        arguments = ""
        for chunk in CLIENT.chat.completions.create(**ask, **most, stream=True):
            for call in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
                arguments += call.function.arguments or ""
        assert json.loads(arguments) == WANTED, arguments
        AUDIT.over(f"tool call streamed {most}", 1)
    turns = [
        *say(2),
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "rain; say 3"},
    ]
    got = CLIENT.chat.completions.create(model="plain", messages=turns, max_tokens=9)
    assert words(got.choices[0].message.content) == 3, got
    AUDIT.over("a tool's answer", 1)


def images():
    for url in (f"data:image/png;base64,{PIXEL}", "https://example.com/a.png"):
        content = [
            {"type": "text", "text": "say 2"},
            {"type": "image_url", "image_url": {"url": url}},
        ]
        messages = [{"role": "user", "content": content}]
        got = CLIENT.chat.completions.create(model="plain", messages=messages, max_tokens=9)
        assert got.usage.prompt_tokens == 100, got
        AUDIT.over(f"image by {url[:5]}", 1)
    item = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
    ask = [{"role": "user", "content": [{"type": "input_text", "text": "say 2"}, item]}]
    got = CLIENT.responses.create(model="plain", input=ask, max_output_tokens=20)
    assert got.output_text.count("hello") == 2, got
    AUDIT.over("image in a response", 1)


def others():
    for most in ({"max_output_tokens": 40}, {}):
        ask = {"model": "plain", "input": "say 5", **most}
        got = CLIENT.responses.create(**ask, instructions="Be brief.")
        assert words(got.output_text) == 5 and got.usage.total_tokens == 20, got
        AUDIT.over(f"response {most}", 1)
        events = list(CLIENT.responses.create(**ask, stream=True))
        deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
        assert words("".join(deltas)) == 5 and events[-1].type == "response.completed", events
        AUDIT.over(f"response streamed {most}", 1)
    with CLIENT.responses.stream(model="plain", input="say 5") as stream:
        assert words(stream.get_final_response().output_text) == 5
    AUDIT.over("response by the helper", 1)
    for options in ({}, {"encoding_format": "float"}):
        got = CLIENT.embeddings.create(model="plain", input=["a", "b"], **options)
        assert got.data[0].embedding == [1.0, 2.0], got
        AUDIT.over(f"embeddings {options}", 1)
    for most in ({"max_tokens": 20}, {}):
        got = CLIENT.completions.create(model="plain", prompt="say 4", **most)
        assert words(got.choices[0].text) == 4, got
        AUDIT.over(f"completion {most}", 1)
        chunks = list(CLIENT.completions.create(model="plain", prompt="say 4", stream=True, **most))
        assert words("".join(chunk.choices[0].text for chunk in chunks)) == 4, chunks
        AUDIT.over(f"completion streamed {most}", 1)
    names = [model.id for model in CLIENT.models.list()]
    assert "plain" in names and "claude" in names, names
    assert CLIENT.models.retrieve("plain").owned_by == "openai-mock"
    AUDIT.over("models", 0)


def refused(kind, tries, **ask):
    """The error, of this kind, after so many tries."""
    counted = Tries()
    hooks = {"request": [counted.hook]}
    http = openai.DefaultHttpxClient(event_hooks=hooks)
    key = ask.pop("key", KEY)
    client = openai.OpenAI(base_url=URL, api_key=key, http_client=http, max_retries=2)
    try:
        client.chat.completions.create(**{"model": "plain", "messages": say(2), **ask})
    except kind as error:
        assert counted.count == tries, (kind, counted.count)
        assert error.request_id, "errors name the request"
        return error
    raise AssertionError(f"no {kind}")


def errors():
    error = refused(openai.AuthenticationError, 1, key="nvc_nobody")
    assert error.code == "invalid_api_key", error.body
    error = refused(openai.NotFoundError, 1, model="unknown")
    assert error.param == "model", error.body
    content = [{"type": "file", "file": {"file_id": "file_1"}}]
    messages = [{"role": "user", "content": content}]
    error = refused(openai.UnprocessableEntityError, 1, messages=messages)
    assert error.code == "unbounded_input", error.body
    error = refused(openai.BadRequestError, 1, max_tokens=-1)
    assert error.param == "max_tokens", error.body
    for stream in (False, True):
        error = refused(openai.RateLimitError, 1, max_tokens=9_000_000, stream=stream)
        assert error.type == "insufficient_quota", error.body
        assert error.response.headers["ratelimit-policy"], error.response.headers
    AUDIT.over("what is refused costs nothing", 0)
    counted = Tries()
    http = openai.DefaultHttpxClient(event_hooks={"request": [counted.hook]})
    client = openai.OpenAI(base_url=URL, api_key=KEY, http_client=http)
    got = client.chat.completions.create(model="busy", messages=say(2), max_tokens=9)
    assert (words(got.choices[0].message.content), counted.count) == (2, 2), (got, counted.count)
    AUDIT.over("503 is tried again", 2)


def ends():
    for most in ({"max_tokens": 400}, {}):
        ask = {"model": "plain", "messages": say(300), **most}
        stream = CLIENT.chat.completions.create(**ask, stream=True)
        for _, chunk in zip(range(3), stream):
            assert chunk.choices
        stream.close()
        AUDIT.over(f"stream closed {most}", 1)
    with CLIENT.responses.create(model="plain", input="say 200", stream=True) as stream:
        for _ in stream:
            break
    AUDIT.over("response left", 1)
    try:
        for _ in CLIENT.chat.completions.create(model="breaking", messages=say(20), stream=True):
            pass
        raise AssertionError("a stream that breaks off must not end well")
    except openai.APIError as error:
        assert "broke off" in str(error), error
    AUDIT.over("stream broken off by the provider", 1, slack=10)
    for options in ({"max_tokens": 90, "stream": True}, {"stream": True}, {"max_tokens": 90}):
        got = CLIENT.chat.completions.create(model="silent", messages=say(60), **options)
        if "stream" in options:
            assert words("".join(c.choices[0].delta.content or "" for c in got)) == 60
        AUDIT.over(f"no usage reported {options}", 1, slack=10)


async def concurrently():
    async with openai.AsyncOpenAI(base_url=URL, api_key=KEY) as client:
        async def whole(number):
            most = {"max_tokens": 30} if number % 2 else {}
            got = await client.chat.completions.create(model="plain", messages=say(8), **most)
            return words(got.choices[0].message.content)

        async def streamed(number, until):
            most = {"max_tokens": 300} if number % 2 else {}
            text = ""
            async with await client.chat.completions.create(
                model="plain", messages=say(200), stream=True, **most
            ) as stream:
                async for chunk in stream:
                    text += chunk.choices[0].delta.content or ""
                    if words(text) >= until:
                        break
            return words(text)

        assert await asyncio.gather(*[whole(number) for number in range(20)]) == [8] * 20
        AUDIT.over("20 asynchronous calls", 20)
        got = await asyncio.gather(*[streamed(number, 200) for number in range(20)])
        assert got == [200] * 20, got
        AUDIT.over("20 asynchronous streams", 20)
        got = await asyncio.gather(*[streamed(number, 2) for number in range(20)])
        assert got == [2] * 20, got
        AUDIT.over("20 asynchronous streams left after a word or two", 20)


for part in (chat, streams, tools, images, others, errors, ends):
    part()
asyncio.run(concurrently())
