"""The platform's older functions over a client, in the case of this language. The answers have the
members that they always had, and more."""

from novacore_client import shapes
from novacore_client._async.client import AsyncNovaCore


class AsyncPlatform:
    """`getUsageStats` and its like."""

    def __init__(self, client: AsyncNovaCore) -> None:
        self._client = client

    async def get_usage_stats(self, days: int = 30) -> shapes.Stats:
        return await self._client.usage.stats(days)

    async def get_token_usage(self) -> shapes.Tokens:
        return await self._client.usage.tokens()

    async def get_storage_usage(self) -> shapes.Storage:
        return await self._client.usage.storage()

    async def check_quota(self, resource_type: str, amount: int) -> shapes.CheckQuota:
        return await self._client.usage.check_quota(resource_type, amount)

    async def get_time_series(self, resource_type: str, days: int = 30) -> list[shapes.DayRow]:
        return await self._client.usage.timeseries(resource_type, days)

    async def get_user_tier(self) -> shapes.TierOf:
        return await self._client.usage.tier()

    async def get_memory_usage(self) -> shapes.MemoryUsage:
        return await self._client.memory.usage()

    async def check_memory_quota(self) -> shapes.QuotaCheck:
        return await self._client.memory.check_quota()
