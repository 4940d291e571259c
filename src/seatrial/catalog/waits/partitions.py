"""What devices have in common: counters that the parts of one accelerator share, and capacity that several claims share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.catalog.systems.kubernetes.dra import Device, ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.requests import thousandths

MANY = 1000  # shares of a device that nothing limits

Key = tuple[str, str, str]  # driver, pool and device
Shared = tuple[str, str, str, str]  # driver, pool, set and counter


class Partitions(msgspec.Struct):
    """What is left of counters, and who has the rest; what is taken of capacities."""

    left: dict[Shared, int]
    users: dict[tuple[str, str, str], Counter[str]]  # driver, pool and set → claims
    consumed: dict[Key, Counter[str]]

    @classmethod
    def of(cls, slices: Iterable[ResourceSlice], claims: Iterable[ResourceClaim]) -> Partitions:
        found = cls({}, defaultdict(Counter), defaultdict(Counter))
        devices: dict[Key, Device] = {}
        for one in slices:
            pool = one.spec.driver, one.spec.pool.name
            for shared in one.spec.shared_counters:
                for name, amount in shared.counters.items():
                    found.left[*pool, shared.name, name] = thousandths(amount.value)
            devices |= {(*pool, device.name): device for device in one.spec.devices if device.consumes_counters}
        for claim in claims:
            for result in claim.status.allocation.devices.results if claim.status.allocation else ():
                key = result.driver, result.pool, result.device
                if result.admin_access:
                    continue
                for name, text in result.consumed_capacity.items():
                    found.consumed[key][name] += thousandths(text)
                for counter, part in taken(key, devices[key]) if key in devices else ():
                    found.left[counter] = found.left.get(counter, 0) - part
                    found.users[counter[:3]][claim.subject] += 1
        return found

    def lacks(self, key: Key, device: Device, spent: Mapping[Shared, int]) -> Shared | None:
        """The counter of which too little is left for this device, once what was spent is gone, too."""
        for counter, amount in taken(key, device):
            if self.left.get(counter, 0) - spent.get(counter, 0) < amount:
                return counter
        return None

    def shares(self, key: Key, device: Device, wanted: Mapping[str, str | int | float]) -> int:
        """How many more claims of this size the device takes, where several may have it."""
        found, consumed = MANY, self.consumed.get(key, Counter())
        for name, whole in _capacities(device):
            size = thousandths(wanted.get(name, wanted.get(name.rpartition("/")[2], _default(whole))))
            left = thousandths(whole.get("value", 0)) - consumed.get(name, consumed.get(name.rpartition("/")[2], 0))
            if size:
                found = min(found, max(0, left // size))
        return found


def taken(key: Key, device: Device) -> Iterator[tuple[Shared, int]]:
    for one in device.consumes_counters:
        for name, amount in one.counters.items():
            yield (key[0], key[1], one.counter_set, name), thousandths(amount.value)


def _capacities(device: Device) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, whole in device.capacity.items():
        if isinstance(whole, dict):
            yield name, whole


def _default(whole: Mapping[str, object]) -> str | int | float:
    """Who asks for no amount gets what the driver says, and without that all of it."""
    policy = whole.get("requestPolicy")
    text = policy.get("default") if isinstance(policy, dict) else None
    found = text if text is not None else whole.get("value", 0)
    return found if isinstance(found, str | int | float) else 0
