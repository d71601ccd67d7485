"""An administrator's calls. Every write is in the audit log, so that each is sent once."""

from collections.abc import AsyncIterator
from typing import Unpack, cast

from novacore_client import shapes
from novacore_client._async.http import AsyncHttp
from novacore_client._async.pages import paged
from novacore_client._request import Call, CallOptions
from novacore_client._retry import Repeat

USER = "/api/admin/users/{id}"
OVERRIDE = "/api/admin/users/{id}/overrides/{resource}"


class AsyncAdmin:
    """`client.admin`."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http
        self.tiers = AsyncTiers(http)
        self.users = AsyncUsers(http)
        self.overrides = AsyncOverrides(http)

    async def usage(
        self, days: int | None = None, top: int | None = None, **options: Unpack[CallOptions]
    ) -> shapes.Overview:
        """Totals of the last days, and the `top` users of each resource."""
        call = {"query": {"days": days, "top": top}}
        return cast("shapes.Overview", await self._http.get("/api/admin/usage", call, **options))

    async def audit(
        self,
        *,
        target: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[CallOptions],
    ) -> shapes.AuditPage:
        """One page of the audit log, newest first."""
        call = {"query": {"target": target, "limit": limit, "cursor": cursor}}
        return cast("shapes.AuditPage", await self._http.get("/api/admin/audit", call, **options))

    def all_audit(
        self,
        *,
        target: str | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[shapes.AuditView]:
        """The whole audit log, newest first, page by page."""

        async def page(cursor: str | None) -> tuple[list[shapes.AuditView], str | None]:
            found = await self.audit(target=target, limit=limit, cursor=cursor, **options)
            return found["entries"], found.get("nextCursor")

        return paged(None, page)

    async def embeddings(self, **options: Unpack[CallOptions]) -> shapes.EmbeddingProgress:
        """How far embedding of memories has come."""
        found = await self._http.get("/api/admin/memory/embeddings", {}, **options)
        return cast("shapes.EmbeddingProgress", found)


class AsyncTiers:
    """`client.admin.tiers`."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def list(self, **options: Unpack[CallOptions]) -> shapes.TierList:
        return cast("shapes.TierList", await self._http.get("/api/admin/tiers", {}, **options))

    async def get(self, name: str, **options: Unpack[CallOptions]) -> shapes.TierView:
        call = {"names": {"name": name}}
        found = await self._http.get("/api/admin/tiers/{name}", call, **options)
        return cast("shapes.TierView", found)

    async def put(
        self, name: str, ask: shapes.PutTierRequest, **options: Unpack[CallOptions]
    ) -> shapes.TierView:
        """Makes a tier, or puts these limits in the place of its own."""
        names = {"name": name}
        call = Call("PUT", "/api/admin/tiers/{name}", Repeat.ONCE, names=names, body=ask)
        return cast("shapes.TierView", await self._http.call(call, **options))


class AsyncUsers:
    """`client.admin.users`."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def list(
        self,
        *,
        search: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[CallOptions],
    ) -> shapes.UserPage:
        """One page of users."""
        call = {"query": {"search": search, "limit": limit, "cursor": cursor}}
        return cast("shapes.UserPage", await self._http.get("/api/admin/users", call, **options))

    def all(
        self,
        *,
        search: str | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[shapes.UserView]:
        """All users, page by page."""

        async def page(cursor: str | None) -> tuple[list[shapes.UserView], str | None]:
            found = await self.list(search=search, limit=limit, cursor=cursor, **options)
            return found["users"], found.get("nextCursor")

        return paged(None, page)

    async def get(self, user_id: str, **options: Unpack[CallOptions]) -> shapes.UserView:
        call = {"names": {"id": user_id}}
        return cast("shapes.UserView", await self._http.get(USER, call, **options))

    async def set_tier(
        self, user_id: str, tier: str, reason: str, **options: Unpack[CallOptions]
    ) -> shapes.UserView:
        """In force for the user's next call."""
        body = {"tier": tier, "reason": reason}
        call = Call("PUT", f"{USER}/tier", Repeat.ONCE, names={"id": user_id}, body=body)
        return cast("shapes.UserView", await self._http.call(call, **options))

    async def set_role(
        self, user_id: str, role: shapes.Role, reason: str, **options: Unpack[CallOptions]
    ) -> shapes.UserView:
        body = {"role": role, "reason": reason}
        call = Call("PUT", f"{USER}/role", Repeat.ONCE, names={"id": user_id}, body=body)
        return cast("shapes.UserView", await self._http.call(call, **options))

    async def set_disabled(
        self, user_id: str, *, disabled: bool, reason: str, **options: Unpack[CallOptions]
    ) -> shapes.UserView:
        body = {"disabled": disabled, "reason": reason}
        call = Call("PUT", f"{USER}/disabled", Repeat.ONCE, names={"id": user_id}, body=body)
        return cast("shapes.UserView", await self._http.call(call, **options))

    async def erase_memories(
        self, user_id: str, reason: str, **options: Unpack[CallOptions]
    ) -> shapes.Erased:
        """Erases all memories of a user."""
        names, body = {"id": user_id}, {"reason": reason}
        call = Call("DELETE", f"{USER}/memories", Repeat.ONCE, names=names, body=body)
        return cast("shapes.Erased", await self._http.call(call, **options))


class AsyncOverrides:
    """`client.admin.overrides`. `limit` names one of several limits of the resource."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def get(
        self,
        user_id: str,
        resource: str,
        limit: str | None = None,
        **options: Unpack[CallOptions],
    ) -> shapes.OverrideView:
        call = {"names": {"id": user_id, "resource": resource}, "query": {"limit": limit}}
        return cast("shapes.OverrideView", await self._http.get(OVERRIDE, call, **options))

    async def put(
        self,
        user_id: str,
        resource: str,
        ask: shapes.PutOverrideRequest,
        limit: str | None = None,
        **options: Unpack[CallOptions],
    ) -> shapes.OverrideView:
        names = {"id": user_id, "resource": resource}
        query = {"limit": limit}
        call = Call("PUT", OVERRIDE, Repeat.ONCE, names=names, query=query, body=ask)
        return cast("shapes.OverrideView", await self._http.call(call, **options))

    async def remove(
        self,
        user_id: str,
        resource: str,
        reason: str,
        limit: str | None = None,
        **options: Unpack[CallOptions],
    ) -> shapes.Done:
        names = {"id": user_id, "resource": resource}
        query = {"limit": limit, "reason": reason}
        call = Call("DELETE", OVERRIDE, Repeat.ONCE, names=names, query=query)
        return cast("shapes.Done", await self._http.call(call, **options))
