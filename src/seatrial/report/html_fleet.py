"""The fleet as a picture: a row for each node, a square for each accelerator, its colour for how it stands or who holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from seatrial.model.fleet import DeviceState, FleetDevice, FleetNode
from seatrial.report.hostile import html_text as e
from seatrial.report.wording import count

_HUES = 12
_TOLD_ONE_BY_ONE = 20_000  # devices; beyond, a square does not say whose it is when pointed at


class StateWords(msgspec.Struct, frozen=True):
    label: str
    meaning: str


STATES: Mapping[DeviceState, StateWords] = {
    DeviceState.HELD: StateWords("in use", "held by a pod that runs"),
    DeviceState.WAITING: StateWords("held, not used", "held by a pod that does not run: waste"),
    DeviceState.FREE: StateWords("free", "nobody asked for it"),
    DeviceState.UNUSABLE: StateWords("closed", "its node takes no pods, or the device is tainted"),
    DeviceState.UNHEALTHY: StateWords("unhealthy", "its node has it, and no longer offers it"),
}


def section(fleet: tuple[FleetNode, ...]) -> Iterator[str]:
    if not fleet:
        return
    devices = [device for node in fleet for device in node.devices]
    states = Counter(device.state for device in devices)
    tenants = Counter(_tenant(device) for device in devices if device.holder)
    hues = {tenant: number % _HUES for number, tenant in enumerate(sorted(tenants))}
    nodes = len({node.name for node in fleet})
    yield '<section aria-labelledby="fleet" class="fleet" data-colour="state"><h2 id="fleet">Accelerators</h2>'
    yield f"<p>{count(len(devices), 'accelerator')} on {count(nodes, 'node')}: {_told(states)}.</p>"
    yield _keys(states, tenants, hues)
    titled = len(devices) <= _TOLD_ONE_BY_ONE
    rows = "".join(_row(node, hues, titled=titled) for node in sorted(fleet, key=lambda one: (one.name, one.offers)))
    yield f'<div class="racks" tabindex="0" role="group" aria-label="Accelerators by node"><ul>{rows}</ul></div></section>'


def _told(states: Counter[DeviceState]) -> str:
    return ", ".join(f"{states[state]:,} {STATES[state].label}" for state in STATES if states[state])


def _keys(states: Counter[DeviceState], tenants: Counter[str], hues: Mapping[str, int]) -> str:
    by_state = "".join(
        f'<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect data-state="{state}" width="1" height="1"/></svg>'
        f"<b>{words.label}</b> {words.meaning}</li>"
        for state, words in STATES.items()
        if states[state]
    )
    by_tenant = "".join(
        f'<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect class="hue{hues[tenant]}" width="1" height="1"/></svg>'
        f"<b><bdi>{e(tenant, limit=80)}</bdi></b> {number:,}</li>"
        for tenant, number in tenants.most_common(_HUES)
    )
    more = f"<li>and {len(tenants) - _HUES} more namespaces</li>" if len(tenants) > _HUES else ""
    return f'<ul class="keys" data-key="state">{by_state}</ul><ul class="keys" data-key="holder">{by_tenant}{more}</ul>'


def _row(node: FleetNode, hues: Mapping[str, int], *, titled: bool) -> str:
    squares = "".join(_square(device, place, hues, titled=titled) for place, device in enumerate(node.devices))
    states = Counter(device.state for device in node.devices)
    product = f" <small>{e(node.product, limit=60)}</small>" if node.product else ""
    wide = max(len(node.devices), 1)
    return (
        f'<li><span class="node"><bdi>{e(node.name, limit=80)}</bdi>{product} <small>{e(node.offers, limit=60)}</small></span>'
        f'<svg viewBox="0 0 {wide} 1" width="{wide * 16}" height="16" role="img" aria-label="{e(_told(states))}">{squares}</svg></li>'
    )


def _square(device: FleetDevice, place: int, hues: Mapping[str, int], *, titled: bool) -> str:
    hue = f' class="hue{hues[_tenant(device)]}"' if device.holder else ""
    parts = (device.name, STATES[device.state].label, device.holder)
    title = f"<title>{e(': '.join(part for part in parts if part), limit=200)}</title>" if titled else ""
    return f'<rect data-state="{device.state}"{hue} x="{place}.06" y=".06" width=".88" height=".88">{title}</rect>'


def _tenant(device: FleetDevice) -> str:
    return device.holder.partition("/")[0]
