# Made by tools/unasync.py from ../_async; do not edit.
"""Calls about memories."""

from collections.abc import Sequence
from typing import TypedDict, Unpack, cast

from novacore_client import shapes
from novacore_client._request import Call, CallOptions, WriteOptions
from novacore_client._retry import Repeat
from novacore_client._sync.http import Http


class MemoryFilter(TypedDict, total=False):
    """Which memories: those that fit every condition."""

    tier: shapes.MemoryTier
    memory_type: shapes.MemoryType
    session_id: str
    #: All of these have to be there.
    tag: str | Sequence[str]
    #: RFC 3339.
    created_from: str
    created_to: str
    min_confidence: float
    limit: int
    offset: int


class Memories:
    """`client.memory`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def store(self, ask: shapes.StoreRequest, **options: Unpack[WriteOptions]) -> shapes.Memory:
        """Stores one; 429 if its bytes do not fit."""
        call = Call("POST", "/api/memory/store", Repeat.KEYED, body=ask)
        return cast("shapes.Memory", self._http.call(call, **options))

    def store_many(
        self, ask: shapes.BulkRequest, **options: Unpack[WriteOptions]
    ) -> shapes.BulkAnswer:
        """Stores up to 100: all or none, or with `mode: "each"` each for itself."""
        call = Call("POST", "/api/memory/bulk", Repeat.KEYED, body=ask)
        return cast("shapes.BulkAnswer", self._http.call(call, **options))

    def get(self, memory_id: str, **options: Unpack[CallOptions]) -> shapes.Memory:
        call = {"names": {"id": memory_id}}
        found = self._http.get("/api/memory/retrieve/{id}", call, **options)
        return cast("shapes.Memory", found)

    def list(
        self, which: MemoryFilter | None = None, **options: Unpack[CallOptions]
    ) -> shapes.MemoryPage:
        """One page, newest first."""
        page = self._http.get("/api/memory/list", {"query": which or {}}, **options)
        return cast("shapes.MemoryPage", page)

    def search(
        self, ask: shapes.SearchRequest, **options: Unpack[CallOptions]
    ) -> shapes.SearchResults:
        """What fits a query, by meaning or by words."""
        call = Call("POST", "/api/memory/search", Repeat.SAFE, body=ask)
        return cast("shapes.SearchResults", self._http.call(call, **options))

    def update(
        self, memory_id: str, ask: shapes.UpdateRequest, **options: Unpack[WriteOptions]
    ) -> shapes.Memory:
        """Changes one: what is left out stays, None takes away."""
        names = {"id": memory_id}
        call = Call("PATCH", "/api/memory/update/{id}", Repeat.KEYED, names=names, body=ask)
        return cast("shapes.Memory", self._http.call(call, **options))

    def promote(
        self, memory_id: str, target_tier: shapes.MemoryTier, **options: Unpack[WriteOptions]
    ) -> shapes.Memory:
        """Lifts one to a tier in which it is kept longer."""
        names = {"id": memory_id}
        body = {"target_tier": target_tier}
        call = Call("POST", "/api/memory/promote/{id}", Repeat.KEYED, names=names, body=body)
        return cast("shapes.Memory", self._http.call(call, **options))

    def delete(self, memory_id: str, **options: Unpack[WriteOptions]) -> shapes.Deleted:
        names = {"id": memory_id}
        call = Call("DELETE", "/api/memory/delete/{id}", Repeat.KEYED, names=names)
        return cast("shapes.Deleted", self._http.call(call, **options))

    def forget(
        self, ask: shapes.ForgetRequest, **options: Unpack[WriteOptions]
    ) -> shapes.Forgotten:
        """Forgets what fits every condition; `{"all": True}` for everything."""
        call = Call("POST", "/api/memory/forget", Repeat.KEYED, body=ask)
        return cast("shapes.Forgotten", self._http.call(call, **options))

    def store_turn(
        self, session_id: str, turn: shapes.StmRequest, **options: Unpack[WriteOptions]
    ) -> shapes.Memory:
        """Stores a turn of a conversation."""
        query = {"session_id": session_id}
        call = Call("POST", "/api/memory/stm/store", Repeat.KEYED, query=query, body=turn)
        return cast("shapes.Memory", self._http.call(call, **options))

    def turns(
        self, session_id: str, limit: int | None = None, **options: Unpack[CallOptions]
    ) -> shapes.SessionMemories:
        """The turns of a session, newest first."""
        call = {"names": {"session_id": session_id}, "query": {"limit": limit}}
        found = self._http.get("/api/memory/stm/retrieve/{session_id}", call, **options)
        return cast("shapes.SessionMemories", found)

    def clear_turns(self, session_id: str, **options: Unpack[WriteOptions]) -> shapes.Forgotten:
        names = {"session_id": session_id}
        path = "/api/memory/stm/clear/{session_id}"
        call = Call("DELETE", path, Repeat.KEYED, names=names)
        return cast("shapes.Forgotten", self._http.call(call, **options))

    def intermediate(
        self, limit: int | None = None, **options: Unpack[CallOptions]
    ) -> shapes.MemoryPage:
        """What is kept for a week."""
        call = {"query": {"limit": limit}}
        page = self._http.get("/api/memory/itm/retrieve", call, **options)
        return cast("shapes.MemoryPage", page)

    def context(
        self,
        *,
        session_id: str | None = None,
        query: str | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> shapes.ContextParts:
        """What to have in mind for the next call of a model."""
        call = {"query": {"session_id": session_id, "query": query, "limit": limit}}
        parts = self._http.get("/api/memory/context", call, **options)
        return cast("shapes.ContextParts", parts)

    def usage(self, **options: Unpack[CallOptions]) -> shapes.MemoryUsage:
        """How much is stored, by tier."""
        found = self._http.get("/api/memory/usage", {}, **options)
        return cast("shapes.MemoryUsage", found)

    def check_quota(self, **options: Unpack[CallOptions]) -> shapes.QuotaCheck:
        """Whether there is room for more."""
        found = self._http.get("/api/memory/usage/quota-check", {}, **options)
        return cast("shapes.QuotaCheck", found)

    def stats(self, **options: Unpack[CallOptions]) -> shapes.MemoryStats:
        """As `usage`, by type too, and how embedding is doing."""
        found = self._http.get("/api/memory/stats", {}, **options)
        return cast("shapes.MemoryStats", found)
