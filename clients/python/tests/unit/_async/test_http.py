from collections.abc import Callable
from typing import Any

import httpx
import pytest

from novacore_client import (
    Answer,
    AnswerError,
    AsyncNovaCore,
    ConnectionFailedError,
    ProblemError,
    QuotaExceededError,
    TimedOutError,
    shapes,
)
from tests.unit.fakes import Script, Scripted, chance, problem

pytestmark = pytest.mark.anyio

USER = "018f6f2e-0000-7000-8000-000000000001"
RECORD: shapes.RecordRequest = {"userId": USER, "resourceType": "llm_tokens", "amount": 5}


@pytest.fixture(autouse=True)
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client has slept; no time passes."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("novacore_client._async.http.sleep", sleep)
    return slept


def client(*answers: Scripted, **options: Any) -> tuple[AsyncNovaCore, Script]:
    script = Script(answers)
    http_client = httpx.AsyncClient(transport=httpx.MockTransport(script))
    if "service_token" not in options:
        options.setdefault("token", "t0")
    base_url = "https://nova.example/"
    return AsyncNovaCore(base_url, http_client=http_client, chance=chance(), **options), script


def ok(body: Any = None, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={} if body is None else body, **more)


RESET = httpx.ReadError("reset")


async def test_calls_go_under_api_with_a_bearer() -> None:
    nova, script = client(ok([]))
    await nova.usage.timeseries("agent minutes/é", 7)
    want = "https://nova.example/api/usage/timeseries/agent%20minutes%2F%C3%A9?days=7"
    assert script.urls() == [want]
    assert script.headers("authorization") == ["Bearer t0"]
    assert script.headers("idempotency-key") == [None]


async def test_calls_between_services_go_without_api() -> None:
    nova, script = client(ok(), ok(), service_token="s0", user=USER)
    await nova.usage.tokens()
    await nova.status()
    want = ["https://nova.example/usage/tokens", "https://nova.example/api/status"]
    assert script.urls() == want
    assert script.headers("x-service-token") == ["s0", "s0"]
    assert script.headers("x-user-id") == [USER, None]
    assert script.headers("authorization") == [None, None]


async def test_a_call_names_its_user() -> None:
    nova, script = client(ok(), ok(), user=USER, headers={"x-a": "1"})
    await nova.usage.tokens()
    await nova.usage.tokens(user="another")
    assert script.headers("novacore-user") == [USER, "another"]
    assert script.headers("x-a") == ["1", "1"]


async def test_a_login_needs_no_token() -> None:
    nova, script = client(ok())
    await nova.auth.login("a@example.com", "correct horse")
    assert script.headers("authorization") == [None]
    assert script.headers("idempotency-key") == [None]


async def test_a_query_repeats_members_and_leaves_out_what_is_none() -> None:
    nova, script = client(ok(), ok())
    await nova.memory.list({"tag": ["a", "b"], "limit": 5})
    await nova.usage.entries({"kind": ["record", "settle"], "from_time": "2026-11-24T00:00:00Z"})
    assert script.urls() == [
        "https://nova.example/api/memory/list?tag=a&tag=b&limit=5",
        "https://nova.example/api/usage/entries?kind=record%2Csettle&from=2026-11-24T00%3A00%3A00Z",
    ]


@pytest.mark.parametrize("memory_id", ["", ".", ".."])
async def test_no_id_leads_to_another_path(memory_id: str) -> None:
    nova, script = client()
    with pytest.raises(ValueError, match="cannot stand in a path"):
        await nova.memory.delete(memory_id)
    assert script.sent == []


def test_a_client_takes_one_kind_of_token() -> None:
    with pytest.raises(ValueError, match="not both"):
        AsyncNovaCore("https://nova.example", token="a", service_token="b")


async def test_retries_keep_the_key_and_each_call_has_its_own(sleeps: list[float]) -> None:
    nova, script = client(RESET, problem(503, "overloaded"), ok(), ok(), ok())
    await nova.usage.record(RECORD)
    await nova.usage.record(RECORD)
    await nova.memory.delete("m")
    assert script.headers("idempotency-key") == ["key-1", "key-1", "key-1", "key-2", "key-3"]
    assert script.sent[0].content == script.sent[2].content
    assert sleeps == [0.125, 0.25]


async def test_the_caller_brings_his_key() -> None:
    nova, script = client(ok())
    await nova.reservations.release("r", idempotency_key="mine")
    assert script.headers("idempotency-key") == ["mine"]


async def test_an_event_keeps_its_id_and_needs_no_key() -> None:
    nova, script = client(RESET, ok())
    await nova.events.send(
        {"type": "t", "source": "/s", "data": {"resourceType": "llm_tokens", "amount": 1}}
    )
    want = (
        b'[{"id":"key-1","type":"t","source":"/s",'
        b'"data":{"resourceType":"llm_tokens","amount":1},"specversion":"1.0"}]'
    )
    assert [request.content for request in script.sent] == [want, want]
    assert script.headers("idempotency-key") == [None, None]
    assert script.headers("content-type")[0] == "application/cloudevents-batch+json"


async def test_retries_wait_as_long_as_the_server_asks(sleeps: list[float]) -> None:
    nova, _ = client(problem(503, "unavailable", {"retry-after": "2"}), ok())
    await nova.usage.tokens()
    assert sleeps == [2.125]


@pytest.mark.parametrize(
    "call",
    [
        lambda nova: nova.auth.login("a", "b"),
        lambda nova: nova.auth.keys.create({"name": "a", "scopes": []}),
        lambda nova: nova.admin.users.set_tier("u", "pro", "r"),
    ],
)
async def test_what_may_not_be_repeated_is_sent_once(call: Callable[[Any], Any]) -> None:
    nova, script = client(RESET)
    with pytest.raises(ConnectionFailedError):
        await call(nova)
    assert len(script.sent) == 1


async def test_a_refusal_by_a_limit_is_final() -> None:
    numbers = {"limit": 9, "used": 9, "held": 0, "requested": 1, "remaining": 0}
    refusal = problem(429, "quota-exceeded", {"retry-after": "1"}, **numbers)
    nova, script = client(refusal)
    with pytest.raises(QuotaExceededError) as caught:
        await nova.usage.record(RECORD)
    assert caught.value.remaining == 0
    assert len(script.sent) == 1


async def test_retries_are_bounded() -> None:
    nova, script = client(*[RESET] * 9)
    for options, attempts in (({}, 4), ({"retries_max": 1}, 6), ({"retries_max": 0}, 7)):
        with pytest.raises(ConnectionFailedError):
            await nova.usage.tokens(**options)  # type: ignore[arg-type]
        assert len(script.sent) == attempts
    with pytest.raises(ConnectionFailedError):
        await nova.auth.refresh("r")
    assert len(script.sent) == 9, "a refresh is sent twice at most"


async def test_the_answer_is_told() -> None:
    headers = {"idempotent-replayed": "true", "x-request-id": "r"}
    nova, _ = client(RESET, httpx.Response(201, json={"entryId": "e"}, headers=headers))
    answers: list[Answer] = []
    recorded = await nova.usage.record(RECORD, on_answer=answers.append)
    assert recorded["entryId"] == "e"
    assert len(answers) == 1
    answer = answers[0]
    assert (answer.status, answer.is_replayed, answer.request_id) == (201, True, "r")
    assert answer.attempts == 2


async def test_time_limits_are_those_of_the_call() -> None:
    late = httpx.ReadTimeout("late")
    nova, script = client(late, ok(), late, late, timeout=7)
    await nova.usage.tokens()
    limits = dict.fromkeys(("connect", "read", "write", "pool"), 7)
    assert script.sent[0].extensions["timeout"] == limits
    with pytest.raises(TimedOutError) as caught:
        await nova.usage.tokens(timeout=3, retries_max=0)
    assert script.sent[2].extensions["timeout"] == dict.fromkeys(limits, 3)
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
    with pytest.raises(TimedOutError):
        await nova.auth.login("a", "b")


async def test_tokens_are_asked_for_before_each_attempt() -> None:
    tokens = iter(["t1", "t2"])
    nova, script = client(RESET, ok(), token=lambda _: next(tokens))
    await nova.usage.tokens()
    assert script.headers("authorization") == ["Bearer t1", "Bearer t2"]


async def test_tokens_are_asked_for_again_when_refused_once_for_any_call() -> None:
    asked: list[str | None] = []

    async def token(rejected: str | None) -> str:
        asked.append(rejected)
        return "old" if rejected is None else "new"

    def refused() -> httpx.Response:
        return problem(401, "credential-invalid")

    nova, script = client(refused(), ok(), refused(), refused(), token=token)
    await nova.auth.keys.create({"name": "a", "scopes": []})
    assert script.headers("authorization") == ["Bearer old", "Bearer new"]
    with pytest.raises(ProblemError) as caught:
        await nova.usage.tokens()
    assert caught.value.kind == "credential-invalid"
    assert asked == [None, "old", None, "old"]


async def test_a_token_that_is_a_string_is_not_asked_for() -> None:
    nova, script = client(problem(401, "credential-invalid"))
    with pytest.raises(ProblemError):
        await nova.usage.tokens()
    assert len(script.sent) == 1


async def test_the_error_of_a_token_function_is_its_own() -> None:
    def token(_: str | None) -> str:
        raise LookupError("signed out")

    nova, _ = client(token=token)
    with pytest.raises(LookupError, match="signed out"):
        await nova.usage.tokens()


async def test_nobody_follows_a_redirect_with_a_token() -> None:
    away = httpx.Response(302, headers={"location": "https://else.example"})
    script = Script([away, ok()])
    transport = httpx.MockTransport(script)
    # Not even where the caller's own connections would.
    http_client = httpx.AsyncClient(transport=transport, follow_redirects=True)
    nova = AsyncNovaCore("https://nova.example", token="t0", http_client=http_client)
    with pytest.raises(AnswerError, match="redirect"):
        await nova.usage.tokens()
    assert len(script.sent) == 1


async def test_a_page_is_no_answer() -> None:
    nova, _ = client(httpx.Response(200, html="<h1>Welcome</h1>"))
    with pytest.raises(AnswerError) as caught:
        await nova.usage.tokens()
    assert caught.value.status == 200


async def test_connections_of_the_caller_stay_open() -> None:
    http_client = httpx.AsyncClient(transport=httpx.MockTransport(Script([ok()])))
    async with AsyncNovaCore("https://nova.example", http_client=http_client) as nova:
        await nova.status()
    assert not http_client.is_closed
    await http_client.aclose()
    own = AsyncNovaCore("https://nova.example")
    await own.aclose()
    assert own._http._client.is_closed
