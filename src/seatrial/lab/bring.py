"""Brings a lab to what its spec says, and touches only what differs."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from seatrial.kit.together import together
from seatrial.lab import controlplane, systems
from seatrial.lab.fleet import kwok
from seatrial.lab.fleet import objects as fleet
from seatrial.lab.node import bring as node
from seatrial.lab.node import namespaces, programs, telemetry
from seatrial.lab.process import Service, running, start, stop
from seatrial.lab.site import Site
from seatrial.lab.wait import alive, ready
from seatrial.model.api import Api, Connect
from seatrial.model.errors import LabError
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel
from seatrial.model.progress import Event, State, Tell
from seatrial.model.system import Recipe

_POLICY_DELAY = 3.0  # seconds until admission heeds a policy; nothing that the API server shows tells when it does
_AT_ONCE = 8  # requests under way while a fleet is made: more does not make one API server on two cores faster


class _Part(msgspec.Struct, frozen=True):
    """One system of the lab: where it lives, the objects that it wants, and those that the lab is to be without."""

    place: systems.Place
    objects: tuple[Obj, ...]
    left_out: tuple[Obj, ...]


class Bringing:
    """One pass over a lab: start or restart what is not as it should be, then the objects."""

    def __init__(self, site: Site, recipes: Mapping[str, Recipe], connect: Connect, tell: Tell) -> None:
        self.site, self.recipes, self.connect, self.tell = site, recipes, connect, tell
        self.has_node = site.spec.level is LabLevel.NODE
        self.parts: list[_Part] = []
        self.started: list[tuple[Service, subprocess.Popen[bytes]]] = []
        self.renewed = ""  # when the kubelet was restarted, as the API server spells times: what it said before is old

    async def all(self, gone: Iterable[Obj] = ()) -> None:
        """``gone`` are objects of the spec before, which this one no longer has."""
        gone = tuple(gone)
        site = self.site
        what = f"lab {site.name}: Kubernetes {site.spec.kubernetes}, {site.spec.level}"
        self.tell(Event(what, State.BEGUN, expected=8.0))
        etcd, server, manager, *others = controlplane.services(site)
        await self._run(etcd)
        if self.has_node:
            await self._cable()
        beside = [self._node_without_api()] if self.has_node else []
        await together(self._run(server), self._read_systems(), *beside)
        async with self.connect(site.kubeconfig) as api:
            await _apply(api, (*kwok.permissions(), *(self._without_dra(node.objects(site)) if self.has_node else ())))
            services = [*others, kwok.service(site)]
            services += node.with_api_server(site) if self.has_node else []
            beside = [self._run(service) for service in services]
            await together(*beside, self._populate(api), self._begin(api, manager))
            for part in self.parts:
                await self._system(api, part)
            for obj in gone:
                await api.delete(obj)
            await _apply(api, site.spec.objects)
            if any("AdmissionPolicy" in obj["kind"] for obj in (*gone, *site.spec.objects)):
                await asyncio.sleep(_POLICY_DELAY)
            await self._fleet_is_ready(api)
            if self.has_node:
                await self._node_is_ready(api)
            alive(self.site, self.started)
        self.tell(Event(what, State.DONE, site.server))

    async def _run(self, service: Service) -> None:
        """Leave it, start it, or restart it; then see that it is ready."""
        there = [alive for alive in running(self.site.root) if alive.name == service.name]
        if any(alive.digest == service.digest for alive in there):
            return
        if there:
            await stop(self.site.root, (service.name,), grace=2)
        enter = namespaces.enter(self.site) if service.inside else ()
        if there and service.name == "kubelet":
            self.renewed = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        process = start(service, self.site.root, enter=enter)
        self.started.append((service, process))
        await ready(self.site, service, process)

    async def _cable(self) -> None:
        """The API server listens at this host's end of it, so it has to be there first."""
        await self._run(namespaces.holder(self.site))
        await asyncio.to_thread(node.furnish, self.site)

    async def _node_without_api(self) -> None:
        """What needs no API server runs beside its start."""
        await self._run(programs.containerd(self.site))
        await asyncio.to_thread(node.load_image, self.site, programs.IMAGE, "workload", ("/workload", "pause"))

    async def _populate(self, api: Api) -> None:
        """Make the fleet, and each of its objects only once."""
        nodes = sum(group.nodes for group in self.site.spec.fleet)
        if not nodes:
            return
        what = f"lab {self.site.name}: fleet of {nodes} nodes"
        self.tell(Event(what, State.BEGUN))
        spec = self.site.spec
        queue = iter(self._without_dra((*fleet.device_classes(spec), *fleet.nodes(spec), *fleet.slices(spec))))

        async def worker() -> None:
            for obj in queue:
                await api.ensure(obj)

        await together(*(worker() for _ in range(_AT_ONCE)))
        self.tell(Event(what, State.DONE))

    def _without_dra(self, objs: Iterable[Obj]) -> tuple[Obj, ...]:
        return tuple(obj for obj in objs if self.site.spec.dra or not obj["apiVersion"].startswith("resource.k8s.io/"))

    async def _begin(self, api: Api, manager: Service) -> None:
        """The controller manager after the definitions of all systems.

        Its garbage collector looks for kinds when it starts and then every 30 s. Of an object whose owner is of a kind that it
        does not know it tries again ever more seldom, so that what a young lab's operators make would outlive its owner.
        """
        definitions = [obj for part in self.parts for obj in part.objects if systems.is_definition(obj)]
        await systems.install(api, definitions)
        await self._run(
            msgspec.structs.replace(manager, knows=tuple(sorted(obj["metadata"]["name"] for obj in definitions)))
        )

    async def _read_systems(self) -> None:
        """Large definitions take seconds to read."""
        for system in self.site.spec.systems:
            self.parts.append(await asyncio.to_thread(self._part, system))

    def _part(self, system: str) -> _Part:
        site, recipe = self.site, self.recipes[system]
        folder = site.path("systems", system)
        address = site.node_address if recipe.level is LabLevel.NODE else "127.0.0.1"
        place = systems.Place(
            system=system,
            folder=folder,
            kubeconfig=site.kubeconfig,
            ports={name.split(":")[1]: port for name, port in site.ports.items() if name.startswith(f"{system}:")}
            | dict(recipe.ports),
            programs={program: Path(site.program(program)) for program in recipe.programs},
            address=address,
            identity=systems.identity(system, folder, address),
            service=recipe.service,
        )
        manifests = systems.read(recipe, Path(site.manifests.get(system, "")))
        wanted, left_out = systems.without(site.spec.without, systems.objects(recipe, place, manifests))
        return _Part(place, wanted, left_out)

    async def _system(self, api: Api, part: _Part) -> None:
        """A system's objects first, then its processes. Its definitions are there."""
        site, system, recipe = self.site, part.place.system, self.recipes[part.place.system]
        what = f"lab {site.name}: {system} {recipe.version}"
        self.tell(Event(what, State.BEGUN, expected=5.0))
        for image in recipe.images:
            await asyncio.to_thread(
                node.load_image, site, image.reference, image.program, image.entrypoint, image.beside
            )
        await systems.remove(api, part.left_out)
        await systems.install(api, [obj for obj in part.objects if not systems.is_definition(obj)])
        for service in systems.services(recipe, part.place, site.spec.settings.get(system, {})):
            if service.name in site.spec.without:
                await stop(site.root, (service.name,), grace=2)
            else:
                await self._run(service)
        self.tell(Event(what, State.DONE))

    async def _fleet_is_ready(self, api: Api) -> None:
        wanted = sum(group.nodes for group in self.site.spec.fleet)
        deadline = time.monotonic() + 60 + wanted / 20
        while wanted and await _ready_nodes(api) < wanted:
            alive(self.site, self.started)
            if time.monotonic() > deadline:
                way_out = f"seatrial lab logs kwok --name {self.site.name}"
                raise LabError(f"the {wanted} nodes of the fleet did not become ready in time", way_out=way_out)
            await asyncio.sleep(0.2)

    async def _node_is_ready(self, api: Api) -> None:
        deadline = time.monotonic() + 60
        offered = programs.offered(self.site)
        while not (
            _is_ready(await api.get(f"/api/v1/nodes/{programs.NODE}"), offered, self.renewed)
            and await _run(api, telemetry.NAMESPACE, len(telemetry.spoken(self.site)))
        ):
            alive(self.site, self.started)
            if time.monotonic() > deadline:
                way_out = f"seatrial lab logs kubelet --name {self.site.name}"
                raise LabError("the node did not become ready in 60 s", way_out=way_out)
            await asyncio.sleep(0.1)


async def _ready_nodes(api: Api) -> int:
    """Of the fleet; from the API server's cache, which is enough to wait by."""
    nodes = await api.get("/api/v1/nodes?labelSelector=type%3Dkwok&resourceVersion=0")
    return sum(1 for node in (nodes or {}).get("items", ()) if _takes_pods(node))


def _takes_pods(node: Obj) -> bool:
    """Ready, and the controllers have seen it: a fresh node carries taints until they have."""
    conditions = {condition["type"]: condition["status"] for condition in node.get("status", {}).get("conditions", ())}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _is_ready(obj: Obj | None, offered: Mapping[str, int], since: str) -> bool:
    """A kubelet that starts anew reports its devices a moment after itself; until then the node shows what was."""
    if obj is None or not _takes_pods(obj):
        return False
    said = next(one.get("lastHeartbeatTime", "") for one in obj["status"]["conditions"] if one["type"] == "Ready")
    there = obj["status"]["allocatable"]
    return said > since and all(str(there.get(name, "0")) == str(count) for name, count in offered.items())


async def _run(api: Api, namespace: str, pods: int) -> bool:
    found = (await api.get(f"/api/v1/namespaces/{namespace}/pods") or {}).get("items", ())
    return len(found) == pods and all(one.get("status", {}).get("phase") == "Running" for one in found)


async def _apply(api: Api, objs: Iterable[Obj]) -> None:
    for obj in objs:
        await api.apply(obj)
