# Made by tools/unasync.py from ../_async; do not edit.
"""Accounts, sessions and API keys. None of these calls has an idempotency key: a write is sent
once."""

from typing import Unpack, cast

from novacore_client import shapes
from novacore_client._request import Call, CallOptions
from novacore_client._retry import Repeat
from novacore_client._sync.http import Http


class Auth:
    """`client.auth`."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.keys = Keys(http)

    def register(
        self, email: str, password: str, **options: Unpack[CallOptions]
    ) -> shapes.SignedIn:
        body = {"email": email, "password": password}
        call = Call("POST", "/api/auth/register", Repeat.ONCE, body=body, is_open=True)
        return cast("shapes.SignedIn", self._http.call(call, **options))

    def login(self, email: str, password: str, **options: Unpack[CallOptions]) -> shapes.SignedIn:
        body = {"email": email, "password": password}
        call = Call("POST", "/api/auth/login", Repeat.ONCE, body=body, is_open=True)
        return cast("shapes.SignedIn", self._http.call(call, **options))

    def refresh(self, refresh_token: str, **options: Unpack[CallOptions]) -> shapes.Refreshed:
        """New tokens. The refresh token is used up, and the session ends if it is used later
        again."""
        # For half a minute the same token is taken once more and answered alike: one retry.
        options["retries_max"] = min(1, options.get("retries_max", 1))
        body = {"refreshToken": refresh_token}
        call = Call("POST", "/api/auth/refresh", Repeat.SAFE, body=body, is_open=True)
        return cast("shapes.Refreshed", self._http.call(call, **options))

    def logout(self, refresh_token: str, **options: Unpack[CallOptions]) -> shapes.Done:
        """Ends the session of this refresh token."""
        body = {"refreshToken": refresh_token}
        call = Call("POST", "/api/auth/logout", Repeat.ONCE, body=body, is_open=True)
        return cast("shapes.Done", self._http.call(call, **options))

    def logout_all(self, **options: Unpack[CallOptions]) -> shapes.SessionsEnded:
        """Ends all sessions of the caller."""
        call = Call("POST", "/api/auth/logout-all", Repeat.ONCE)
        return cast("shapes.SessionsEnded", self._http.call(call, **options))

    def me(self, **options: Unpack[CallOptions]) -> shapes.Me:
        return cast("shapes.Me", self._http.get("/api/auth/me", {}, **options))

    def sessions(self, **options: Unpack[CallOptions]) -> shapes.SessionList:
        found = self._http.get("/api/auth/sessions", {}, **options)
        return cast("shapes.SessionList", found)

    def end_session(self, session_id: str, **options: Unpack[CallOptions]) -> shapes.Done:
        """Ends one session of the caller."""
        call = Call("DELETE", "/api/auth/sessions/{id}", Repeat.ONCE, names={"id": session_id})
        return cast("shapes.Done", self._http.call(call, **options))


class Keys:
    """`client.auth.keys`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def create(self, ask: shapes.KeyRequest, **options: Unpack[CallOptions]) -> shapes.NewKey:
        """Makes a key. `key` is shown this once."""
        call = Call("POST", "/api/auth/keys", Repeat.ONCE, body=ask)
        return cast("shapes.NewKey", self._http.call(call, **options))

    def list(self, **options: Unpack[CallOptions]) -> shapes.KeyList:
        return cast("shapes.KeyList", self._http.get("/api/auth/keys", {}, **options))

    def revoke(self, key_id: str, **options: Unpack[CallOptions]) -> shapes.Done:
        call = Call("DELETE", "/api/auth/keys/{id}", Repeat.ONCE, names={"id": key_id})
        return cast("shapes.Done", self._http.call(call, **options))
