from typing import Any

import pytest

from novacore_client._retry import Repeat, RetryPolicy, backoff_s, retry_in_s
from novacore_client.errors import (
    AnswerError,
    ConnectionFailedError,
    NovaCoreError,
    ProblemError,
    TimedOutError,
)

POLICY = RetryPolicy()


def told(status: int, kind: str, retry_after_s: float | None = None) -> ProblemError:
    members: dict[str, Any] = {"type": f"urn:novacore:problem:{kind}"}
    return ProblemError(status, members, None, retry_after_s)


# With the random number 1 after the first failure, the pause is a quarter of a second.
@pytest.mark.parametrize(
    ("error", "want"),
    [
        (ConnectionFailedError("x"), 0.25),
        (TimedOutError("x"), 0.25),
        (told(503, "overloaded"), 0.25),
        (told(503, "unavailable", 1), 1.25),
        (told(503, "unavailable", 31), None),
        (ProblemError(503, {}), 0.25),
        (ProblemError(502, {}), 0.25),
        (told(504, "upstream-timeout"), 0.25),
        (told(408, "request-timeout"), 0.25),
        (told(429, "quota-exceeded", 1), None),
        (told(429, "too-many-reservations"), None),
        (told(429, "too-many-streams"), None),
        (ProblemError(429, {}, None, 1), None),
        (told(429, "rate-limited", 1), 1.25),
        (told(400, "malformed-body"), None),
        (told(401, "credential-invalid"), None),
        (told(403, "forbidden"), None),
        (told(404, "not-found"), None),
        (told(409, "conflict"), None),
        (told(422, "invalid-field"), None),
        (told(500, "internal"), None),
        (AnswerError("x", 200), None),
    ],
)
def test_what_is_sent_again(error: NovaCoreError, want: float | None) -> None:
    assert retry_in_s(POLICY, Repeat.SAFE, 1, error, 1) == want
    assert retry_in_s(POLICY, Repeat.KEYED, 1, error, 1) == want
    assert retry_in_s(POLICY, Repeat.ONCE, 1, error, 1) is None


def test_it_gives_up() -> None:
    error = ConnectionFailedError("x")
    waits = [retry_in_s(POLICY, Repeat.SAFE, failures, error, 1) for failures in (1, 2, 3, 4)]
    assert waits == [0.25, 0.5, 1.0, None]


def test_the_bound_doubles_up_to_its_most() -> None:
    bounds = [backoff_s(POLICY, failures, 1) for failures in (1, 2, 3, 4, 5, 6, 7, 9999)]
    assert bounds == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert backoff_s(POLICY, 3, 0) == 0
    assert backoff_s(POLICY, 3, 0.5) == 0.5
