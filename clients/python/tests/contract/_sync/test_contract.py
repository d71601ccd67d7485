# Made by tools/unasync.py from ../_async; do not edit.
"""The client against the real server."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from novacore_client import (
    Answer,
    EntryEvent,
    NovaCore,
    Platform,
    ProblemError,
    QuotaExceededError,
    Session,
    StreamEvent,
    StreamState,
    shapes,
)
from tests.contract.server import ADMIN, SERVICE_TOKEN, CuttingProxy, serving
from tests.contract.shapes_of import differences

COUNT = itertools.count(1)
PASSWORD = "correct horse"


@dataclass
class NewUser:
    nova: NovaCore
    id: str
    email: str
    signed_in: shapes.SignedIn


class Users:
    """Makes users, and closes their clients in the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.made: list[NovaCore] = []

    def new(self, through: str | None = None) -> NewUser:
        """A new user, and a client of his."""
        email = f"user-_sync-{next(COUNT)}@example.com"
        with NovaCore(self.url) as opened:
            signed_in = opened.auth.register(email, PASSWORD)
        nova = NovaCore(through or self.url, token=signed_in["accessToken"])
        self.made.append(nova)
        return NewUser(nova, signed_in["user"]["id"], email, signed_in)


@pytest.fixture
def users(url: str) -> Iterator[Users]:
    made = Users(url)
    yield made
    for nova in made.made:
        nova.close()


@pytest.fixture
def service(url: str) -> Iterator[NovaCore]:
    with NovaCore(url, service_token=SERVICE_TOKEN) as client:
        yield client


@pytest.fixture
def operator(url: str) -> Iterator[NovaCore]:
    with NovaCore(url) as opened:
        token = (opened.auth.login(*ADMIN))["accessToken"]
    with NovaCore(url, token=token) as client:
        yield client


def tokens(user_id: str, amount: int) -> shapes.RecordRequest:
    return {"userId": user_id, "resourceType": "llm_tokens", "amount": amount}


def amounts(amount: int) -> list[shapes.AmountOf]:
    return [{"resourceType": "llm_tokens", "amount": amount}]


def test_the_platforms_older_functions(users: Users, service: NovaCore) -> None:
    user = users.new()
    service.usage.record(tokens(user.id, 850))
    user.nova.memory.store({"type": "lesson", "tier": "ltm", "input_context": "Rex"})
    platform = Platform(user.nova)

    stats = platform.get_usage_stats(7)
    assert differences(shapes.Stats, stats) == []
    assert set(stats) >= {"userId", "period", "breakdown", "limits", "warnings", "timestamp"}
    assert (stats["userId"], stats["period"]) == (user.id, "last_7_days")
    assert stats["warnings"] == ["llm_tokens at 85.0% of quota"]
    assert stats["limits"]["llmTokensDay"] == 1000
    assert set(stats["limits"]) == {"llmTokensDay", "memoryStorageBytes", "agentMinutesMonth"}
    (row,) = (row for row in stats["breakdown"] if row["resourceType"] == "llm_tokens")
    assert (row["amount"], row["humanReadable"], row.get("percentage")) == (850, "850 tokens", 85)
    assert (platform.get_usage_stats())["period"] == "last_30_days"

    used = platform.get_token_usage()
    assert differences(shapes.Tokens, used) == []
    assert (used["used"], used["limit"], used["percentage"]) == (850, 1000, 85)

    storage = platform.get_storage_usage()
    assert differences(shapes.Storage, storage) == []
    assert storage["used"] > 162
    assert re.fullmatch(r"[\d.]+ (B|[KMGTP]B)", storage["humanReadable"])

    check = platform.check_quota("llm_tokens", 10)
    assert differences(shapes.CheckQuota, check) == []
    assert check["hasQuota"]
    assert check["message"] == "Warning: 86.0% of quota will be used"
    check = platform.check_quota("llm_tokens", 200)
    assert not check["hasQuota"]
    assert check["message"] == "Quota exceeded. Current: 850, Requested: 200, Limit: 1000"

    series = platform.get_time_series("llm_tokens", 7)
    assert differences(list[shapes.DayRow], series) == []
    assert [day["amount"] for day in series] == [0, 0, 0, 0, 0, 0, 850]
    assert [day["date"] for day in series] == sorted(day["date"] for day in series)
    assert len(platform.get_time_series("llm_tokens")) == 30

    assert platform.get_user_tier() == {"userId": user.id, "tier": "free_trial"}

    memory = platform.get_memory_usage()
    assert differences(shapes.MemoryUsage, memory) == []
    assert memory["memory_counts"] == {"stm": 0, "itm": 0, "ltm": 1, "total": 1}
    assert set(memory["tier_stats"]) == {"stm", "itm", "ltm"}

    room = platform.check_memory_quota()
    assert differences(shapes.QuotaCheck, room) == []
    assert (room["has_quota"], room["message"]) == (True, "Storage quota available")


def test_a_refusal_by_a_limit_is_a_typed_problem(users: Users, service: NovaCore) -> None:
    user = users.new()
    service.usage.record(tokens(user.id, 800))
    with pytest.raises(QuotaExceededError) as caught:
        service.reservations.create({"userId": user.id, "amounts": amounts(300)})
    error = caught.value
    assert differences(shapes.Problem, dict(error.problem)) == []
    assert (error.status, error.kind, error.title) == (429, "quota-exceeded", "Quota exceeded")
    assert (error.resource_type, error.limit, error.used) == ("llm_tokens", 1000, 800)
    assert (error.held, error.requested, error.remaining) == (0, 300, 200)
    assert error.upgrade_to == "basic"
    assert error.resets_at is not None
    assert error.request_id is not None
    assert error.retry_after_s is not None


def test_reservations(users: Users, service: NovaCore) -> None:
    user = users.new()
    ask: shapes.ReserveRequest = {"userId": user.id, "amounts": amounts(400)}
    made = service.reservations.create(ask)
    assert differences(shapes.Reserved, made) == []
    reservation = made["reservationId"]
    service.reservations.extend(reservation, {"ttlSeconds": 600})
    service.reservations.extend(reservation)
    held = service.reservations.get(reservation)
    assert differences(shapes.Reservation, held) == []
    assert (held["status"], held["amounts"][0]["held"]) == ("open", 400)
    settled = service.reservations.settle(reservation, {"amounts": amounts(150)})
    assert differences(shapes.Settled, settled) == []
    with pytest.raises(ProblemError) as caught:
        service.reservations.release(reservation)
    assert caught.value.kind == "reservation-ended"
    assert caught.value.problem["reservation_status"] == "settled"
    second = service.reservations.create(ask)
    service.reservations.release(second["reservationId"])
    assert (service.usage.tokens(user=user.id))["used"] == 150


def test_a_replayed_key_gives_the_same_answer(users: Users, service: NovaCore) -> None:
    user = users.new()
    answers: list[Answer] = []
    first, second = [
        service.usage.record(tokens(user.id, 5), idempotency_key="once", on_answer=answers.append)
        for _ in range(2)
    ]
    assert first == second
    assert [answer.is_replayed for answer in answers] == [False, True]
    with pytest.raises(ProblemError) as caught:
        service.usage.record(tokens(user.id, 6), idempotency_key="once")
    assert (caught.value.status, caught.value.kind) == (409, "key-reused")


def test_a_write_whose_answer_was_lost_happens_once(users: Users, proxy: CuttingProxy) -> None:
    user = users.new()
    # Twice the answer is lost in the middle of its head; then it arrives.
    cuts = [10, 60]
    proxy.cut_after(lambda: cuts.pop(0) if cuts else None)
    answers: list[Answer] = []
    with NovaCore(proxy.url, service_token=SERVICE_TOKEN) as through:
        through.usage.record(tokens(user.id, 7), on_answer=answers.append)
    assert [(answer.is_replayed, answer.attempts) for answer in answers] == [(True, 3)]
    assert (user.nova.usage.tokens())["used"] == 7


def test_events(users: Users, service: NovaCore) -> None:
    user = users.new()

    def event(event_id: str, resource: str = "llm_tokens") -> Any:
        data = {"resourceType": resource, "amount": 3}
        names = {"type": "tokens.used", "source": "/agents/eu-1", "id": event_id}
        return {**names, "subject": user.id, "data": data}

    service.events.send(event("a"))
    report = service.events.send([event("a"), event("b"), event("c", "nonsense")])
    assert differences(shapes.EventsReport, report) == []
    statuses = [result["status"] for result in report["results"]]
    assert statuses == ["replayed", "accepted", "rejected"]


def test_a_stream_that_is_cut_goes_on_without_loss_and_says_nothing_twice(
    users: Users, service: NovaCore, proxy: CuttingProxy
) -> None:
    user = users.new(proxy.url)
    # Every connection is cut somewhere else: in its head, in an event, between two.
    cuts = itertools.count(787, 487)
    proxy.cut_after(lambda: next(cuts))
    states: list[StreamState] = []
    events: list[StreamEvent] = []
    # Some before it begins, the others one for each that came.
    for amount in range(1, 21):
        service.usage.record(tokens(user.id, amount))
    with user.nova.usage.stream(last_event_id="0", on_state=states.append) as stream:
        for event in stream:
            events.append(event)
            if len(events) == 40:
                break
            if len(events) <= 20:
                service.usage.record(tokens(user.id, 20 + len(events)))
    proxy.cut_after(lambda: None)
    found = [event.data["amount"] for event in events]
    assert found == list(range(1, 41))
    assert len([one for one in states if one.state == "waiting"]) > 4


def test_a_stream_brings_what_happens_while_no_connection_is_there(
    users: Users, url: str, proxy: CuttingProxy
) -> None:
    user = users.new(proxy.url)
    cuts: list[str] = []

    def on_state(state: StreamState) -> None:
        # The connection is cut as soon as it is open, before it has brought anything.
        if state.state == "open" and not cuts:
            proxy.cut()
            with NovaCore(url, service_token=SERVICE_TOKEN) as other:
                other.usage.record(tokens(user.id, 11))
            cuts.append("done")

    with user.nova.usage.stream(on_state=on_state) as stream:
        event = next(stream)
    assert isinstance(event, EntryEvent)
    assert differences(shapes.EntryRow, event.data) == []
    assert (event.name, event.data["amount"]) == ("usage", 11)


def test_a_stream_tells_of_thresholds(users: Users, service: NovaCore) -> None:
    user = users.new()
    service.usage.record(tokens(user.id, 900))
    with user.nova.usage.stream(last_event_id="0") as stream:
        names = [(next(stream)).name, (next(stream)).name]
    assert names == ["usage", "threshold"]


def test_a_stream_outlives_its_token() -> None:
    with serving({"NOVACORE__AUTH__ACCESS_TTL_SECONDS": "1"}) as url:
        opened = NovaCore(url)
        signed_in = opened.auth.register("a@example.com", PASSWORD)
        renewed: list[shapes.Refreshed] = []
        access, refresh = signed_in["accessToken"], signed_in["refreshToken"]
        nova = NovaCore(url, token=Session(opened, access, refresh, renewed.append))

        def on_state(state: StreamState) -> None:
            # The server ends the stream with its token; the next connection has another one.
            if state.state == "open" and renewed:
                with NovaCore(url, service_token=SERVICE_TOKEN) as other:
                    other.usage.record(tokens(signed_in["user"]["id"], 3))

        with nova.usage.stream(last_event_id="0", on_state=on_state) as stream:
            event = next(stream)
        assert event.data["amount"] == 3
        assert renewed
        nova.close()
        opened.close()


def test_pages_are_walked_through(users: Users, service: NovaCore) -> None:
    user = users.new()
    for amount in range(1, 6):
        service.usage.record(tokens(user.id, amount))
    page = user.nova.usage.entries({"limit": 2})
    assert differences(shapes.EntryPage, page) == []
    entries = user.nova.usage.all_entries({"limit": 2, "kind": ["record", "settle"]})
    assert [entry["amount"] for entry in entries] == [5, 4, 3, 2, 1]


def test_memories(users: Users) -> None:
    user = users.new()
    memory = user.nova.memory
    ask: shapes.StoreRequest = {
        "type": "lesson",
        "tier": "itm",
        "input_context": "The dog is Rex",
        "tags": ["a", "b"],
    }
    stored = memory.store(ask)
    assert differences(shapes.Memory, stored) == []
    memory_id = stored["id"]
    assert (memory.get(memory_id))["input_context"] == "The dog is Rex"
    found = memory.search({"query": "dog", "mode": "keyword", "limit": 5})
    assert differences(shapes.SearchResults, found) == []
    assert [one["id"] for one in found["results"]] == [memory_id]
    assert (memory.list({"tag": ["a", "b"]}))["total"] == 1
    assert (memory.list({"tag": ["a", "c"]}))["total"] == 0
    changed = memory.update(memory_id, {"outcome": "success", "tags": None})
    assert (changed.get("outcome"), changed["tags"]) == ("success", [])
    assert (memory.promote(memory_id, "ltm"))["tier"] == "ltm"
    assert (memory.intermediate())["total"] == 0
    assert differences(shapes.MemoryStats, memory.stats()) == []
    memory.store_turn("chat 1", {"input": "Hello", "output": "Hi"})
    assert (memory.turns("chat 1"))["total"] == 1
    context = memory.context(session_id="chat 1", query="dog", limit=3)
    assert differences(shapes.ContextParts, context) == []
    assert len(context["stm"]) == 1
    assert (memory.clear_turns("chat 1")).get("memories_forgotten") == 1
    assert (memory.delete(memory_id))["success"]
    with pytest.raises(ProblemError) as caught:
        memory.get(memory_id)
    assert caught.value.status == 404
    bulk: shapes.BulkMemory = {"type": "task", "tier": "itm", "input_context": "Two of them"}
    answer = memory.store_many({"memories": [bulk, bulk]})
    assert differences(shapes.BulkStored, answer) == []
    assert (memory.forget({"all": True})).get("memories_forgotten") == 2


def test_accounts(users: Users, url: str) -> None:
    user = users.new()
    auth = user.nova.auth
    with pytest.raises(ProblemError) as caught:
        auth.login(user.email, "something else")
    assert (caught.value.status, caught.value.kind) == (401, "wrong-login")
    again = auth.login(user.email, PASSWORD)
    assert differences(shapes.SignedIn, again) == []
    assert differences(shapes.Me, auth.me()) == []
    sessions = auth.sessions()
    assert differences(shapes.SessionList, sessions) == []
    assert len(sessions["sessions"]) == 2
    third = auth.login(user.email, PASSWORD)
    listed = (auth.sessions())["sessions"]
    newest = max(listed, key=lambda session: session["createdAt"])
    auth.end_session(newest["id"])
    with pytest.raises(ProblemError) as caught:
        auth.refresh(third["refreshToken"])
    assert caught.value.status == 401
    made = auth.keys.create({"name": "mine", "scopes": ["usage:read"]})
    assert differences(shapes.NewKey, made) == []
    with NovaCore(url, token=made["key"]) as by_key:
        quota = by_key.usage.quota()
        assert differences(shapes.Quota, quota) == []
        assert quota["userId"] == user.id
        assert [key["name"] for key in (auth.keys.list())["keys"]] == ["mine"]
        auth.keys.revoke(made["id"])
        with pytest.raises(ProblemError):
            by_key.usage.tier()
    renewed = auth.refresh(again["refreshToken"])
    auth.logout(renewed["refreshToken"])
    auth.logout_all()
    for ended in (renewed["refreshToken"], user.signed_in["refreshToken"]):
        with pytest.raises(ProblemError) as caught:
            auth.refresh(ended)
        assert caught.value.status == 401


def test_an_administrator(users: Users, operator: NovaCore) -> None:
    user = users.new()
    admin = operator.admin
    page = admin.users.list(search=user.email)
    assert differences(shapes.UserPage, page) == []
    assert page["users"][0]["id"] == user.id
    assert user.id in [one["id"] for one in admin.users.all(limit=1)]
    admin.users.set_tier(user.id, "basic", "a test")
    assert (user.nova.usage.tier())["tier"] == "basic"
    admin.overrides.put(user.id, "llm_tokens", {"cap": 12, "reason": "a test"})
    override = admin.overrides.get(user.id, "llm_tokens")
    assert differences(shapes.OverrideView, override) == []
    assert override.get("cap") == 12
    assert (user.nova.usage.tokens())["limit"] == 12
    admin.overrides.remove(user.id, "llm_tokens", "the test is over")
    tier = admin.tiers.get("basic")
    put: shapes.PutTierRequest = {"limits": {}, "reason": "a test"}
    assert (admin.tiers.put("boundless", put))["limits"] == {}
    tiers = admin.tiers.list()
    assert differences(shapes.TierList, tiers) == []
    assert tier in tiers["tiers"]
    assert differences(shapes.Overview, admin.usage(7, 3)) == []
    assert differences(shapes.EmbeddingProgress, admin.embeddings()) == []
    admin.users.set_tier(user.id, "boundless", "a test")
    platform = Platform(user.nova)
    assert (platform.check_memory_quota())["limit"] == "Unlimited"
    user.nova.memory.store({"type": "task", "tier": "ltm", "input_context": "To be erased"})
    assert (admin.users.erase_memories(user.id, "a test"))["memories_forgotten"] == 1
    assert differences(shapes.AuditPage, admin.audit(limit=3)) == []
    actions = [one["action"] for one in admin.all_audit(limit=2)]
    assert len(actions) >= 5
    admin.users.set_disabled(user.id, disabled=True, reason="a test")
    with pytest.raises(ProblemError) as caught:
        user.nova.usage.tier()
    assert caught.value.kind == "account-disabled"
    admin.users.set_role(user.id, "subscriber", "a test")
    assert (admin.users.get(user.id))["role"] == "subscriber"
    limits = operator.usage.limits()
    assert differences(shapes.Limits, limits) == []
    status = operator.status()
    assert differences(shapes.Status, status) == []
    history = operator.usage.history(7)
    assert differences(shapes.History, history) == []
