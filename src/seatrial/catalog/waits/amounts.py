"""What pods ask of nodes, in thousandths, so that half a CPU is a whole number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.pods import Container, PodSpec
from seatrial.kit.quantity import parse

UNIT = 1000


@lru_cache(maxsize=65536)
def thousandths(text: str | int | float) -> int:
    """0 for what is no amount: the API server lets none in."""
    try:
        return int(parse(text) * UNIT)
    except ValueError:
        return 0


def asked(spec: PodSpec) -> Mapping[str, int]:
    """Of a node: the sum of its containers and of what stays beside them, or what an init container needs alone."""
    if len(spec.containers) == 1 and not spec.init_containers:
        return _alone(*_key(spec.containers[0]))
    total: dict[str, int] = {"pods": UNIT}
    beside: dict[str, int] = {}
    first: dict[str, int] = {}
    for one in spec.init_containers:
        for name, amount in _of(*_key(one)).items():
            if one.restart_policy == "Always":
                beside[name] = beside.get(name, 0) + amount
            else:
                first[name] = max(first.get(name, 0), amount + beside.get(name, 0))
    for one in spec.containers:
        for name, amount in _of(*_key(one)).items():
            total[name] = total.get(name, 0) + amount
    for name, amount in beside.items():
        total[name] = total.get(name, 0) + amount
    for name, amount in first.items():
        total[name] = max(total.get(name, 0), amount)
    return {name: amount for name, amount in total.items() if amount}


_Items = tuple[tuple[str, str | int | float], ...]


def _key(container: Container) -> tuple[_Items, _Items]:
    return tuple(container.resources.limits.items()), tuple(container.resources.requests.items())


@lru_cache(maxsize=65536)
def _of(limits: _Items, requests: _Items) -> Mapping[str, int]:
    """The API server writes requests from limits; a manifest may have limits alone."""
    return {name: thousandths(amount) for name, amount in (dict(limits) | dict(requests)).items()}


@lru_cache(maxsize=65536)
def _alone(limits: _Items, requests: _Items) -> Mapping[str, int]:
    wants = {"pods": UNIT, **_of(limits, requests)}
    return {name: amount for name, amount in wants.items() if amount}


@lru_cache(maxsize=4096)
def is_device(resource: str) -> bool:
    return is_accelerator(resource)


def told(resource: str, amount: int) -> str:
    """As one reads it: CPUs in parts, memory in GiB, devices as they are."""
    if resource in ("memory", "ephemeral-storage"):
        return f"{amount / UNIT / 2**30:,.1f} GiB"
    return f"{amount / UNIT:,.4g}"


def many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
