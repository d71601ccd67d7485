# Made by tools/unasync.py from ../_async; do not edit.
"""CloudEvents: what has happened, never refused for quota."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict, Unpack, cast

from novacore_client import shapes
from novacore_client._request import Call, CallOptions
from novacore_client._retry import Repeat
from novacore_client._sync.http import Http


class NewEvent(TypedDict):
    """An event to send. `source` and `id` together are its idempotency key."""

    #: Made if left out, and kept over retries of the call.
    id: NotRequired[str]
    #: Where it comes from, a URI reference.
    source: str
    #: Any name, such as `com.example.tokens.used`.
    type: str
    #: Whose use, a UUID; the caller if absent.
    subject: NotRequired[str]
    #: When it occurred, if not now: within the last 400 days.
    time: NotRequired[str]
    data: shapes.UsageData


class Events:
    """`client.events`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def send(
        self, events: NewEvent | Sequence[NewEvent], **options: Unpack[CallOptions]
    ) -> shapes.EventsReport:
        """Sends one event, or up to 1,000.

        The report has one result for each, in order: `accepted`, `replayed`, or `rejected` with a
        problem. Those rejected with a status of 503 may be sent again.
        """
        listed = events if isinstance(events, Sequence) else [events]
        uuid = self._http.setup.chance.uuid
        body = [{"id": uuid(), **event, "specversion": "1.0"} for event in listed]
        call = Call(
            "POST",
            "/api/usage/events",
            Repeat.SAFE,
            body=body,
            media="application/cloudevents-batch+json",
        )
        return cast("shapes.EventsReport", self._http.call(call, **options))
