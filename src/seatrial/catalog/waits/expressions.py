"""Device selectors in CEL, as far as they are what people write: comparisons joined by ``&&``. Of anything else nothing is said."""

from __future__ import annotations

import operator
import re
from collections.abc import Hashable, Iterable
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.dra import Device, Selector
from seatrial.catalog.systems.kubernetes.requests import thousandths

_DRIVER = re.compile(r"""device\.driver\s*(?P<op>==|!=)\s*(?P<q>['"])(?P<value>[^'"]*)(?P=q)""")
_ATTRIBUTE = re.compile(
    r"""device\.attributes\[(?P<q>['"])(?P<domain>[^'"]+)(?P=q)\]\.(?P<name>\w+)\s*(?P<op>==|!=|>=|<=|>|<)\s*(?P<value>'[^']*'|"[^"]*"|-?\d+|true|false)"""
)
_HAS = re.compile(r"""(?P<q>['"])(?P<domain>[^'"]+)(?P=q)\s+in\s+device\.attributes""")
_VERSION = re.compile(
    r"""device\.attributes\[(?P<q>['"])(?P<domain>[^'"]+)(?P=q)\]\.(?P<name>\w+)\.compareTo\(semver\((?P<r>['"])(?P<value>[^'"]+)(?P=r)\)\)\s*(?P<op>==|!=|>=|<=|>|<)\s*0"""
)
_CAPACITY = re.compile(
    r"""device\.capacity\[(?P<q>['"])(?P<domain>[^'"]+)(?P=q)\]\.(?P<name>\w+)\.compareTo\(quantity\((?P<r>['"])(?P<value>[^'"]+)(?P=r)\)\)\s*(?P<op>==|!=|>=|<=|>|<)\s*0"""
)
_LONGEST = 10_000
_OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


_NAMED = re.compile(r"""device\.(attributes|capacity)\[['"]([^'"]+)['"]\]\.(\w+)""")
Mentioned = frozenset[tuple[str, str, str]]


def mentioned(selectors: Iterable[Selector]) -> Mentioned:
    """Attributes and capacities that they look at: devices that are alike in these are alike to them."""
    texts = [selector.cel.get("expression", "") for selector in selectors]
    named = {found for text in texts for found in _NAMED.findall(text)}
    has = {("attributes", found["domain"], "") for text in texts for found in _HAS.finditer(text)}
    return frozenset(named | has)


def projection(device: Device, driver: str, names: Mentioned) -> Hashable:
    seen: list[Hashable] = []
    for table, domain, name in sorted(names):
        if not name:
            seen.append(any(key.partition("/")[0] == domain for key in device.attributes))
            continue
        found = _named(dict(device.attributes if table == "attributes" else device.capacity), driver, domain, name)
        seen.append(msgspec.json.encode(found))
    return tuple(seen)


def matches(selectors: Iterable[Selector], device: Device, driver: str) -> bool | None:
    """Whether all of them select it; ``None`` where one of them is more than we can read."""
    said = [_one(selector.cel.get("expression", ""), device, driver) for selector in selectors]
    if any(one is False for one in said):
        return False
    return None if any(one is None for one in said) else True


def _one(text: str, device: Device, driver: str) -> bool | None:
    if len(text) > _LONGEST or "||" in text:
        return None
    said = [
        _part(part.strip().strip("()").strip() if _plain(part) else part.strip(), device, driver)
        for part in text.split("&&")
    ]
    if any(one is False for one in said):
        return False
    return None if any(one is None for one in said) else True


def _plain(part: str) -> bool:
    """Parentheses around the whole of it mean nothing."""
    text = part.strip()
    return text.startswith("(") and text.endswith(")") and text.count("(") == 1


def _part(text: str, device: Device, driver: str) -> bool | None:
    if found := _DRIVER.fullmatch(text):
        return (driver == found["value"]) == (found["op"] == "==")
    if found := _HAS.fullmatch(text):
        return found["domain"] == driver or any(key.startswith(f"{found['domain']}/") for key in device.attributes)
    if found := _ATTRIBUTE.fullmatch(text):
        there = _attribute(device, driver, found["domain"], found["name"])
        return False if there is None else _compared(_key(there), _key(found["value"].strip("'\"")), found["op"])
    if found := _VERSION.fullmatch(text):
        there = _attribute(device, driver, found["domain"], found["name"])
        return False if there is None else _compared(_version(there), _version(found["value"]), found["op"])
    if found := _CAPACITY.fullmatch(text):
        amount = _named(device.capacity, driver, found["domain"], found["name"])
        value = amount.get("value", "0") if isinstance(amount, dict) else amount
        if value is None:
            return False
        return _compared(thousandths(value), thousandths(found["value"]), found["op"])
    return None


def _named(table: dict[str, object], driver: str, domain: str, name: str) -> object:
    """A name without a domain belongs to the driver."""
    return table.get(f"{domain}/{name}", table.get(name) if domain == driver else None)


def _attribute(device: Device, driver: str, domain: str, name: str) -> str | None:
    found = _named(dict(device.attributes), driver, domain, name)
    if not isinstance(found, dict) or not found:
        return None
    value = next(iter(found.values()))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _key(text: str) -> tuple[int, int | str]:
    return (0, int(text)) if re.fullmatch(r"-?\d{1,18}", text) else (1, text)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,9}", text.partition("-")[0])[:3])


def _compared(one: Any, other: Any, symbol: str) -> bool | None:
    """``None`` where the two are of kinds that have no order."""
    try:
        return bool(_OPERATORS[symbol](one, other))
    except TypeError:
        return None
