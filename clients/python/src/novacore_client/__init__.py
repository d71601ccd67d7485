"""Client of NovaCore, the usage ledger and quota gate of an AI platform.

`NovaCore` and `AsyncNovaCore` have the same calls. The shapes of the API are in `shapes`.
"""

from novacore_client import shapes
from novacore_client._async.client import AsyncNovaCore
from novacore_client._async.platform import AsyncPlatform
from novacore_client._async.session import AsyncSession
from novacore_client._async.stream import AsyncUsageStream
from novacore_client._events import EntryEvent, OtherEvent, StreamEvent, StreamState
from novacore_client._request import Answer, CallOptions, WriteOptions
from novacore_client._sync.client import NovaCore
from novacore_client._sync.platform import Platform
from novacore_client._sync.session import Session
from novacore_client._sync.stream import UsageStream
from novacore_client.errors import (
    AnswerError,
    ConnectionFailedError,
    NovaCoreError,
    ProblemError,
    QuotaExceededError,
    TimedOutError,
)

__all__ = [
    "Answer",
    "AnswerError",
    "AsyncNovaCore",
    "AsyncPlatform",
    "AsyncSession",
    "AsyncUsageStream",
    "CallOptions",
    "ConnectionFailedError",
    "EntryEvent",
    "NovaCore",
    "NovaCoreError",
    "OtherEvent",
    "Platform",
    "ProblemError",
    "QuotaExceededError",
    "Session",
    "StreamEvent",
    "StreamState",
    "TimedOutError",
    "UsageStream",
    "WriteOptions",
    "shapes",
]
