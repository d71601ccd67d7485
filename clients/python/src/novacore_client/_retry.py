"""When a call is sent again, and after how long. Pure: no clock, no randomness of its own.

A call is sent again only where that cannot do a thing twice: it is `safe`, or the server knows it
again by its idempotency key (`keyed`). Whatever was `once` stays so.
"""

from dataclasses import dataclass
from enum import Enum

from novacore_client.errors import ConnectionFailedError, ProblemError, TimedOutError


class Repeat(Enum):
    """What sending a call twice would do."""

    #: Nothing: it reads, or its body says what came before.
    SAFE = "safe"
    #: Nothing: it is sent with an idempotency key.
    KEYED = "keyed"
    #: Perhaps the thing itself.
    ONCE = "once"


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long."""

    #: How often a call is sent again.
    retries_max: int = 3
    #: The first pause is at most this long, the next twice as long, and so on.
    first_s: float = 0.25
    #: No pause is longer, unless the server asks for it.
    pause_max_s: float = 8.0
    #: If the server asks for longer, the call fails at once.
    retry_after_max_s: float = 30.0


_PASSING = frozenset({408, 502, 503, 504})


def is_passing(error: Exception) -> bool:
    """Whether what failed like this may well work a little later."""
    if isinstance(error, ConnectionFailedError | TimedOutError):
        return True
    if not isinstance(error, ProblemError):
        return False
    # A limit that refused will refuse again, and a stream too many stays one too many; only the
    # rate of attempts is a matter of waiting.
    if error.status == 429:
        return error.kind == "rate-limited"
    return error.status in _PASSING


def backoff_s(policy: RetryPolicy, failures: int, random: float) -> float:
    """A pause before the attempt after `failures` failures: a part of a bound that doubles."""
    bound = min(policy.pause_max_s, policy.first_s * 2.0 ** min(failures - 1, 30))
    return bound * random


def retry_in_s(
    policy: RetryPolicy, repeat: Repeat, failures: int, error: Exception, random: float
) -> float | None:
    """How long to wait before sending again what failed `failures` times; None: give up."""
    if repeat is Repeat.ONCE or failures > policy.retries_max or not is_passing(error):
        return None
    pause = backoff_s(policy, failures, random)
    asked = error.retry_after_s if isinstance(error, ProblemError) else None
    if asked is None:
        return pause
    # All who were told the same time would come back at once, hence the pause on top.
    return None if asked > policy.retry_after_max_s else asked + pause
