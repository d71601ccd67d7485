"""Everything that a call can raise, apart from what the caller's token function raises."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

#: What the types of problems begin with.
_URN = "urn:novacore:problem:"


class NovaCoreError(Exception):
    """What all errors of this package are."""


class ConnectionFailedError(NovaCoreError):
    """No answer: the connection could not be made, or broke. The reason is `__cause__`."""


class TimedOutError(NovaCoreError):
    """Nothing came for as long as `timeout` allows."""


class AnswerError(NovaCoreError):
    """An answer that is not NovaCore's: a redirect, or something that the call does not answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class ProblemError(NovaCoreError):
    """The server answered with a problem of RFC 9457."""

    def __init__(
        self,
        status: int,
        members: Mapping[str, Any],
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        # All arguments, so that it survives being sent between processes.
        super().__init__(status, members, request_id, retry_after_s)
        self.status = status
        #: All members that were sent, also those that this version does not know.
        self.problem = members
        #: A stable URI; `about:blank` if none was sent.
        self.type = _text(members, "type") or "about:blank"
        self.title = _text(members, "title") or f"HTTP {status}"
        #: What is wrong this time; safe to show.
        self.detail = _text(members, "detail") or self.title
        #: The URI of this occurrence, if one was sent.
        self.instance = _text(members, "instance")
        #: 422: the field, parameter or header that is invalid.
        self.field = _text(members, "field")
        #: Say it when you report the problem.
        self.request_id = request_id
        #: How long the server asks to wait, in seconds.
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.detail

    @property
    def kind(self) -> str | None:
        """The last part of `type`: `quota-exceeded`; None if the problem is not NovaCore's."""
        return self.type.removeprefix(_URN) if self.type.startswith(_URN) else None


class QuotaExceededError(ProblemError):
    """A refusal by a limit: 429 with its numbers."""

    def _number(self, name: str) -> int:
        return int(self.problem.get(name, 0))

    @property
    def resource_type(self) -> str:
        return _text(self.problem, "resource_type") or ""

    @property
    def limit_name(self) -> str:
        return _text(self.problem, "limit_name") or ""

    @property
    def limit(self) -> int:
        return self._number("limit")

    @property
    def used(self) -> int:
        return self._number("used")

    @property
    def held(self) -> int:
        return self._number("held")

    @property
    def requested(self) -> int:
        return self._number("requested")

    @property
    def remaining(self) -> int:
        """What would be admitted now."""
        return self._number("remaining")

    @property
    def resets_at(self) -> str | None:
        """When the window ends, RFC 3339; None for a level, which never resets."""
        return _text(self.problem, "resets_at")

    @property
    def upgrade_to(self) -> str | None:
        """The first higher tier in which it would fit."""
        return _text(self.problem, "upgrade_to")


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def problem_of(response: httpx.Response, now: datetime | None = None) -> ProblemError:
    """The problem in an answer that was read; one made of the status if the body has none."""
    members: Mapping[str, Any] = {}
    # The media type alone decides: a page of a proxy is nothing to show.
    media = response.headers.get("content-type", "")
    if re.match(r"application/(problem\+)?json\b", media, re.IGNORECASE):
        try:
            body = response.json()
        except ValueError:
            body = None
        if isinstance(body, dict):
            members = body
    wait_s = retry_after_s(response.headers.get("retry-after"), now or datetime.now(UTC))
    request_id = response.headers.get("x-request-id")
    is_quota = members.get("type") == f"{_URN}quota-exceeded" and _has_numbers(members)
    kind = QuotaExceededError if is_quota else ProblemError
    return kind(response.status_code, members, request_id, wait_s)


def _has_numbers(members: Mapping[str, Any]) -> bool:
    names = ("limit", "used", "held", "requested", "remaining")
    return all(isinstance(members.get(name), int) for name in names)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """`Retry-After` in seconds from now: a number or an HTTP date; None if it is neither."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    except (ValueError, OverflowError):
        return None
    return max(0.0, (at - now).total_seconds())
