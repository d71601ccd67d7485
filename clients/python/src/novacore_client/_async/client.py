"""The client: one group of calls for each part of the API."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self, Unpack, cast

import httpx

from novacore_client import shapes
from novacore_client._async.admin import AsyncAdmin
from novacore_client._async.auth import AsyncAuth
from novacore_client._async.base import AsyncToken
from novacore_client._async.events import AsyncEvents
from novacore_client._async.http import AsyncHttp
from novacore_client._async.memory import AsyncMemories
from novacore_client._async.reservations import AsyncReservations
from novacore_client._async.usage import AsyncUsage
from novacore_client._request import TIMEOUT_S, Call, CallOptions, Chance
from novacore_client._retry import Repeat


class AsyncNovaCore:
    """A client. Close it when you need it no longer, or use it in a `with`.

    `token` is a JWT or an API key, `service_token` the one of calls between services, or a function
    that hands one out: it is given None, or the token that the server no longer takes. `user` is
    for whom calls are made, with the service token or a key with the scope `act_as`. `timeout` is
    the seconds that connecting, and each wait for more, may take.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: AsyncToken | None = None,
        service_token: AsyncToken | None = None,
        user: str | None = None,
        timeout: float = TIMEOUT_S,
        retries_max: int | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: httpx.AsyncClient | None = None,
        chance: Chance | None = None,
    ) -> None:
        self._http = AsyncHttp(
            base_url,
            token=token,
            service_token=service_token,
            user=user,
            timeout=timeout,
            retries_max=retries_max,
            headers=headers,
            http_client=http_client,
            chance=chance,
        )
        self.usage = AsyncUsage(self._http)
        self.reservations = AsyncReservations(self._http)
        self.events = AsyncEvents(self._http)
        self.memory = AsyncMemories(self._http)
        self.auth = AsyncAuth(self._http)
        self.admin = AsyncAdmin(self._http)

    async def status(self, **options: Unpack[CallOptions]) -> shapes.Status:
        """Whether the server and its upstreams are well; needs no credential."""
        call = Call("GET", "/api/status", Repeat.SAFE, is_open=True)
        return cast("shapes.Status", await self._http.call(call, **options))

    async def aclose(self) -> None:
        """Closes the connections, unless the caller brought them."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
