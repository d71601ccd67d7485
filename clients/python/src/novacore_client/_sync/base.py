"""What differs between this package and its twin by more than words."""

import threading
import time
from collections.abc import Callable

#: A token, or what is asked for one before each request. It is given None, or the token that the
#: server no longer takes, or whose stream it has just ended.
Token = str | Callable[[str | None], str]

Lock = threading.Lock

sleep = time.sleep


def ask(token: Token, rejected: str | None) -> str:
    """The token to show."""
    return token if isinstance(token, str) else token(rejected)
