"""Calls about usage: reports, entries, the live stream, and what is recorded."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypedDict, Unpack, cast

from novacore_client import shapes
from novacore_client._async.http import AsyncHttp
from novacore_client._async.pages import paged
from novacore_client._async.stream import SILENCE_S, AsyncUsageStream
from novacore_client._events import StreamState
from novacore_client._request import Call, CallOptions, WriteOptions
from novacore_client._retry import Repeat


class EntriesFilter(TypedDict, total=False):
    """Which entries."""

    resource_type: str
    #: Kinds of entries, such as `record` and `settle`.
    kind: shapes.EntryKind | Sequence[shapes.EntryKind]
    #: RFC 3339; from then on.
    from_time: str
    #: RFC 3339; before then.
    until: str
    #: 1 to 500 rows of a page.
    limit: int
    #: `nextCursor` of the page before.
    cursor: str | None


class AsyncUsage:
    """`client.usage`."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def stats(self, days: int = 30, **options: Unpack[CallOptions]) -> shapes.Stats:
        """Use of the last 1 to 365 days, limits and warnings."""
        call = {"query": {"days": days}}
        return cast("shapes.Stats", await self._http.get("/api/usage/stats", call, **options))

    async def tokens(self, **options: Unpack[CallOptions]) -> shapes.Tokens:
        """Tokens of the current window."""
        return cast("shapes.Tokens", await self._http.get("/api/usage/tokens", {}, **options))

    async def storage(self, **options: Unpack[CallOptions]) -> shapes.Storage:
        """What is stored now."""
        return cast("shapes.Storage", await self._http.get("/api/usage/storage", {}, **options))

    async def quota(self, **options: Unpack[CallOptions]) -> shapes.Quota:
        """Tokens, messages, storage and agent minutes against their limits."""
        return cast("shapes.Quota", await self._http.get("/api/usage/quota", {}, **options))

    async def limits(self, **options: Unpack[CallOptions]) -> shapes.Limits:
        """Every limit with its counters, and what the next tier gives."""
        return cast("shapes.Limits", await self._http.get("/api/usage/limits", {}, **options))

    async def tier(self, **options: Unpack[CallOptions]) -> shapes.TierOf:
        return cast("shapes.TierOf", await self._http.get("/api/usage/tier", {}, **options))

    async def timeseries(
        self, resource: str, days: int = 30, **options: Unpack[CallOptions]
    ) -> list[shapes.DayRow]:
        """One row for each of the last 1 to 365 days, ascending."""
        call = {"names": {"resource": resource}, "query": {"days": days}}
        rows = await self._http.get("/api/usage/timeseries/{resource}", call, **options)
        return cast("list[shapes.DayRow]", rows)

    async def history(self, days: int = 30, **options: Unpack[CallOptions]) -> shapes.History:
        """One row for each of the last 1 to 365 days, newest first, all resources in it."""
        call = {"query": {"days": days}}
        return cast("shapes.History", await self._http.get("/api/usage/history", call, **options))

    async def check_quota(
        self, resource_type: str, amount: int, **options: Unpack[CallOptions]
    ) -> shapes.CheckQuota:
        """Asks whether so much would fit now; nothing is set aside."""
        body = {"resourceType": resource_type, "amount": amount}
        call = Call("POST", "/api/usage/check-quota", Repeat.SAFE, body=body)
        return cast("shapes.CheckQuota", await self._http.call(call, **options))

    async def record(
        self, ask: shapes.RecordRequest, **options: Unpack[WriteOptions]
    ) -> shapes.Recorded:
        """Records what was used; with `enforce` it is refused with 429 if it does not fit."""
        call = Call("POST", "/api/usage/record", Repeat.KEYED, body=ask)
        return cast("shapes.Recorded", await self._http.call(call, **options))

    async def entries(
        self, which: EntriesFilter | None = None, **options: Unpack[CallOptions]
    ) -> shapes.EntryPage:
        """One page of entries, newest first."""
        which = which or {}
        kind = which.get("kind")
        query = {
            "resourceType": which.get("resource_type"),
            "kind": kind if kind is None or isinstance(kind, str) else ",".join(kind),
            "from": which.get("from_time"),
            "until": which.get("until"),
            "limit": which.get("limit"),
            "cursor": which.get("cursor"),
        }
        page = await self._http.get("/api/usage/entries", {"query": query}, **options)
        return cast("shapes.EntryPage", page)

    def all_entries(
        self, which: EntriesFilter | None = None, **options: Unpack[CallOptions]
    ) -> AsyncIterator[shapes.EntryRow]:
        """All entries, newest first, page by page."""
        first: EntriesFilter = which or {}

        async def page(cursor: str | None) -> tuple[list[shapes.EntryRow], str | None]:
            found = await self.entries({**first, "cursor": cursor}, **options)
            return found["entries"], found.get("nextCursor")

        return paged(first.get("cursor"), page)

    def stream(
        self,
        *,
        last_event_id: str | None = None,
        silence_s: float = SILENCE_S,
        user: str | None = None,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> AsyncUsageStream:
        """Usage as it happens, by connections that mend themselves.

        It begins after `last_event_id`, with `"0"` at the account's first entry, without it with
        what comes next. A connection that says nothing for `silence_s` is taken for dead.
        `on_state` hears how the connection is doing.
        """
        return AsyncUsageStream(self._http, last_event_id, silence_s, user, on_state)
