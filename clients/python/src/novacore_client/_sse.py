"""Parses server-sent events, as the HTML standard says, out of bytes that come in any pieces.

Bound: what is kept of an unfinished event is at most `EVENT_CHARS_MAX`.
Not here: connections, and what events mean.
"""

import codecs
import re
from dataclasses import dataclass

from novacore_client.errors import AnswerError

EVENT_CHARS_MAX = 4 * 1024 * 1024

# Not str.splitlines: it knows more ends of lines than the standard does.
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class SentEvent:
    """An event as it was sent."""

    #: `message` if the event has no name.
    name: str
    data: str
    #: The last id that was sent, with this event or before it; empty if none was.
    last_id: str


class SseParser:
    """Reads one connection."""

    def __init__(self, last_id: str = "") -> None:
        #: The pause before a new connection that the server asked for last, in seconds.
        self.retry_s: float | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_begun = False
        self._is_after_cr = False
        self._rest = ""
        self._name = ""
        self._data: list[str] = []
        self._data_chars = 0
        self._last_id = last_id

    def push(self, piece: bytes) -> list[SentEvent]:
        """The events that these bytes complete."""
        text = self._decoder.decode(piece)
        if text == "":
            return []
        if not self._is_begun:
            self._is_begun = True
            text = text.removeprefix("\ufeff")
        if self._is_after_cr:
            text = text.removeprefix("\n")
        self._is_after_cr = text.endswith("\r")
        *lines, self._rest = _LINE_END.split(self._rest + text)
        events = [event for line in lines if (event := self._line(line)) is not None]
        if len(self._rest) + self._data_chars > EVENT_CHARS_MAX:
            raise AnswerError("an event of the stream is too long", 200)
        return events

    def _line(self, line: str) -> SentEvent | None:
        if line == "":
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
            self._data_chars += len(value) + 1
        elif field == "id" and "\0" not in value:
            self._last_id = value
        elif field == "retry" and re.fullmatch(r"[0-9]{1,9}", value):
            self.retry_s = int(value) / 1000
        # An empty field is a comment: the heartbeat.
        return None

    def _dispatch(self) -> SentEvent | None:
        name, data = self._name, self._data
        self._name, self._data, self._data_chars = "", [], 0
        if not data:
            return None
        return SentEvent(name or "message", "\n".join(data), self._last_id)
