"""Memory of accelerators between tenants: what the last one left on a device for the next.

No device plugin and no field of dynamic resource allocation clears it. What helps is a device that is reset between tenants,
one that encrypts its memory (confidential computing), and nodes that keep to one tenant. None of that is seen in the API for
certain, and reading what was left takes effort and luck: medium. AMD's `enforce_isolation` clears registers and local memory
alone, and is a parameter of the node's kernel that is not read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.configmaps import ConfigMap
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.views.node_tenancy import NodeTenancy, Stay
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_PRETENDED = re.compile(r"(?i)gpu[-_]?memory[-_]?clearing")
_WANTED, _STATE, _READY = "nvidia.com/cc.mode", "nvidia.com/cc.mode.state", "nvidia.com/cc.ready.state"
_ON = ("on", "ppcie")
_READ = 200_000  # characters of one ConfigMap that are looked at


@check("memory.nothing-pretends-to-clear-it", severity=Severity.MEDIUM)
def nothing_pretends_to_clear_it(workloads: All[Workload], configs: All[ConfigMap]) -> Verdict:
    """No setting is there that is believed to clear the memory of accelerators between tenants.

    Why: `gpuMemoryClearing` is a setting of no device plugin. Where it stands, somebody relies on it, and the next tenant
    reads what the last one left.
    Fix: remove it. Give tenants whole devices or MIG partitions, reset devices between tenants or turn confidential computing
    on, and keep nodes to one tenant.
    """
    bad = [one.subject for one in workloads if any(_PRETENDED.search(text) for text in _texts(one))]
    bad += [
        one.subject
        for one in configs
        if any(_PRETENDED.search(key) or _PRETENDED.search(text[:_READ]) for key, text in one.data.items())
    ]
    if bad:
        return failed(f"a setting that nothing obeys in {some(bad)}", objects=sorted(bad)[:50])
    return passed(f"in {len(workloads)} workloads and {len(configs)} ConfigMaps there is none")


@check("memory.confidential-nodes-are-confidential", severity=Severity.HIGH)
def confidential_nodes_are_confidential(node: Node) -> Verdict:
    """A node that is to run its accelerators in confidential mode does.

    Why: tenants are sent there because the memory of its devices is encrypted. Until the mode has changed it is not, and the
    change fails while a pod holds a device.
    Fix: drain the node, and look at the log of the confidential computing manager; `nvidia.com/cc.mode.state` must become what
    `nvidia.com/cc.mode` says.
    """
    labels = node.metadata.labels
    wanted, state = labels.get(_WANTED, ""), labels.get(_STATE, "")
    if wanted not in _ON:
        return not_applicable("it is not told to be")
    if not state:
        return unknown("nobody has said whether it is")
    if state != wanted:
        return failed(f"it is to be {wanted}, and is {state}")
    ready = labels.get(_READY, "")
    return failed(f"it is {state}, and {_READY} is {ready}") if ready == "false" else passed(f"it is {state}")


@check("memory.devices-keep-to-one-tenant", severity=Severity.MEDIUM)
def devices_keep_to_one_tenant(place: NodeTenancy) -> Verdict:
    """No device passed from one tenant to another without anything that clears or encrypts its memory.

    Why: memory is not cleared when a container ends, so what one tenant's model and prompts left may be there for the next
    one's. Pods that ended and are still there are taken into account; those that are gone are not.
    Fix: keep nodes to one tenant by taints, reset devices between tenants, or run them in confidential mode.
    """
    if place.node.metadata.labels.get(_STATE, "") in _ON:
        return passed("the memory of its devices is encrypted: confidential computing is on")
    tenants = {one.namespace for one in place.stays}
    if len(tenants) < 2:
        if not place.is_complete:
            return unknown("not all pods could be read")
        return passed(f"its devices were with {some(tenants)} alone") if tenants else not_applicable("nobody held any")
    pairs = [(a, b) for a, b in combinations(place.stays, 2) if a.namespace != b.namespace and a.resource == b.resource]
    pairs = [(a, b) for a, b in pairs if a.is_over or b.is_over]
    certain = [pair for pair in pairs if pair[0].devices + pair[1].devices > place.total(pair[0].resource)]
    if certain:
        one, other = certain[0]
        return failed(f"a device of it was with {_told(one)} and with {_told(other)}", tenants=sorted(tenants))
    if pairs:
        return unknown(f"{some(tenants)} were there one after the other, and nobody says on which devices")
    return passed(f"{some(tenants)} are there side by side, each with devices of its own")


def _told(stay: Stay) -> str:
    return f"{stay.namespace}/{stay.pod}"


def _texts(workload: Workload) -> Iterator[str]:
    yield from workload.metadata.annotations
    yield from workload.template.metadata.annotations
    for one in workload.spec.every_container:
        yield from (*one.command, *one.args)
        for entry in one.env:
            yield from (entry.name, entry.value)
