"""Makes requests out of calls: addresses, headers, bodies. Sends nothing."""

import json
import random
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict
from urllib.parse import quote

import httpx

from novacore_client._retry import Repeat, RetryPolicy

#: Seconds that connecting, and each wait for more, may take.
TIMEOUT_S = 30.0

#: Values of a query; None is left out, a list is sent as repeated members.
Query = Mapping[str, str | int | float | bool | Sequence[str] | None]


@dataclass(frozen=True)
class Answer:
    """What there is to an answer beside its body."""

    status: int
    headers: httpx.Headers
    request_id: str | None
    #: Whether this is the first answer to the same key, told again.
    is_replayed: bool
    #: How often the request was sent.
    attempts: int

    @staticmethod
    def of(response: httpx.Response, attempts: int) -> "Answer":
        headers = response.headers
        is_replayed = headers.get("idempotent-replayed") == "true"
        request_id = headers.get("x-request-id")
        return Answer(response.status_code, headers, request_id, is_replayed, attempts)


class CallOptions(TypedDict, total=False):
    """What one call may set for itself."""

    #: Seconds that connecting, and each wait for more, may take.
    timeout: float
    #: How often the call is sent again.
    retries_max: int
    #: The user for whom the call is made, in place of the client's `user`.
    user: str
    #: Hears the answer, beside its body.
    on_answer: Callable[[Answer], None]


class WriteOptions(CallOptions, total=False):
    """What a call of a write may set as well."""

    #: 1 to 255 characters; one is made for each call if none is given.
    idempotency_key: str


@dataclass(frozen=True)
class Call:
    """One call, apart from what its caller sets."""

    method: str
    path: str
    repeat: Repeat
    #: What stands in the path for the names in it.
    names: Mapping[str, str] = field(default_factory=dict)
    query: Query = field(default_factory=dict)
    body: Any = None
    media: str = "application/json"
    #: The call makes a credential, it does not need one.
    is_open: bool = False


@dataclass(frozen=True)
class Request:
    """A request that is ready but for its credential."""

    method: str
    url: str
    params: httpx.QueryParams
    headers: dict[str, str]
    content: bytes | None
    is_open: bool


@dataclass(frozen=True)
class Chance:
    """Where luck comes from; another one in tests."""

    random: Callable[[], float] = random.random
    uuid: Callable[[], str] = field(default=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Setup:
    """How a client is set up."""

    base_url: str
    is_service: bool
    user: str | None
    timeout: float
    headers: Mapping[str, str]
    policy: RetryPolicy
    chance: Chance

    def request(self, call: Call, options: WriteOptions) -> Request:
        headers = {**self.headers, "accept": "application/json"}
        user = options.get("user", self.user)
        if user is not None and not call.is_open:
            headers["x-user-id" if self.is_service else "novacore-user"] = user
        if call.repeat is Repeat.KEYED:
            headers["idempotency-key"] = options.get("idempotency_key") or self.chance.uuid()
        content = None
        if call.body is not None:
            headers["content-type"] = call.media
            text = json.dumps(call.body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            content = text.encode()
        url = self.base_url + self._mounted(filled(call.path, call.names))
        return Request(call.method, url, pairs(call.query), headers, content, call.is_open)

    def credential(self, token: str) -> tuple[str, str]:
        """The header that shows a token."""
        if self.is_service:
            return "x-service-token", token
        return "authorization", f"Bearer {token}"

    def _mounted(self, path: str) -> str:
        """Between services the same paths are served without `/api`."""
        is_apart = self.is_service and path.startswith("/api/") and path != "/api/status"
        return path.removeprefix("/api") if is_apart else path


def filled(path: str, names: Mapping[str, str]) -> str:
    """A path with its names filled in."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        text = names[name]
        # These would name another path: the segment, or the one before it, would go.
        if text in ("", ".", ".."):
            raise ValueError(f"{name}: {text!r} cannot stand in a path")
        return quote(text, safe="")

    return re.sub(r"\{(\w+)\}", value, path)


def pairs(query: Query) -> httpx.QueryParams:
    """A query as it is sent."""
    listed: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in query.items():
        if value is None:
            continue
        if isinstance(value, str):
            listed.append((name, value))
        elif isinstance(value, Sequence):
            listed.extend((name, one) for one in value)
        else:
            listed.append((name, value))
    return httpx.QueryParams(listed)
