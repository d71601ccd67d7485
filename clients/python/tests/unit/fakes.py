"""Answers out of a script, and chance without luck."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from novacore_client._request import Chance

Scripted = httpx.Response | Exception


class Script:
    """Answers in order, and keeps what it was sent."""

    def __init__(self, answers: Sequence[Scripted]) -> None:
        self.answers = list(answers)
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def headers(self, name: str) -> list[str | None]:
        return [request.headers.get(name) for request in self.sent]

    def urls(self) -> list[str]:
        return [str(request.url) for request in self.sent]


def problem(
    status: int, kind: str, headers: Mapping[str, str] | None = None, **more: Any
) -> httpx.Response:
    members = {"type": f"urn:novacore:problem:{kind}", "title": kind, "detail": kind, **more}
    content = json.dumps(members).encode()
    all_headers = {"content-type": "application/problem+json", **(headers or {})}
    return httpx.Response(status, content=content, headers=all_headers)


def chance() -> Chance:
    """Random numbers that are always a half, and ids that count."""
    count = itertools.count(1)
    uuid: Callable[[], str] = lambda: f"key-{next(count)}"  # noqa: E731
    return Chance(random=lambda: 0.5, uuid=uuid)
