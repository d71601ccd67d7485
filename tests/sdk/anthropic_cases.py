"""The official Anthropic SDK for Python against NovaCore."""

import asyncio
import os

import anthropic
from cases import PIXEL, WANTED, WEATHER, Auditor, Tries

URL = os.environ["NOVACORE_URL"]
KEY = os.environ["NOVACORE_KEY"]
AUDIT = Auditor()
CLIENT = anthropic.Anthropic(base_url=URL, api_key=KEY)


def say(words):
    return [{"role": "user", "content": f"say {words}"}]


def ask(words, **more):
    return {"model": "claude", "max_tokens": 400, "messages": say(words), **more}


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def words(text):
    return text.count("hello")


def messages():
    got = CLIENT.messages.create(**ask(5, system="Be brief."))
    assert words(text_of(got)) == 5 and got.usage.output_tokens == 5, got
    AUDIT.over("message", 1)
    blocks = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    for model, system in (("claude", blocks), ("cached", blocks)):
        got = CLIENT.messages.create(**ask(5, model=model, system=system))
        assert (got.usage.cache_read_input_tokens or 0) == (40 if model == "cached" else 0), got
        AUDIT.over(f"message, {model}", 1)
        with CLIENT.messages.stream(**ask(5, model=model, system=system)) as stream:
            assert words("".join(stream.text_stream)) == 5
            got = stream.get_final_message()
        assert (got.usage.cache_creation_input_tokens or 0) == (20 if model == "cached" else 0), got
        AUDIT.over(f"message streamed, {model}", 1)
    kinds = [event.type for event in CLIENT.messages.create(**ask(3), stream=True)]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop"), kinds
    AUDIT.over("message, its events", 1)
    thinking = {"type": "enabled", "budget_tokens": 1024}
    more = {"model": "thinking", "max_tokens": 2_000, "thinking": thinking}
    with CLIENT.messages.stream(**ask(8, **more)) as stream:
        got = stream.get_final_message()
    assert [block.type for block in got.content] == ["thinking", "text"], got
    assert words(got.content[0].thinking) == 4 and got.content[0].signature, got
    AUDIT.over("thinking streamed", 1)
    turns = [*say(1), {"role": "assistant", "content": got.content}, *say(2)]
    got = CLIENT.messages.create(**ask(2, **more) | {"messages": turns})
    assert got.content[0].type == "thinking", got
    AUDIT.over("thinking, given back", 1)


def tools():
    tool = {"name": "weather", "description": "d", "input_schema": WEATHER}
    more = {"model": "tools", "tools": [tool], "tool_choice": {"type": "auto"}}
    got = CLIENT.messages.create(**ask(9, **more))
    assert got.stop_reason == "tool_use" and got.content[0].input == WANTED, got
    AUDIT.over("tool use", 1)
    with CLIENT.messages.stream(**ask(9, **more)) as stream:
        kinds = {event.type for event in stream}
        got = stream.get_final_message()
    assert got.content[0].input == WANTED and "input_json" in kinds, (got, kinds)
    AUDIT.over("tool use streamed", 1)
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain; say 3"}
    turns = [
        *say(2),
        {"role": "assistant", "content": got.content},
        {"role": "user", "content": [result]},
    ]
    got = CLIENT.messages.create(**ask(3) | {"messages": turns, "tools": [tool]})
    assert words(text_of(got)) == 3, got
    AUDIT.over("a tool's result", 1)
    sources = (
        {"type": "base64", "media_type": "image/png", "data": PIXEL},
        {"type": "url", "url": "https://example.com/a.png"},
    )
    for source in sources:
        content = [{"type": "image", "source": source}, {"type": "text", "text": "say 2"}]
        turns = [{"role": "user", "content": content}]
        got = CLIENT.messages.create(**ask(2) | {"messages": turns})
        assert got.usage.input_tokens == 100, got
        AUDIT.over(f"image by {source['type']}", 1)


def refused(kind, tries, key=KEY, **more):
    counted = Tries()
    http = anthropic.DefaultHttpxClient(event_hooks={"request": [counted.hook]})
    client = anthropic.Anthropic(base_url=URL, api_key=key, http_client=http, max_retries=2)
    try:
        client.messages.create(**ask(2, **more))
    except kind as error:
        assert counted.count == tries, (kind, counted.count)
        assert error.body["type"] == "error" and error.request_id, error.body
        return error.body["error"]["type"]
    raise AssertionError(f"no {kind}")


def errors():
    assert refused(anthropic.AuthenticationError, 1, key="nvc_no") == "authentication_error"
    assert refused(anthropic.NotFoundError, 1, model="unknown") == "not_found_error"
    source = {"type": "file", "file_id": "file_1"}
    content = [{"type": "image", "source": source}]
    refused(anthropic.UnprocessableEntityError, 1, messages=[{"role": "user", "content": content}])
    quota = refused(anthropic.RateLimitError, 1, max_tokens=9_000_000, stream=True)
    assert quota == "insufficient_quota", quota
    AUDIT.over("what is refused costs nothing", 0)
    # A JWT or key as bearer does as well.
    bearer = anthropic.Anthropic(base_url=URL, auth_token=KEY, api_key=None)
    got = bearer.messages.create(**ask(2, model="busy"))
    assert words(text_of(got)) == 2, got
    AUDIT.over("503 is tried again", 2)
    names = [model.id for model in CLIENT.models.list()]
    assert "claude" in names, names
    assert CLIENT.models.retrieve("claude").id == "claude"
    AUDIT.over("models", 0)


def ends():
    with CLIENT.messages.stream(**ask(300)) as stream:
        for _ in stream.text_stream:
            break
    AUDIT.over("stream left", 1)
    events = CLIENT.messages.create(**ask(300), stream=True)
    next(iter(events))
    events.close()
    AUDIT.over("stream closed", 1)
    try:
        for _ in CLIENT.messages.create(**ask(20, model="breaking"), stream=True):
            pass
        raise AssertionError("a stream that breaks off must not end well")
    except anthropic.APIError as error:
        assert "broke off" in str(error), error
    AUDIT.over("stream broken off by the provider", 1, slack=10)


async def concurrently():
    async with anthropic.AsyncAnthropic(base_url=URL, api_key=KEY) as client:
        async def streamed(until):
            text = ""
            async with client.messages.stream(**ask(200)) as stream:
                async for piece in stream.text_stream:
                    text += piece
                    if words(text) >= until:
                        break
            return words(text)

        whole = await asyncio.gather(*[client.messages.create(**ask(8)) for _ in range(20)])
        assert [words(text_of(got)) for got in whole] == [8] * 20
        AUDIT.over("20 asynchronous calls", 20)
        for until in (200, 2):
            got = await asyncio.gather(*[streamed(until) for _ in range(20)])
            assert got == [until] * 20, got
            AUDIT.over(f"20 asynchronous streams, {until} words heard", 20)


for part in (messages, tools, errors, ends):
    part()
asyncio.run(concurrently())
