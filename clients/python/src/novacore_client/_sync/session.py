# Made by tools/unasync.py from ../_async; do not edit.
"""A user's session: hands out its token, and renews it when the server takes it no longer."""

from collections.abc import Callable

from novacore_client import shapes
from novacore_client._sync.base import Lock
from novacore_client._sync.client import NovaCore


class Session:
    """A token function, for `token` of a client.

    `access_token` and `refresh_token` are what login, register or refresh answered. `client` makes
    the calls that renew them; it needs no token. `on_renewed` hears the new tokens: keep them, the
    old refresh token is worth nothing any more. Calls that are refused at the same time share one
    renewal. If the session has ended, they fail with the problem of `auth.refresh`.
    """

    def __init__(
        self,
        client: NovaCore,
        access_token: str,
        refresh_token: str,
        on_renewed: Callable[[shapes.Refreshed], None] | None = None,
    ) -> None:
        self._client = client
        self._access_token = access_token
        self._refresh_token = refresh_token
        self._on_renewed = on_renewed
        self._lock = Lock()

    def __call__(self, rejected: str | None) -> str:
        with self._lock:
            if rejected == self._access_token:
                renewed = self._client.auth.refresh(self._refresh_token)
                self._access_token = renewed["accessToken"]
                self._refresh_token = renewed["refreshToken"]
                if self._on_renewed is not None:
                    self._on_renewed(renewed)
            return self._access_token
