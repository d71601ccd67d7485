# Made by tools/unasync.py from ../_async; do not edit.
"""Setting headroom aside before work whose size is not known, and settling it afterwards."""

from typing import Unpack, cast

from novacore_client import shapes
from novacore_client._request import Call, CallOptions, WriteOptions
from novacore_client._retry import Repeat
from novacore_client._sync.http import Http

ONE = "/api/usage/reservations/{id}"


class Reservations:
    """`client.reservations`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def create(
        self, ask: shapes.ReserveRequest, **options: Unpack[WriteOptions]
    ) -> shapes.Reserved:
        """All amounts are set aside, or none: then it is a 429 with the numbers of the limit."""
        call = Call("POST", "/api/usage/reservations", Repeat.KEYED, body=ask)
        return cast("shapes.Reserved", self._http.call(call, **options))

    def settle(
        self, reservation_id: str, ask: shapes.SettleRequest, **options: Unpack[WriteOptions]
    ) -> shapes.Settled:
        """Charges what was used, which may be more; with `final: False` it is progress."""
        names = {"id": reservation_id}
        call = Call("POST", f"{ONE}/settle", Repeat.KEYED, names=names, body=ask)
        return cast("shapes.Settled", self._http.call(call, **options))

    def extend(
        self,
        reservation_id: str,
        ask: shapes.ExtendRequest | None = None,
        **options: Unpack[WriteOptions],
    ) -> shapes.Reserved:
        """Sets more aside, or for longer."""
        names = {"id": reservation_id}
        call = Call("POST", f"{ONE}/extend", Repeat.KEYED, names=names, body=ask or {})
        return cast("shapes.Reserved", self._http.call(call, **options))

    def release(self, reservation_id: str, **options: Unpack[WriteOptions]) -> shapes.Settled:
        """Nothing was used."""
        names = {"id": reservation_id}
        call = Call("POST", f"{ONE}/release", Repeat.KEYED, names=names)
        return cast("shapes.Settled", self._http.call(call, **options))

    def get(self, reservation_id: str, **options: Unpack[CallOptions]) -> shapes.Reservation:
        """Where it stands."""
        call = {"names": {"id": reservation_id}}
        return cast("shapes.Reservation", self._http.get(ONE, call, **options))
