# Made by tools/unasync.py from ../_async; do not edit.
"""The client: one group of calls for each part of the API."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self, Unpack, cast

import httpx

from novacore_client import shapes
from novacore_client._request import TIMEOUT_S, Call, CallOptions, Chance
from novacore_client._retry import Repeat
from novacore_client._sync.admin import Admin
from novacore_client._sync.auth import Auth
from novacore_client._sync.base import Token
from novacore_client._sync.events import Events
from novacore_client._sync.http import Http
from novacore_client._sync.memory import Memories
from novacore_client._sync.reservations import Reservations
from novacore_client._sync.usage import Usage


class NovaCore:
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
        token: Token | None = None,
        service_token: Token | None = None,
        user: str | None = None,
        timeout: float = TIMEOUT_S,
        retries_max: int | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: httpx.Client | None = None,
        chance: Chance | None = None,
    ) -> None:
        self._http = Http(
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
        self.usage = Usage(self._http)
        self.reservations = Reservations(self._http)
        self.events = Events(self._http)
        self.memory = Memories(self._http)
        self.auth = Auth(self._http)
        self.admin = Admin(self._http)

    def status(self, **options: Unpack[CallOptions]) -> shapes.Status:
        """Whether the server and its upstreams are well; needs no credential."""
        call = Call("GET", "/api/status", Repeat.SAFE, is_open=True)
        return cast("shapes.Status", self._http.call(call, **options))

    def close(self) -> None:
        """Closes the connections, unless the caller brought them."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
