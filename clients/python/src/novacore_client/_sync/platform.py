# Made by tools/unasync.py from ../_async; do not edit.
"""The platform's older functions over a client, in the case of this language. The answers have the
members that they always had, and more."""

from novacore_client import shapes
from novacore_client._sync.client import NovaCore


class Platform:
    """`getUsageStats` and its like."""

    def __init__(self, client: NovaCore) -> None:
        self._client = client

    def get_usage_stats(self, days: int = 30) -> shapes.Stats:
        return self._client.usage.stats(days)

    def get_token_usage(self) -> shapes.Tokens:
        return self._client.usage.tokens()

    def get_storage_usage(self) -> shapes.Storage:
        return self._client.usage.storage()

    def check_quota(self, resource_type: str, amount: int) -> shapes.CheckQuota:
        return self._client.usage.check_quota(resource_type, amount)

    def get_time_series(self, resource_type: str, days: int = 30) -> list[shapes.DayRow]:
        return self._client.usage.timeseries(resource_type, days)

    def get_user_tier(self) -> shapes.TierOf:
        return self._client.usage.tier()

    def get_memory_usage(self) -> shapes.MemoryUsage:
        return self._client.memory.usage()

    def check_memory_quota(self) -> shapes.QuotaCheck:
        return self._client.memory.check_quota()
