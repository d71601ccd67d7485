# Made by tools/unasync.py from ../_async; do not edit.
"""The caller's usage as it happens: a stream that mends itself.

Invariant: every entry after the place where the stream began is handed out once, in order, over any
number of connections. The place is the id of the last event handed out; where none was given it is
asked for before the first connection, else what happens between two connections would be lost if
the first one brought nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import httpx

from novacore_client._events import EntryEvent, StreamEvent, StreamState, event_of
from novacore_client._request import WriteOptions
from novacore_client._retry import backoff_s, is_passing
from novacore_client._sse import SseParser
from novacore_client._sync.base import sleep
from novacore_client._sync.http import Http, told
from novacore_client.errors import AnswerError, ConnectionFailedError, NovaCoreError, ProblemError

#: The server says something every 15 seconds; two such times and a little more.
SILENCE_S = 40.0


class UsageStream:
    """Events, one after the other; without end, until it is closed or fails on what no new
    connection mends, such as a token that is refused and cannot be replaced."""

    def __init__(
        self,
        http: Http,
        last_event_id: str | None = None,
        silence_s: float = SILENCE_S,
        user: str | None = None,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> None:
        self._http = http
        self._silence_s = silence_s
        self._options: WriteOptions = {} if user is None else {"user": user}
        self._on_state = on_state or (lambda _: None)
        #: The id of the last event; where to begin with the next connection.
        self.last_event_id = last_event_id
        self._version = -1
        self._ready: deque[StreamEvent] = deque()
        self._response: httpx.Response | None = None
        self._pieces: Iterator[bytes] | None = None
        self._parser = SseParser()
        self._token: str | None = None
        self._ended: str | None = None
        self._asked_s = 0.0
        self._failures = 0
        self._is_closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamEvent:
        while not self._is_closed:
            if self._ready:
                event = self._ready.popleft()
                if isinstance(event, EntryEvent):
                    if event.data["version"] <= self._version:
                        continue
                    self._version = event.data["version"]
                self.last_event_id = event.id
                return event
            try:
                self._go_on()
            except NovaCoreError as error:
                self._disconnect()
                if not is_passing(error):
                    self._is_closed = True
                    raise
                self._wait(error)
            except BaseException:
                # It may have been called off in the midst of a piece; the place is still known.
                self._disconnect()
                raise
        raise StopIteration

    def close(self) -> None:
        """Ends the stream."""
        self._is_closed = True
        self._disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _go_on(self) -> None:
        """Connects, or reads the next piece."""
        if self._pieces is None:
            self._connect()
            return
        try:
            piece = next(self._pieces)
        except StopIteration:
            # The server stops, or the token has ended.
            self._ended = self._token
            raise ConnectionFailedError("the stream ended") from None
        except httpx.TransportError as error:
            raise told(error) from error
        # Whatever comes shows that the connection works.
        self._failures = 0
        self._ready.extend(event_of(sent) for sent in self._parser.push(piece))
        if self._parser.retry_s is not None:
            self._asked_s = self._parser.retry_s

    def _connect(self) -> None:
        self._on_state(StreamState("connecting"))
        if self.last_event_id is None:
            self.last_event_id = self._newest_version()
        timeout = self._http.setup.timeout
        headers = {"accept": "text/event-stream", "accept-encoding": "identity"}
        headers["last-event-id"] = self.last_event_id
        self._response, self._token = self._http.open(
            "/api/usage/stream",
            headers,
            httpx.Timeout(timeout, read=self._silence_s),
            self._ended,
            self._options,
        )
        self._ended = None
        media = self._response.headers.get("content-type", "")
        if not media.lower().startswith("text/event-stream"):
            raise AnswerError("the answer is not a stream of events", self._response.status_code)
        self._parser = SseParser(self.last_event_id)
        self._pieces = self._response.iter_bytes()
        self._on_state(StreamState("open"))

    def _newest_version(self) -> str:
        """The version of the account's newest entry, as an event's id."""
        options: WriteOptions = {**self._options, "retries_max": 0}
        page = self._http.get("/api/usage/entries", {"query": {"limit": 1}}, **options)
        return str(page["entries"][0]["version"] if page["entries"] else 0)

    def _disconnect(self) -> None:
        response, self._response, self._pieces = self._response, None, None
        if response is not None:
            response.close()

    def _wait(self, error: NovaCoreError) -> None:
        self._failures += 1
        setup = self._http.setup
        backoff = backoff_s(setup.policy, self._failures, setup.chance.random())
        asked = error.retry_after_s if isinstance(error, ProblemError) else None
        retry_in_s = max(backoff, self._asked_s, asked or 0.0)
        self._on_state(StreamState("waiting", retry_in_s, error))
        sleep(retry_in_s)
