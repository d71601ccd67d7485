# Made by tools/unasync.py from ../_async; do not edit.
import httpx
import pytest

from novacore_client import NovaCore, ProblemError, Session, shapes
from tests.unit.fakes import Script, Scripted, problem


def renewed(number: int) -> httpx.Response:
    tokens = {"accessToken": f"a{number}", "refreshToken": f"r{number}"}
    return httpx.Response(200, json=tokens)


def client(*answers: Scripted) -> tuple[NovaCore, Script]:
    script = Script(answers)
    http_client = httpx.Client(transport=httpx.MockTransport(script))
    return NovaCore("https://nova.example", http_client=http_client), script


def test_a_session_is_renewed_once_for_all_who_were_refused() -> None:
    nova, script = client(renewed(2), renewed(3))
    told: list[shapes.Refreshed] = []
    session = Session(nova, "a1", "r1", told.append)
    assert session(None) == "a1"
    assert session("a1") == "a2"
    assert session("a1") == "a2"
    assert script.sent[0].content == b'{"refreshToken":"r1"}'
    assert told == [{"accessToken": "a2", "refreshToken": "r2"}]
    assert session("a2") == "a3"
    assert script.sent[1].content == b'{"refreshToken":"r2"}'


def test_it_fails_once_the_session_has_ended_and_asks_again_later() -> None:
    nova, _ = client(problem(401, "credential-invalid"), renewed(2))
    session = Session(nova, "a1", "r1")
    with pytest.raises(ProblemError):
        session("a1")
    assert session("a1") == "a2"
