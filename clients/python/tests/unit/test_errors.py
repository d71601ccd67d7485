import pickle
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from novacore_client.errors import ProblemError, QuotaExceededError, problem_of, retry_after_s

NUMBERS: dict[str, Any] = {
    "type": "urn:novacore:problem:quota-exceeded",
    "title": "Quota exceeded",
    "status": 429,
    "detail": "llm_tokens quota exceeded",
    "resource_type": "llm_tokens",
    "limit_name": "day",
    "limit": 1000,
    "used": 800,
    "held": 10,
    "requested": 300,
    "remaining": 190,
    "resets_at": "2026-11-25T00:00:00Z",
    "upgrade_to": None,
    "of_a_later_version": {"a": 1},
}


def test_a_refusal_by_a_limit_has_its_numbers() -> None:
    headers = {"retry-after": "50", "x-request-id": "r-1"}
    error = problem_of(httpx.Response(429, json=NUMBERS, headers=headers))
    assert isinstance(error, QuotaExceededError)
    assert (error.status, error.kind, error.title) == (429, "quota-exceeded", "Quota exceeded")
    assert (error.type, error.instance) == (NUMBERS["type"], None)
    assert (error.limit, error.used, error.held) == (1000, 800, 10)
    assert (error.requested, error.remaining) == (300, 190)
    assert (error.resource_type, error.limit_name) == ("llm_tokens", "day")
    assert (error.resets_at, error.upgrade_to) == ("2026-11-25T00:00:00Z", None)
    assert (error.request_id, error.retry_after_s) == ("r-1", 50)
    assert str(error) == "llm_tokens quota exceeded"
    assert error.problem == NUMBERS


def test_a_problem_can_be_sent_between_processes() -> None:
    error = problem_of(httpx.Response(429, json=NUMBERS, headers={"retry-after": "50"}))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is QuotaExceededError
    assert again.__dict__ == error.__dict__


def test_an_invalid_field_is_named() -> None:
    members = {"type": "urn:novacore:problem:invalid-field", "field": "days"}
    error = problem_of(httpx.Response(422, json=members))
    assert (error.field, error.kind) == ("days", "invalid-field")
    assert not isinstance(error, QuotaExceededError)


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(502, content=b"{", headers=JSON),
        httpx.Response(502, content=b"\xff", headers=JSON),
        httpx.Response(502, json=["a"]),
        httpx.Response(502, json=None),
        httpx.Response(502, json={"type": 1, "title": {}, "detail": []}),
        httpx.Response(502),
    ],
)
def test_others_are_made_of_the_status(response: httpx.Response) -> None:
    error = problem_of(response)
    assert type(error) is ProblemError
    assert (error.type, error.kind, error.title) == ("about:blank", None, "HTTP 502")
    assert (error.status, error.detail) == (502, "HTTP 502")
    assert isinstance(error.problem, dict)


NOW = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (None, None),
        ("0", 0),
        (" 7 ", 7),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("9999999999", None),
        ("soon", None),
        ("Tue, 24 Nov 2026 08:00:10 GMT", 10),
        ("Tue, 24 Nov 2026 07:00:00 GMT", 0),
        ("Tue, 24 Nov 2026 08:00:10", 10),
        ("Tue, 99 Nov 2026 07:00:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, want: float | None) -> None:
    assert retry_after_s(value, NOW) == want
