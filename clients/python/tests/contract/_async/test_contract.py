"""The client against the real server."""

import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from novacore_client import (
    Answer,
    AsyncNovaCore,
    AsyncPlatform,
    AsyncSession,
    EntryEvent,
    NovaCore,
    ProblemError,
    QuotaExceededError,
    StreamEvent,
    StreamState,
    shapes,
)
from tests.contract.server import ADMIN, SERVICE_TOKEN, CuttingProxy, serving
from tests.contract.shapes_of import differences

pytestmark = pytest.mark.anyio

COUNT = itertools.count(1)
PASSWORD = "correct horse"


@dataclass
class NewUser:
    nova: AsyncNovaCore
    id: str
    email: str
    signed_in: shapes.SignedIn


class Users:
    """Makes users, and closes their clients in the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.made: list[AsyncNovaCore] = []

    async def new(self, through: str | None = None) -> NewUser:
        """A new user, and a client of his."""
        email = f"user-_async-{next(COUNT)}@example.com"
        async with AsyncNovaCore(self.url) as opened:
            signed_in = await opened.auth.register(email, PASSWORD)
        nova = AsyncNovaCore(through or self.url, token=signed_in["accessToken"])
        self.made.append(nova)
        return NewUser(nova, signed_in["user"]["id"], email, signed_in)


@pytest.fixture
async def users(url: str) -> AsyncIterator[Users]:
    made = Users(url)
    yield made
    for nova in made.made:
        await nova.aclose()


@pytest.fixture
async def service(url: str) -> AsyncIterator[AsyncNovaCore]:
    async with AsyncNovaCore(url, service_token=SERVICE_TOKEN) as client:
        yield client


@pytest.fixture
async def operator(url: str) -> AsyncIterator[AsyncNovaCore]:
    async with AsyncNovaCore(url) as opened:
        token = (await opened.auth.login(*ADMIN))["accessToken"]
    async with AsyncNovaCore(url, token=token) as client:
        yield client


def tokens(user_id: str, amount: int) -> shapes.RecordRequest:
    return {"userId": user_id, "resourceType": "llm_tokens", "amount": amount}


def amounts(amount: int) -> list[shapes.AmountOf]:
    return [{"resourceType": "llm_tokens", "amount": amount}]


async def test_the_platforms_older_functions(users: Users, service: AsyncNovaCore) -> None:
    user = await users.new()
    await service.usage.record(tokens(user.id, 850))
    await user.nova.memory.store({"type": "lesson", "tier": "ltm", "input_context": "Rex"})
    platform = AsyncPlatform(user.nova)

    stats = await platform.get_usage_stats(7)
    assert differences(shapes.Stats, stats) == []
    assert set(stats) >= {"userId", "period", "breakdown", "limits", "warnings", "timestamp"}
    assert (stats["userId"], stats["period"]) == (user.id, "last_7_days")
    assert stats["warnings"] == ["llm_tokens at 85.0% of quota"]
    assert stats["limits"]["llmTokensDay"] == 1000
    assert set(stats["limits"]) == {"llmTokensDay", "memoryStorageBytes", "agentMinutesMonth"}
    (row,) = (row for row in stats["breakdown"] if row["resourceType"] == "llm_tokens")
    assert (row["amount"], row["humanReadable"], row.get("percentage")) == (850, "850 tokens", 85)
    assert (await platform.get_usage_stats())["period"] == "last_30_days"

    used = await platform.get_token_usage()
    assert differences(shapes.Tokens, used) == []
    assert (used["used"], used["limit"], used["percentage"]) == (850, 1000, 85)

    storage = await platform.get_storage_usage()
    assert differences(shapes.Storage, storage) == []
    assert storage["used"] > 162
    assert re.fullmatch(r"[\d.]+ (B|[KMGTP]B)", storage["humanReadable"])

    check = await platform.check_quota("llm_tokens", 10)
    assert differences(shapes.CheckQuota, check) == []
    assert check["hasQuota"]
    assert check["message"] == "Warning: 86.0% of quota will be used"
    check = await platform.check_quota("llm_tokens", 200)
    assert not check["hasQuota"]
    assert check["message"] == "Quota exceeded. Current: 850, Requested: 200, Limit: 1000"

    series = await platform.get_time_series("llm_tokens", 7)
    assert differences(list[shapes.DayRow], series) == []
    assert [day["amount"] for day in series] == [0, 0, 0, 0, 0, 0, 850]
    assert [day["date"] for day in series] == sorted(day["date"] for day in series)
    assert len(await platform.get_time_series("llm_tokens")) == 30

    assert await platform.get_user_tier() == {"userId": user.id, "tier": "free_trial"}

    memory = await platform.get_memory_usage()
    assert differences(shapes.MemoryUsage, memory) == []
    assert memory["memory_counts"] == {"stm": 0, "itm": 0, "ltm": 1, "total": 1}
    assert set(memory["tier_stats"]) == {"stm", "itm", "ltm"}

    room = await platform.check_memory_quota()
    assert differences(shapes.QuotaCheck, room) == []
    assert (room["has_quota"], room["message"]) == (True, "Storage quota available")


async def test_a_refusal_by_a_limit_is_a_typed_problem(
    users: Users, service: AsyncNovaCore
) -> None:
    user = await users.new()
    await service.usage.record(tokens(user.id, 800))
    with pytest.raises(QuotaExceededError) as caught:
        await service.reservations.create({"userId": user.id, "amounts": amounts(300)})
    error = caught.value
    assert differences(shapes.Problem, dict(error.problem)) == []
    assert (error.status, error.kind, error.title) == (429, "quota-exceeded", "Quota exceeded")
    assert (error.resource_type, error.limit, error.used) == ("llm_tokens", 1000, 800)
    assert (error.held, error.requested, error.remaining) == (0, 300, 200)
    assert error.upgrade_to == "basic"
    assert error.resets_at is not None
    assert error.request_id is not None
    assert error.retry_after_s is not None


async def test_reservations(users: Users, service: AsyncNovaCore) -> None:
    user = await users.new()
    ask: shapes.ReserveRequest = {"userId": user.id, "amounts": amounts(400)}
    made = await service.reservations.create(ask)
    assert differences(shapes.Reserved, made) == []
    reservation = made["reservationId"]
    await service.reservations.extend(reservation, {"ttlSeconds": 600})
    await service.reservations.extend(reservation)
    held = await service.reservations.get(reservation)
    assert differences(shapes.Reservation, held) == []
    assert (held["status"], held["amounts"][0]["held"]) == ("open", 400)
    settled = await service.reservations.settle(reservation, {"amounts": amounts(150)})
    assert differences(shapes.Settled, settled) == []
    with pytest.raises(ProblemError) as caught:
        await service.reservations.release(reservation)
    assert caught.value.kind == "reservation-ended"
    assert caught.value.problem["reservation_status"] == "settled"
    second = await service.reservations.create(ask)
    await service.reservations.release(second["reservationId"])
    assert (await service.usage.tokens(user=user.id))["used"] == 150


async def test_a_replayed_key_gives_the_same_answer(users: Users, service: AsyncNovaCore) -> None:
    user = await users.new()
    answers: list[Answer] = []
    first, second = [
        await service.usage.record(
            tokens(user.id, 5), idempotency_key="once", on_answer=answers.append
        )
        for _ in range(2)
    ]
    assert first == second
    assert [answer.is_replayed for answer in answers] == [False, True]
    with pytest.raises(ProblemError) as caught:
        await service.usage.record(tokens(user.id, 6), idempotency_key="once")
    assert (caught.value.status, caught.value.kind) == (409, "key-reused")


async def test_a_write_whose_answer_was_lost_happens_once(
    users: Users, proxy: CuttingProxy
) -> None:
    user = await users.new()
    # Twice the answer is lost in the middle of its head; then it arrives.
    cuts = [10, 60]
    proxy.cut_after(lambda: cuts.pop(0) if cuts else None)
    answers: list[Answer] = []
    async with AsyncNovaCore(proxy.url, service_token=SERVICE_TOKEN) as through:
        await through.usage.record(tokens(user.id, 7), on_answer=answers.append)
    assert [(answer.is_replayed, answer.attempts) for answer in answers] == [(True, 3)]
    assert (await user.nova.usage.tokens())["used"] == 7


async def test_events(users: Users, service: AsyncNovaCore) -> None:
    user = await users.new()

    def event(event_id: str, resource: str = "llm_tokens") -> Any:
        data = {"resourceType": resource, "amount": 3}
        names = {"type": "tokens.used", "source": "/agents/eu-1", "id": event_id}
        return {**names, "subject": user.id, "data": data}

    await service.events.send(event("a"))
    report = await service.events.send([event("a"), event("b"), event("c", "nonsense")])
    assert differences(shapes.EventsReport, report) == []
    statuses = [result["status"] for result in report["results"]]
    assert statuses == ["replayed", "accepted", "rejected"]


async def test_a_stream_that_is_cut_goes_on_without_loss_and_says_nothing_twice(
    users: Users, service: AsyncNovaCore, proxy: CuttingProxy
) -> None:
    user = await users.new(proxy.url)
    # Every connection is cut somewhere else: in its head, in an event, between two.
    cuts = itertools.count(787, 487)
    proxy.cut_after(lambda: next(cuts))
    states: list[StreamState] = []
    events: list[StreamEvent] = []
    # Some before it begins, the others one for each that came.
    for amount in range(1, 21):
        await service.usage.record(tokens(user.id, amount))
    async with user.nova.usage.stream(last_event_id="0", on_state=states.append) as stream:
        async for event in stream:
            events.append(event)
            if len(events) == 40:
                break
            if len(events) <= 20:
                await service.usage.record(tokens(user.id, 20 + len(events)))
    proxy.cut_after(lambda: None)
    found = [event.data["amount"] for event in events]
    assert found == list(range(1, 41))
    assert len([one for one in states if one.state == "waiting"]) > 4


async def test_a_stream_brings_what_happens_while_no_connection_is_there(
    users: Users, url: str, proxy: CuttingProxy
) -> None:
    user = await users.new(proxy.url)
    cuts: list[str] = []

    def on_state(state: StreamState) -> None:
        # The connection is cut as soon as it is open, before it has brought anything.
        if state.state == "open" and not cuts:
            proxy.cut()
            with NovaCore(url, service_token=SERVICE_TOKEN) as other:
                other.usage.record(tokens(user.id, 11))
            cuts.append("done")

    async with user.nova.usage.stream(on_state=on_state) as stream:
        event = await anext(stream)
    assert isinstance(event, EntryEvent)
    assert differences(shapes.EntryRow, event.data) == []
    assert (event.name, event.data["amount"]) == ("usage", 11)


async def test_a_stream_tells_of_thresholds(users: Users, service: AsyncNovaCore) -> None:
    user = await users.new()
    await service.usage.record(tokens(user.id, 900))
    async with user.nova.usage.stream(last_event_id="0") as stream:
        names = [(await anext(stream)).name, (await anext(stream)).name]
    assert names == ["usage", "threshold"]


async def test_a_stream_outlives_its_token() -> None:
    with serving({"NOVACORE__AUTH__ACCESS_TTL_SECONDS": "1"}) as url:
        opened = AsyncNovaCore(url)
        signed_in = await opened.auth.register("a@example.com", PASSWORD)
        renewed: list[shapes.Refreshed] = []
        access, refresh = signed_in["accessToken"], signed_in["refreshToken"]
        nova = AsyncNovaCore(url, token=AsyncSession(opened, access, refresh, renewed.append))

        def on_state(state: StreamState) -> None:
            # The server ends the stream with its token; the next connection has another one.
            if state.state == "open" and renewed:
                with NovaCore(url, service_token=SERVICE_TOKEN) as other:
                    other.usage.record(tokens(signed_in["user"]["id"], 3))

        async with nova.usage.stream(last_event_id="0", on_state=on_state) as stream:
            event = await anext(stream)
        assert event.data["amount"] == 3
        assert renewed
        await nova.aclose()
        await opened.aclose()


async def test_pages_are_walked_through(users: Users, service: AsyncNovaCore) -> None:
    user = await users.new()
    for amount in range(1, 6):
        await service.usage.record(tokens(user.id, amount))
    page = await user.nova.usage.entries({"limit": 2})
    assert differences(shapes.EntryPage, page) == []
    entries = user.nova.usage.all_entries({"limit": 2, "kind": ["record", "settle"]})
    assert [entry["amount"] async for entry in entries] == [5, 4, 3, 2, 1]


async def test_memories(users: Users) -> None:
    user = await users.new()
    memory = user.nova.memory
    ask: shapes.StoreRequest = {
        "type": "lesson",
        "tier": "itm",
        "input_context": "The dog is Rex",
        "tags": ["a", "b"],
    }
    stored = await memory.store(ask)
    assert differences(shapes.Memory, stored) == []
    memory_id = stored["id"]
    assert (await memory.get(memory_id))["input_context"] == "The dog is Rex"
    found = await memory.search({"query": "dog", "mode": "keyword", "limit": 5})
    assert differences(shapes.SearchResults, found) == []
    assert [one["id"] for one in found["results"]] == [memory_id]
    assert (await memory.list({"tag": ["a", "b"]}))["total"] == 1
    assert (await memory.list({"tag": ["a", "c"]}))["total"] == 0
    changed = await memory.update(memory_id, {"outcome": "success", "tags": None})
    assert (changed.get("outcome"), changed["tags"]) == ("success", [])
    assert (await memory.promote(memory_id, "ltm"))["tier"] == "ltm"
    assert (await memory.intermediate())["total"] == 0
    assert differences(shapes.MemoryStats, await memory.stats()) == []
    await memory.store_turn("chat 1", {"input": "Hello", "output": "Hi"})
    assert (await memory.turns("chat 1"))["total"] == 1
    context = await memory.context(session_id="chat 1", query="dog", limit=3)
    assert differences(shapes.ContextParts, context) == []
    assert len(context["stm"]) == 1
    assert (await memory.clear_turns("chat 1")).get("memories_forgotten") == 1
    assert (await memory.delete(memory_id))["success"]
    with pytest.raises(ProblemError) as caught:
        await memory.get(memory_id)
    assert caught.value.status == 404
    bulk: shapes.BulkMemory = {"type": "task", "tier": "itm", "input_context": "Two of them"}
    answer = await memory.store_many({"memories": [bulk, bulk]})
    assert differences(shapes.BulkStored, answer) == []
    assert (await memory.forget({"all": True})).get("memories_forgotten") == 2


async def test_accounts(users: Users, url: str) -> None:
    user = await users.new()
    auth = user.nova.auth
    with pytest.raises(ProblemError) as caught:
        await auth.login(user.email, "something else")
    assert (caught.value.status, caught.value.kind) == (401, "wrong-login")
    again = await auth.login(user.email, PASSWORD)
    assert differences(shapes.SignedIn, again) == []
    assert differences(shapes.Me, await auth.me()) == []
    sessions = await auth.sessions()
    assert differences(shapes.SessionList, sessions) == []
    assert len(sessions["sessions"]) == 2
    third = await auth.login(user.email, PASSWORD)
    listed = (await auth.sessions())["sessions"]
    newest = max(listed, key=lambda session: session["createdAt"])
    await auth.end_session(newest["id"])
    with pytest.raises(ProblemError) as caught:
        await auth.refresh(third["refreshToken"])
    assert caught.value.status == 401
    made = await auth.keys.create({"name": "mine", "scopes": ["usage:read"]})
    assert differences(shapes.NewKey, made) == []
    async with AsyncNovaCore(url, token=made["key"]) as by_key:
        quota = await by_key.usage.quota()
        assert differences(shapes.Quota, quota) == []
        assert quota["userId"] == user.id
        assert [key["name"] for key in (await auth.keys.list())["keys"]] == ["mine"]
        await auth.keys.revoke(made["id"])
        with pytest.raises(ProblemError):
            await by_key.usage.tier()
    renewed = await auth.refresh(again["refreshToken"])
    await auth.logout(renewed["refreshToken"])
    await auth.logout_all()
    for ended in (renewed["refreshToken"], user.signed_in["refreshToken"]):
        with pytest.raises(ProblemError) as caught:
            await auth.refresh(ended)
        assert caught.value.status == 401


async def test_an_administrator(users: Users, operator: AsyncNovaCore) -> None:
    user = await users.new()
    admin = operator.admin
    page = await admin.users.list(search=user.email)
    assert differences(shapes.UserPage, page) == []
    assert page["users"][0]["id"] == user.id
    assert user.id in [one["id"] async for one in admin.users.all(limit=1)]
    await admin.users.set_tier(user.id, "basic", "a test")
    assert (await user.nova.usage.tier())["tier"] == "basic"
    await admin.overrides.put(user.id, "llm_tokens", {"cap": 12, "reason": "a test"})
    override = await admin.overrides.get(user.id, "llm_tokens")
    assert differences(shapes.OverrideView, override) == []
    assert override.get("cap") == 12
    assert (await user.nova.usage.tokens())["limit"] == 12
    await admin.overrides.remove(user.id, "llm_tokens", "the test is over")
    tier = await admin.tiers.get("basic")
    put: shapes.PutTierRequest = {"limits": {}, "reason": "a test"}
    assert (await admin.tiers.put("boundless", put))["limits"] == {}
    tiers = await admin.tiers.list()
    assert differences(shapes.TierList, tiers) == []
    assert tier in tiers["tiers"]
    assert differences(shapes.Overview, await admin.usage(7, 3)) == []
    assert differences(shapes.EmbeddingProgress, await admin.embeddings()) == []
    await admin.users.set_tier(user.id, "boundless", "a test")
    platform = AsyncPlatform(user.nova)
    assert (await platform.check_memory_quota())["limit"] == "Unlimited"
    await user.nova.memory.store({"type": "task", "tier": "ltm", "input_context": "To be erased"})
    assert (await admin.users.erase_memories(user.id, "a test"))["memories_forgotten"] == 1
    assert differences(shapes.AuditPage, await admin.audit(limit=3)) == []
    actions = [one["action"] async for one in admin.all_audit(limit=2)]
    assert len(actions) >= 5
    await admin.users.set_disabled(user.id, disabled=True, reason="a test")
    with pytest.raises(ProblemError) as caught:
        await user.nova.usage.tier()
    assert caught.value.kind == "account-disabled"
    await admin.users.set_role(user.id, "subscriber", "a test")
    assert (await admin.users.get(user.id))["role"] == "subscriber"
    limits = await operator.usage.limits()
    assert differences(shapes.Limits, limits) == []
    status = await operator.status()
    assert differences(shapes.Status, status) == []
    history = await operator.usage.history(7)
    assert differences(shapes.History, history) == []
