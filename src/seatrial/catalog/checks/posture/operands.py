"""Operands: what the operators of NVIDIA and AMD are told to install on nodes, and how they renew it.

Severities: an operator that is not done leaves nodes without accelerators, and two who hand out the same devices give one to two pods:
high. An upgrade that takes all nodes at once, or data with it, is medium, as are metrics that anybody may read. A driver that nobody
renews is low.
"""

from __future__ import annotations

from seatrial.catalog.systems.amd_gpu_operator import DeviceConfig
from seatrial.catalog.systems.nvidia_gpu_operator import GPUClusterPolicy, NVIDIADriver, UpgradePolicy
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_PRESENT = "the driver comes with the nodes"
_OUTSIDE = ("NodePort", "LoadBalancer")


@check("operands.are-in-place", severity=Severity.HIGH)
def are_in_place(policy: GPUClusterPolicy) -> Verdict:
    """NVIDIA's GPU operator has done what its ClusterPolicy says.

    Why: until the state is ready some node has no driver, no toolkit or no device plugin, and its accelerators are not offered.
    Fix: look at the pods of the operator's namespace that are not ready; the validators name the part that is missing.
    """
    if not policy.metadata.uid:
        return not_applicable("it stands in a file")
    state = policy.status.state
    if not state:
        return unknown("the operator has not said")
    told = next((one.message for one in policy.status.conditions if one.type == "Error" and one.status == "True"), "")
    return (
        passed("its state is ready")
        if state == "ready"
        else failed(f"its state is {state}{f': {told[:300]}' if told else ''}")
    )


@check("operands.drivers-are-renewed", severity=Severity.LOW)
def drivers_are_renewed(policy: GPUClusterPolicy) -> Verdict:
    """The operator renews drivers by itself, node by node.

    Why: without `autoUpgrade`, a new version comes to a node whenever somebody deletes its driver's pod there. Nodes of one pool differ for weeks.
    Fix: set `driver.upgradePolicy.autoUpgrade: true`.
    """
    driver = policy.spec.driver
    if driver.enabled is False or driver.use_nvidia_driver_crd:
        return not_applicable(f"{_PRESENT}, or an NVIDIADriver says")
    on = driver.upgrade_policy is not None and driver.upgrade_policy.auto_upgrade
    return passed("autoUpgrade is on") if on else failed("autoUpgrade is off")


@check("operands.upgrades-spare-the-fleet", severity=Severity.MEDIUM)
def upgrades_spare_the_fleet(policy: GPUClusterPolicy) -> Verdict:
    """An upgrade of drivers takes a few nodes at a time, and no data with it.

    Why: `maxParallelUpgrades: 0` means all at once. A drain with `force` deletes pods that nobody makes anew, and `deleteEmptyDir` what they
    had written, such as checkpoints.
    Fix: set `maxParallelUpgrades: 1` and `maxUnavailable: 25%`, and leave `drain.force` and `drain.deleteEmptyDir` false.
    """
    if policy.spec.driver.enabled is False or policy.spec.driver.use_nvidia_driver_crd:
        return not_applicable(f"{_PRESENT}, or an NVIDIADriver says")
    return _spares(policy.spec.driver.upgrade_policy)


@check("operands.driver-upgrades-spare-their-nodes", severity=Severity.MEDIUM)
def driver_upgrades_spare_their_nodes(driver: NVIDIADriver) -> Verdict:
    """An upgrade by an NVIDIADriver takes a few nodes at a time, and no data with it.

    Why: it has an upgrade policy of its own, in which 0 means all at once, as in a ClusterPolicy.
    Fix: set `upgradePolicy.maxParallelUpgrades: 1` and `maxUnavailable: 25%`, and leave `drain.force` and `drain.deleteEmptyDir` false.
    """
    return _spares(driver.spec.upgrade_policy)


@check("operands.amd-devices-are-offered-one-way", severity=Severity.HIGH)
def amd_devices_are_offered_one_way(config: DeviceConfig) -> Verdict:
    """A DeviceConfig of AMD's operator turns on the device plugin or the DRA driver, not both.

    Why: each hands out all devices, and the scheduler counts them twice. AMD's documentation rules it out.
    Fix: set `devicePlugin.enableDevicePlugin: false` where `draDriver.enable` is true.
    """
    plugin = config.spec.device_plugin.enable_device_plugin is not False
    if plugin and config.spec.dra_driver.enable:
        return failed("both are on; the device plugin is unless it is turned off")
    return passed(
        "the DRA driver is on"
        if config.spec.dra_driver.enable
        else "the device plugin is on"
        if plugin
        else "neither is on"
    )


@check("operands.amd-metrics-are-guarded", severity=Severity.MEDIUM)
def amd_metrics_are_guarded(config: DeviceConfig) -> Verdict:
    """AMD's exporter is read from inside the cluster, or by those alone who may.

    Why: as a NodePort without `rbacConfig` it tells anybody on the network which pods run on which device.
    Fix: set `metricsExporter.serviceType: ClusterIP`, or `rbacConfig.enable: true` and leave `disableHttps` false.
    """
    exporter = config.spec.metrics_exporter
    if not exporter.enable:
        return not_applicable("its exporter is off")
    kind = exporter.service_type or "ClusterIP"
    if kind not in _OUTSIDE:
        return passed(f"its Service is a {kind}")
    if exporter.rbac_config.enable and not exporter.rbac_config.disable_https:
        return passed(f"its Service is a {kind}, and asks who reads")
    return failed(
        f"its Service is a {kind}, and {'does not encrypt' if exporter.rbac_config.enable else 'asks nobody'}"
    )


def _spares(policy: UpgradePolicy | None) -> Verdict:
    if policy is None or not policy.auto_upgrade:
        return not_applicable("it upgrades nothing by itself")
    drain = policy.drain
    wrong = ["maxParallelUpgrades is 0, which means all at once"] if policy.max_parallel_upgrades == 0 else []
    if drain is not None and drain.enable:
        wrong += ["drain.force is true"] if drain.force else []
        wrong += ["drain.deleteEmptyDir is true"] if drain.delete_empty_dir else []
    many = policy.max_parallel_upgrades
    return failed("; ".join(wrong)) if wrong else passed(f"{1 if many is None else many} nodes at a time")
