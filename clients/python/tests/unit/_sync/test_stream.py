# Made by tools/unasync.py from ../_async; do not edit.
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from novacore_client import (
    AnswerError,
    ConnectionFailedError,
    EntryEvent,
    NovaCore,
    OtherEvent,
    ProblemError,
    StreamEvent,
    StreamState,
    TimedOutError,
    UsageStream,
)
from tests.unit.fakes import Script, Scripted, chance, problem


class Body(httpx.SyncByteStream):
    """A body in pieces; an error among them breaks it off."""

    def __init__(self, *pieces: str | Exception) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece.encode()


class Stopped(Exception):  # noqa: N818, it is what a test raises to come out of a pause
    """Enough was slept."""


@pytest.fixture(autouse=True)
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the stream has slept; no time passes."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) >= 6:
            raise Stopped

    monkeypatch.setattr("novacore_client._sync.stream.sleep", sleep)
    return slept


def opened(*answers: Scripted, token: Any = "t0", **options: Any) -> tuple[UsageStream, Script]:
    script = Script(answers)
    http_client = httpx.Client(transport=httpx.MockTransport(script))
    base_url = "https://nova.example"
    nova = NovaCore(base_url, token=token, http_client=http_client, chance=chance())
    return nova.usage.stream(**options), script


def stream(*pieces: str | Exception) -> httpx.Response:
    return httpx.Response(200, headers=MEDIA, stream=Body(*pieces))


MEDIA = {"content-type": "text/event-stream"}
BROKEN = httpx.ReadError("reset")


def usage(version: int) -> str:
    return f'id: {version}\nevent: usage\ndata: {{"version":{version}}}\n\n'


def taken(events: UsageStream, count: int) -> list[StreamEvent]:
    found: list[StreamEvent] = []
    for event in events:
        found.append(event)
        if len(found) == count:
            break
    events.close()
    return found


def test_it_begins_after_the_newest_entry_and_goes_on_after_the_last_event(
    sleeps: list[float],
) -> None:
    newest = httpx.Response(200, json={"entries": [{"version": 6}]})
    half = 'id: 8\nevent: usage\ndata: {"version":'
    first = stream(usage(7), half, BROKEN)
    states: list[StreamState] = []
    second = stream(usage(8) + usage(9))
    events, script = opened(newest, first, second, on_state=states.append)
    assert [event.id for event in taken(events, 3)] == ["7", "8", "9"]
    assert script.headers("last-event-id") == [None, "6", "7"]
    assert script.urls()[0] == "https://nova.example/api/usage/entries?limit=1"
    assert script.headers("accept")[1:] == ["text/event-stream"] * 2
    assert script.headers("accept-encoding")[1:] == ["identity"] * 2
    assert [one.state for one in states] == ["connecting", "open", "waiting", "connecting", "open"]
    assert sleeps == [0.125]
    assert first.is_closed
    assert second.is_closed


def test_nothing_is_lost_if_the_first_connection_brings_nothing() -> None:
    empty = httpx.Response(200, json={"entries": []})
    events, script = opened(empty, stream(), stream(usage(1)))
    assert [event.id for event in taken(events, 1)] == ["1"]
    assert script.headers("last-event-id") == [None, "0", "0"]


def test_no_entry_is_handed_out_twice() -> None:
    events, _ = opened(stream(usage(5) + usage(5) + usage(4) + usage(6)), last_event_id="4")
    assert [event.id for event in taken(events, 2)] == ["5", "6"]


def test_events_that_it_does_not_know_are_handed_out() -> None:
    events, _ = opened(
        stream(
            'id: 1\nevent: threshold\ndata: {"version":1}\n\n',
            'id: x\nevent: resync\ndata: {"why":"gap"}\n\n',
            "event: notice\ndata: plain words\n\ndata: null\n\n",
        ),
        last_event_id="0",
    )
    found = taken(events, 4)
    assert isinstance(found[0], EntryEvent)
    assert (found[0].name, found[0].id) == ("threshold", "1")
    assert found[0].data["version"] == 1
    assert found[1:] == [
        OtherEvent("resync", "x", {"why": "gap"}),
        OtherEvent("notice", "x", "plain words"),
        OtherEvent("message", "x", None),
    ]


def test_a_silent_connection_is_taken_for_dead() -> None:
    states: list[StreamState] = []
    silent = stream(": heartbeat\n\n", httpx.ReadTimeout("silence"))
    events, script = opened(
        silent, stream(usage(1)), last_event_id="0", silence_s=9, on_state=states.append
    )
    taken(events, 1)
    assert script.sent[0].extensions["timeout"]["read"] == 9
    assert isinstance(states[2].error, TimedOutError)


def test_it_waits_longer_each_time_and_anew_once_something_came(
    sleeps: list[float],
) -> None:
    def down() -> httpx.Response:
        return problem(503, "unavailable")

    refused = httpx.ConnectError("refused")
    answers: list[Scripted] = [refused, down(), down(), stream(usage(1)), refused, refused]
    events, _ = opened(*answers, last_event_id="0")
    assert (next(events)).id == "1"
    with pytest.raises(Stopped):
        next(events)
    assert sleeps == [0.125, 0.25, 0.5, 0.125, 0.25, 0.5]


def test_it_waits_as_long_as_the_server_asks(sleeps: list[float]) -> None:
    asks = problem(503, "unavailable", {"retry-after": "5"})
    events, _ = opened(asks, stream("retry: 3000\n\n"), stream(usage(1)), last_event_id="0")
    taken(events, 1)
    assert sleeps == [5, 3]


def test_it_asks_for_another_token_when_the_first_one_has_ended() -> None:
    asked: list[str | None] = []

    def token(rejected: str | None) -> str:
        asked.append(rejected)
        return f"t{len(asked)}"

    # The server ends a stream together with the token it was opened with.
    refused = problem(401, "credential-invalid")
    events, script = opened(stream(), refused, stream(usage(1)), token=token, last_event_id="0")
    taken(events, 1)
    assert script.headers("authorization") == ["Bearer t1", "Bearer t2", "Bearer t3"]
    assert asked == [None, "t1", "t2"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(401, "credential-invalid"), ProblemError),
        (problem(429, "too-many-streams"), ProblemError),
        (httpx.Response(200, json={}), AnswerError),
    ],
)
def test_it_fails_on_what_no_new_connection_mends(
    answer: httpx.Response, error: type[Exception]
) -> None:
    events, script = opened(answer, last_event_id="0")
    with pytest.raises(error):
        next(events)
    assert len(script.sent) == 1
    with pytest.raises(StopIteration):
        next(events)


def test_it_tells_why_it_waits() -> None:
    states: list[StreamState] = []
    refused = httpx.ConnectError("refused")
    events, _ = opened(refused, stream(usage(1)), last_event_id="0", on_state=states.append)
    taken(events, 1)
    assert states[1].retry_in_s == 0.125
    error = states[1].error
    assert isinstance(error, ConnectionFailedError)
    assert error.__cause__ is refused


def test_it_can_be_gone_on_with_after_it_was_called_off() -> None:
    body = stream(usage(1), Stopped())
    events, script = opened(body, stream(usage(2)), last_event_id="0")
    assert (next(events)).id == "1"
    with pytest.raises(Stopped):
        next(events)
    assert body.is_closed
    assert (next(events)).id == "2"
    assert script.headers("last-event-id") == ["0", "1"]
    with events:
        pass
    with pytest.raises(StopIteration):
        next(events)
