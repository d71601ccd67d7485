"""What differs between this package and its twin by more than words."""

import inspect
from collections.abc import Awaitable, Callable

import anyio

#: A token, or what is asked for one before each request. It is given None, or the token that the
#: server no longer takes, or whose stream it has just ended.
AsyncToken = str | Callable[[str | None], str | Awaitable[str]]

AsyncLock = anyio.Lock

sleep = anyio.sleep


async def ask(token: AsyncToken, rejected: str | None) -> str:
    """The token to show."""
    if isinstance(token, str):
        return token
    told = token(rejected)
    if inspect.isawaitable(told):
        return await told
    return told
