# Made by tools/unasync.py from ../_async; do not edit.
"""Walks through pages with a cursor."""

from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def paged(
    first: str | None, page: Callable[[str | None], tuple[list[T], str | None]]
) -> Iterator[T]:
    """All rows from a cursor on, or from the beginning; a page is asked for when it is needed."""
    cursor = first
    while True:
        rows, cursor = page(cursor)
        for row in rows:
            yield row
        if cursor is None:
            return
