"""What streams hand out."""

import contextlib
import json
from dataclasses import dataclass
from typing import Any, Literal, cast

from novacore_client._sse import SentEvent
from novacore_client.shapes import EntryRow


@dataclass(frozen=True)
class EntryEvent:
    """An entry; with the name `threshold` one that crossed a threshold, as `data` says."""

    name: Literal["usage", "threshold"]
    id: str
    data: EntryRow


@dataclass(frozen=True)
class OtherEvent:
    """An event that this version does not know; `data` is parsed if it is JSON, else the text."""

    name: str
    id: str
    data: Any


StreamEvent = EntryEvent | OtherEvent


@dataclass(frozen=True)
class StreamState:
    """How a stream is doing."""

    state: Literal["connecting", "open", "waiting"]
    #: Waiting: after how long the next connection is tried.
    retry_in_s: float | None = None
    #: Waiting: why.
    error: Exception | None = None


def event_of(sent: SentEvent) -> StreamEvent:
    """What an event means."""
    data: Any = sent.data
    # What is no JSON is text.
    with contextlib.suppress(ValueError, RecursionError):
        data = json.loads(sent.data)
    name = sent.name
    is_entry = isinstance(data, dict) and isinstance(data.get("version"), int)
    if is_entry and name in ("usage", "threshold"):
        kind = cast("Literal['usage', 'threshold']", name)
        return EntryEvent(kind, sent.last_id, cast("EntryRow", data))
    return OtherEvent(name, sent.last_id, data)
