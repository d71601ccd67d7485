# Made by tools/unasync.py from ../_async; do not edit.
"""Sends calls: credentials, time limits, retries. Knows no call by name."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Unpack

import httpx

from novacore_client._request import TIMEOUT_S, Answer, Call, Chance, Request, Setup, WriteOptions
from novacore_client._retry import Repeat, RetryPolicy, retry_in_s
from novacore_client._sync.base import Token, ask, sleep
from novacore_client.errors import (
    AnswerError,
    ConnectionFailedError,
    NovaCoreError,
    TimedOutError,
    problem_of,
)


class Http:
    """A connection pool with a credential."""

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
        if token is not None and service_token is not None:
            raise ValueError("either token or service_token, not both")
        policy = RetryPolicy() if retries_max is None else RetryPolicy(retries_max=retries_max)
        self.setup = Setup(
            base_url=base_url.rstrip("/"),
            is_service=service_token is not None,
            user=user,
            timeout=timeout,
            headers=headers or {},
            policy=policy,
            chance=chance or Chance(),
        )
        self._token = token if service_token is None else service_token
        self._is_own = http_client is None
        self._client = httpx.Client() if http_client is None else http_client

    def close(self) -> None:
        """Closes the connections, unless the caller brought them."""
        if self._is_own:
            self._client.close()

    def call(self, call: Call, **options: Unpack[WriteOptions]) -> Any:
        """Makes a call; sends it again where that is safe."""
        setup = self.setup
        request = setup.request(call, options)
        retries_max = options.get("retries_max", setup.policy.retries_max)
        policy = dataclasses.replace(setup.policy, retries_max=retries_max)
        timeout = httpx.Timeout(options.get("timeout", setup.timeout))
        failures = 0
        while True:
            try:
                response, body = self._attempt(request, timeout)
            except NovaCoreError as error:
                failures += 1
                luck = setup.chance.random()
                wait_s = retry_in_s(policy, call.repeat, failures, error, luck)
                if wait_s is None:
                    raise
                sleep(wait_s)
            else:
                if (on_answer := options.get("on_answer")) is not None:
                    on_answer(Answer.of(response, failures + 1))
                return body

    def get(self, path: str, call: Mapping[str, Any], **options: Unpack[WriteOptions]) -> Any:
        """Makes a call that reads."""
        return self.call(Call("GET", path, Repeat.SAFE, **call), **options)

    def open(
        self,
        path: str,
        headers: Mapping[str, str],
        timeout: httpx.Timeout,
        ended: str | None,
        options: WriteOptions,
    ) -> tuple[httpx.Response, str | None]:
        """Opens a stream: the head is there, the body not yet. `ended` is the token of a stream
        that the server has ended. Also the token that was shown."""
        request = self.setup.request(Call("GET", path, Repeat.SAFE), options)
        request.headers.update(headers)
        try:
            return self._send(request, timeout, ended)
        except httpx.TransportError as error:
            raise told(error) from error

    def _attempt(
        self,
        request: Request,
        timeout: httpx.Timeout,
    ) -> tuple[httpx.Response, Any]:
        """One attempt, to the end of the answer's body."""
        try:
            response, _ = self._send(request, timeout, None)
            try:
                response.read()
            finally:
                response.close()
        except httpx.TransportError as error:
            raise told(error) from error
        try:
            return response, response.json()
        except ValueError as error:
            raise AnswerError("the answer is not JSON", response.status_code) from error

    def _send(
        self,
        request: Request,
        timeout: httpx.Timeout,
        ended: str | None,
    ) -> tuple[httpx.Response, str | None]:
        """Sends it with a token; once more with another one if that was refused."""
        rejected = ended
        is_first = True
        while True:
            headers = dict(request.headers)
            token = None
            # Login and the like need no token of a user; a service shows its own with each call.
            if self._token is not None and (self.setup.is_service or not request.is_open):
                token = ask(self._token, rejected)
                name, value = self.setup.credential(token)
                headers[name] = value
            built = self._client.build_request(
                request.method,
                request.url,
                params=request.params,
                headers=headers,
                content=request.content,
                timeout=timeout,
            )
            # A credential in a header of ours would go along to wherever the answer points.
            response = self._client.send(built, stream=True, follow_redirects=False)
            if response.is_success:
                return response, token
            try:
                if response.is_redirect:
                    raise AnswerError("the answer is a redirect", response.status_code)
                response.read()
            finally:
                response.close()
            can_ask = is_first and token is not None and not isinstance(self._token, str)
            # Nothing was done for a token that was refused, so that any call may be sent again.
            if response.status_code != 401 or not can_ask:
                raise problem_of(response)
            rejected, is_first = token, False


def told(error: httpx.TransportError) -> NovaCoreError:
    """What the caller is told of an error of the connection."""
    if isinstance(error, httpx.TimeoutException):
        return TimedOutError("nothing came for too long")
    return ConnectionFailedError("no connection, or it broke")
