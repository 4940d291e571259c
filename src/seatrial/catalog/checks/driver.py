"""Drivers: what nodes say of their accelerators' driver is what a container finds that was given one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from seatrial.catalog.checks.probe import MAIN, asks, look, opened, pod, reported, runs, unrecognised
from seatrial.catalog.checks.versions import numbers, same
from seatrial.catalog.roles import AcceleratorSource, Shown
from seatrial.catalog.systems.kubernetes.core import host_of
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed, unknown
from seatrial.model.workbench import Workbench

_SLICES = "resource.k8s.io/resourceslices"


class _File(msgspec.Struct, frozen=True):
    path: str
    text: str = ""


class _Report(msgspec.Struct, frozen=True):
    files: tuple[_File, ...]


@check(
    "driver.advertised-version-is-what-containers-find",
    severity=Severity.MEDIUM,
    creates=("pods",),
    exclusive=("accelerators",),
    uses=("exec",),
    looks_at=("nodes", _SLICES),
)
async def advertised_version_is_what_containers_find(source: AcceleratorSource, bench: Workbench) -> Verdict:
    """A container with an accelerator finds the driver version that its node advertises, whatever its image is.

    Why: after an upgrade that reached only half of a node, schedulers choose by one driver and programs start on another.
    Fix: let one operator install driver and container runtime set-up, and restart its device plugin, its DRA driver and
    its feature discovery after each upgrade.
    """
    if not source.devices:
        return unrecognised(source)
    if not source.versions.shown:
        return unknown(f"how a container sees the driver of {source.kind} is not known")
    owner = await asks(bench, source, pod(bench, "owner"))
    if owner is None:
        raise CannotJudge("a pod that asks for one accelerator does not run, so nobody can look at its driver")
    node = await bench.read("nodes", owner["spec"]["nodeName"])
    if node is None:
        raise CannotJudge(f"the node {owner['spec']['nodeName']} has gone")
    runtime = node["status"].get("nodeInfo", {}).get("containerRuntimeVersion", "")
    advertised = await _advertised(bench, source, node)
    found = await _found(bench, source, "owner", source.versions.shown)
    devices = opened(await look(bench, source, "owner"))
    bench.control(
        "a plain container that asked for one accelerator",
        advertised=advertised,
        found=found,
        opened=[device.path for device in devices],
        runtime=runtime,
    )
    if not advertised:
        return unknown(
            f"neither labels of {node['metadata']['name']} nor ResourceSlices say which driver it has, so there is nothing "
            "to hold against what containers find; install the vendor's feature discovery or DRA driver",
            found=found,
        )
    if problem := _differences(advertised, found) or _set_up(runtime, len(devices)):
        return failed(problem, advertised=advertised, found=found)
    if problem := await _outsider(bench, source, owner):
        return failed(problem)
    version = next(iter(found.values()))
    return passed(
        f"what is advertised by {', '.join(advertised)} is what a plain container with one device finds: driver {version}, under {runtime}; "
        "a container that asked for none has none",
        advertised=advertised,
        found=found,
    )


def _differences(advertised: Mapping[str, str], found: Mapping[str, str]) -> str:
    if not found:
        return f"a plain container with an accelerator finds no driver; its node advertises {_say(advertised)}"
    for where, version in advertised.items():
        for place, other in found.items():
            if not same(version, other):
                return f"{where} says {version}, and a container finds {other} in {place}"
    return ""


def _set_up(runtime: str, devices: int) -> str:
    if not runtime:
        return "the node does not say which container runtime it has"
    return "" if devices == 1 else f"a container that asked for one accelerator opens {devices}"


def _say(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{version} ({where})" for where, version in versions.items())


async def _outsider(bench: Workbench, source: AcceleratorSource, owner: Obj) -> str:
    """The negative control. What the kernel shows to everybody tells nothing here; the devices still do."""
    host = host_of(owner, owner["spec"]["nodeName"])
    if await runs(bench, pod(bench, "outsider", node=host)) is None:
        raise CannotJudge("a pod without a request does not run, so it cannot be seen that it has no driver")
    brought = tuple(shown for shown in source.versions.shown if not shown.everywhere)
    found = await _found(bench, source, "outsider", brought) if brought else {}
    devices = opened(await look(bench, source, "outsider"))
    bench.control("a container that asked for none", found=found, opened=[device.path for device in devices])
    if found:
        return f"a container that asked for no accelerator finds a driver too: {_say(found)}"
    return f"a container that asked for no accelerator opens {len(devices)}" if devices else ""


async def _advertised(bench: Workbench, source: AcceleratorSource, node: Obj) -> dict[str, str]:
    """Each version that the node says it has, by where it says so."""
    labels = node["metadata"].get("labels") or {}
    said = {f"label {name}": labels[name] for name in source.versions.labels if numbers(labels.get(name, ""))}
    driver = source.versions.driver
    if not driver or not bench.apis.versions(_SLICES):
        return said
    for one in await bench.list(_SLICES, everywhere=True):
        spec = one["spec"]
        if spec.get("driver") == driver and spec.get("nodeName") == node["metadata"]["name"]:
            said |= _of_devices(spec.get("devices") or (), driver, source.versions.attribute)
    return said


def _of_devices(devices: tuple[Obj, ...], driver: str, attribute: str) -> dict[str, str]:
    """Devices that say the same are one entry: a node may have many."""
    versions: dict[str, list[str]] = {}
    for device in devices:
        attributes = device.get("attributes") or device.get("basic", {}).get("attributes") or {}
        value = attributes.get(attribute) or attributes.get(f"{driver}/{attribute}") or {}
        version = value.get("version") or value.get("string") or ""
        if numbers(version):
            versions.setdefault(version, []).append(device["name"])
    return {f"ResourceSlice ({len(names)} devices, {names[0]})": version for version, names in versions.items()}


async def _found(bench: Workbench, source: AcceleratorSource, name: str, shown: tuple[Shown, ...]) -> dict[str, str]:
    """Each version that the container finds, by where; libraries that say the same are one entry."""
    globs = [part for one in shown for part in ("--glob", one.glob)]
    ran = await bench.run(name, ["/workload", "files", *globs], container=MAIN)
    files = reported(ran, _Report, f"pod {name} did not report its files").files
    found: dict[str, str] = {}
    for file in files:
        matches = (re.search(one.pattern, f"{file.path}\n{file.text}") for one in shown)
        version = next((match[1] for match in matches if match), "")
        if version and version not in found.values():
            found[file.path] = version
    return found
