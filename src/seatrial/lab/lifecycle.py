"""Up, change, down. What should run follows from the spec; what does run is read from /proc; the difference is all that is done."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping

import msgspec

from seatrial.lab import controlplane, forge, systems
from seatrial.lab import site as sites
from seatrial.lab.bring import Bringing
from seatrial.lab.fleet import kwok
from seatrial.lab.node import namespaces, remains
from seatrial.lab.process import running, stop
from seatrial.lab.site import Site
from seatrial.model.api import Connect
from seatrial.model.errors import LabError, UsageError
from seatrial.model.lab import Accelerators, LabLevel, LabSpec
from seatrial.model.progress import Event, State, Tell
from seatrial.model.system import Recipe

Recipes = Mapping[str, Recipe]
_ORDERLY = ("kwok", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
_NODE_FIRST = ("kubelet", "accelerator", "kube-proxy", "containerd", namespaces.HOLDER)


async def up(spec: LabSpec, *, recipes: Recipes, connect: Connect, tell: Tell) -> Site:
    """A lab as the spec says. A lab of that name that is already there is brought to the spec."""
    check(spec, recipes)
    await clear_killed()
    with sites.locked(spec.name):
        site = sites.load_if_sound(spec.name)
        if site is None or not running(site.root) or not _may_become(site.spec, spec):
            await clear(spec.name)  # nothing is there, or the remains of a lab that was killed, or another kind of lab
            site = None
        fresh = site is None
        try:
            site = await _prepare(spec, recipes, site, tell)
            await Bringing(site, recipes, connect, tell).all()
        except asyncio.CancelledError:
            if fresh:
                await asyncio.shield(clear(spec.name))
            raise
        return site


async def change(
    name: str, spec: LabSpec, faults: tuple[str, ...], *, recipes: Recipes, connect: Connect, tell: Tell
) -> Site:
    """Bring a running lab to another spec, with the faults that explain it: restart what differs, apply and remove objects."""
    with sites.locked(name):
        before = sites.need(name)
        site = msgspec.structs.replace(before, spec=spec, faults=faults)
        site.save()
        gone = [obj for obj in before.spec.objects if obj not in spec.objects]
        await Bringing(site, recipes, connect, tell).all(gone)
        return site


async def down(name: str, *, tell: Tell) -> None:
    """Leave nothing of the lab, whole or not."""
    sites.check_name(name)
    await clear_killed()
    with sites.locked(name):
        tell(Event(f"lab {name}: down", State.BEGUN))
        await clear(name)
        tell(Event(f"lab {name}: down", State.DONE))


async def clear(name: str) -> None:
    """Processes first, then what the kernel does not clear with them, then the folder."""
    root = sites.folder(name)
    await stop(root, _NODE_FIRST, grace=0.3)
    others = {alive.name for alive in running(root)} - set(_ORDERLY)
    await stop(root, (*sorted(others), *_ORDERLY), grace=2)
    if os.geteuid() == 0:
        remains.remove_cgroups(name)
        remains.detach_loops(root)
    sites.wipe(name)


def check(spec: LabSpec, recipes: Recipes) -> None:
    """Refuse what no lab on this machine could be."""
    sites.check_name(spec.name)
    if spec.level is LabLevel.NODE and os.geteuid() != 0:
        raise LabError(
            "a real node needs root: namespaces, mounts and device nodes",
            way_out="run as root, or take --level control-plane; isolation of accelerators cannot be proven there",
        )
    unknown = [system for system in spec.systems if system not in recipes]
    if unknown:
        raise UsageError(f"the lab cannot run {', '.join(unknown)}", way_out=f"it runs {', '.join(sorted(recipes))}")
    inside = [system for system in spec.systems if recipes[system].level is LabLevel.NODE]
    if inside and spec.level is not LabLevel.NODE:
        raise UsageError(f"{', '.join(inside)} can only run where there is a real node", way_out="take --level node")


def _may_become(old: LabSpec, new: LabSpec) -> bool:
    """Whether the running lab can be brought to the new spec, or has to be built anew."""
    return (old.kubernetes, old.level, old.fleet, _devices(old)) == (
        new.kubernetes, new.level, new.fleet, _devices(new)
    ) and set(old.systems) <= set(new.systems)  # fmt: skip


def _devices(spec: LabSpec) -> Accelerators:
    return msgspec.structs.replace(spec.accelerators, misbehaviour=())


def needed(spec: LabSpec) -> tuple[str, ...]:
    """What the forge must have made before such a lab can start."""
    node = ("containerd", "cni", "runc") if spec.level is LabLevel.NODE else ()
    return ("kube", "workload", *spec.systems, *node)


async def _prepare(spec: LabSpec, recipes: Recipes, site: Site | None, tell: Tell) -> Site:
    """Have the programs, and choose and note down what lasts."""
    programs = await forge.obtain(needed(spec), kubernetes=spec.kubernetes, systems=dict(recipes), tell=tell)
    ports = [*controlplane.PORTS, *kwok.PORTS]
    ports += [f"{system}:{port}" for system in spec.systems for port in systems.ports(recipes[system])]
    if site is None:
        sites.folder(spec.name).mkdir(parents=True, mode=0o700)
    with sites.choosing():
        chosen = Site(
            spec=spec,
            base=spec,
            slot=site.slot if site else sites.free_slot(spec.name),
            ports=sites.free_ports(spec.name, ports, site.ports if site else {}),
            programs={name: str(path) for name, path in programs.paths.items()},
            manifests={name: str(path) for name, path in programs.manifests.items()},
        )
        chosen.save()
    return chosen


async def clear_killed() -> None:
    """Labs that left a folder and no process. One that another command is just starting is locked, and let alone."""
    for name in sites.names():
        if running(sites.folder(name)):
            continue
        with contextlib.suppress(sites.Busy), sites.locked(name):
            if not running(sites.folder(name)):
                await clear(name)
