"""What a pod asks of its node, added up in one place, as the scheduler does: in thousandths, so that half a CPU is a whole number.

What it claims by ``resourceClaims`` is not among it: that is asked of drivers, not of a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.pods import Container, PodSpec, Resources
from seatrial.kit.quantity import parse
from seatrial.kit.remembered import remembered

UNIT = 1000
_WHOLE_POD = ("cpu", "memory", "hugepages-")  # of these a pod may ask as a whole


@lru_cache(maxsize=65536)
def thousandths(text: str | int | float) -> int:
    """0 for what is no amount: the API server lets none in."""
    try:
        return int(parse(text) * UNIT)
    except ValueError:
        return 0


def asked(spec: PodSpec) -> Mapping[str, int]:
    """The sum of its containers and of what stays beside them, or what an init container needs alone."""
    plain = not spec.init_containers and not spec.overhead and spec.resources is None
    if plain and len(spec.containers) == 1:
        return _of_one(spec.containers[0].resources)
    total = _together(spec)
    total["pods"] = UNIT
    if spec.resources is not None:
        wanted = _of(*_key(spec.resources))
        total |= {name: amount for name, amount in wanted.items() if name.startswith(_WHOLE_POD)}
    for name, text in spec.overhead.items():
        total[name] = total.get(name, 0) + thousandths(text)
    return {name: amount for name, amount in total.items() if amount}


@remembered("containers", "init_containers", "overhead", "resources")
def accelerators(spec: PodSpec) -> Mapping[str, int]:
    """Of that its devices, each a whole one."""
    if not any(any(map(is_accelerator, one.resources.named)) for one in spec.every_container):
        return {}
    return {name: count for name, amount in asked(spec).items() if is_accelerator(name) and (count := amount // UNIT)}


def devices_of(container: Container) -> dict[str, int]:
    """What one container asks of devices."""
    wanted = _of(*_key(container.resources))
    return {name: amount // UNIT for name, amount in wanted.items() if is_accelerator(name)}


def _together(spec: PodSpec) -> dict[str, int]:
    """Init containers run one after the other, each beside those before it that stay."""
    total: dict[str, int] = {}
    beside: dict[str, int] = {}
    first: dict[str, int] = {}
    for one in spec.init_containers:
        stays = one.restart_policy == "Always"
        for name, amount in _of(*_key(one.resources)).items():
            if stays:
                beside[name] = beside.get(name, 0) + amount
            else:
                first[name] = max(first.get(name, 0), amount + beside.get(name, 0))
    for one in spec.containers:
        for name, amount in _of(*_key(one.resources)).items():
            total[name] = total.get(name, 0) + amount
    for name, amount in beside.items():
        total[name] = total.get(name, 0) + amount
    for name, amount in first.items():
        total[name] = max(total.get(name, 0), amount)
    return total


_latest: list[tuple[Resources, Mapping[str, int]]] = [(Resources(), {"pods": UNIT})]


def _of_one(resources: Resources) -> Mapping[str, int]:
    """Pods of one template come one after the other, and to compare two is quicker than to look one up."""
    known, amounts = _latest[0]
    if resources == known:
        return amounts
    amounts = _alone(*_key(resources))
    _latest[0] = resources, amounts
    return amounts


_Items = tuple[tuple[str, str | int | float], ...]


def _key(resources: Resources) -> tuple[_Items, _Items]:
    return tuple(resources.limits.items()), tuple(resources.requests.items())


@lru_cache(maxsize=65536)
def _of(limits: _Items, requests: _Items) -> Mapping[str, int]:
    """The API server writes requests from limits; a manifest may have limits alone."""
    return {name: thousandths(amount) for name, amount in (dict(limits) | dict(requests)).items()}


@lru_cache(maxsize=65536)
def _alone(limits: _Items, requests: _Items) -> Mapping[str, int]:
    wants = {"pods": UNIT, **_of(limits, requests)}
    return {name: amount for name, amount in wants.items() if amount}
