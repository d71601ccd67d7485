"""Walks through pages with a cursor."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def paged(
    first: str | None, page: Callable[[str | None], Awaitable[tuple[list[T], str | None]]]
) -> AsyncIterator[T]:
    """All rows from a cursor on, or from the beginning; a page is asked for when it is needed."""
    cursor = first
    while True:
        rows, cursor = await page(cursor)
        for row in rows:
            yield row
        if cursor is None:
            return
