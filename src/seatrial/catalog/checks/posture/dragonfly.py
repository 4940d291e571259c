"""Dragonfly: images that nodes give each other, instead of all asking the registry.

Severities: a connection that is not verified lets whoever stands between put an image of his own on every node: high. A client that no
container runtime asks is medium. One seed alone is low.
"""

from __future__ import annotations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.dragonfly import CLIENT, SEED, Dfinit, dfinit_of, is_part
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown


@check("dragonfly.registries-are-verified", severity=Severity.HIGH)
def registries_are_verified(config: ConfigMap) -> Verdict:
    """Nodes verify who answers for a registry.

    Why: the chart of Dragonfly sets `skipVerify: true` for the registries in its example, and containerd then takes any certificate.
    Fix: set `skipVerify: false` below `client.dfinit.config.containerRuntime.containerd.registries`, and give Dragonfly's own
    certificate to the nodes.
    """
    try:
        found = dfinit_of(config)
    except BadSettings as error:
        return unknown(str(error))
    if found is None:
        return not_applicable("it is not Dragonfly's")
    registries = found.container_runtime.containerd.registries
    open_ = [one.host_namespace for one in registries if one.skip_verify]
    if open_:
        return failed(f"nobody verifies who answers for {some(open_)}")
    return passed(f"{len(registries)} registries are verified")


@check("dragonfly.container-runtimes-ask-it", severity=Severity.MEDIUM)
def container_runtimes_ask_it(workloads: All[Workload], configs: All[ConfigMap]) -> Verdict:
    """Where Dragonfly's client runs on nodes, their container runtime asks it.

    Why: `client.dfinit.enable` is false unless it is set. The client then runs on every node, and every image still comes from the registry.
    Fix: set `client.dfinit.enable: true` with the registries that it is for; it writes containerd's `hosts.toml` on each node.
    """
    clients = [one for one in workloads if is_part(dict(one.labels), CLIENT)]
    if not clients:
        return not_applicable("Dragonfly's client runs on no node")
    found: list[Dfinit] = []
    for config in configs:
        try:
            found += [one for one in (dfinit_of(config),) if one is not None]
        except BadSettings as error:
            return unknown(str(error))
    registries = [
        one.host_namespace
        for init in found
        if init.container_runtime.containerd.enable
        for one in init.container_runtime.containerd.registries
    ]
    if registries:
        return passed(f"for {some(registries)}")
    told = "dfinit tells containerd of no registry" if found else "there is no configuration of dfinit"
    return failed(f"{some(one.subject for one in clients)} runs, and {told}")


@check("dragonfly.seeds-have-a-second", severity=Severity.LOW)
def seeds_have_a_second(workload: Workload) -> Verdict:
    """There are two seed clients at least.

    Why: only seeds ask the registry. While the one is away each node asks for itself, which is what Dragonfly is there to prevent.
    Fix: set `seedClient.replicas: 2` or more. How many nodes one seed serves is `loadLimit` of its cluster; there is no ratio to set.
    """
    if not is_part(dict(workload.labels), SEED):
        return not_applicable("it is no seed client of Dragonfly")
    return passed(f"there are {workload.wanted}") if workload.wanted > 1 else failed(f"there is {workload.wanted}")
