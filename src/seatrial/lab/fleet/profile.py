"""Reads ``h100:8x64,mi300x:8x16@6.13.0/dra`` into fleet groups."""

from __future__ import annotations

import re

from seatrial.lab.fleet.products import PRODUCTS
from seatrial.model.errors import UsageError
from seatrial.model.lab import FleetGroup

_GROUP = re.compile(
    r"(?P<product>[a-z0-9]+):(?P<devices>[1-9][0-9]{0,2})x(?P<nodes>[1-9][0-9]{0,4})"
    r"(@(?P<version>[0-9A-Za-z.+-]{1,40}))?(/(?P<advertise>plugin|dra|both))?"
)
_FORM = "PRODUCT:DEVICESxNODES[@DRIVER_VERSION][/plugin|/dra|/both], such as h100:8x64,mi300x:8x16/dra"
MOST_NODES = 20_000


def parse(text: str) -> tuple[FleetGroup, ...]:
    groups = tuple(_group(part.strip()) for part in text.split(",") if part.strip())
    if sum(group.nodes for group in groups) > MOST_NODES:
        raise UsageError(f"--fleet asks for more than {MOST_NODES} nodes", way_out="ask for fewer")
    return groups


def _group(part: str) -> FleetGroup:
    match = _GROUP.fullmatch(part)
    if match is None:
        raise UsageError(f"--fleet: {part!r} is not understood", way_out=f"write {_FORM}")
    product = match["product"]
    if product not in PRODUCTS:
        raise UsageError(f"--fleet: no product {product!r}", way_out=f"one of {', '.join(PRODUCTS)}")
    return FleetGroup(
        product=product,
        devices=int(match["devices"]),
        nodes=int(match["nodes"]),
        driver_version=match["version"] or "",
        advertise=match["advertise"] or "both",
    )
