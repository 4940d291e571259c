"""Build programs from pinned Go modules, and tell how far it has come."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import msgspec

from seatrial.lab.forge import store
from seatrial.lab.forge.invoke import Heard, invoke
from seatrial.lab.forge.recipes import Build
from seatrial.lab.forge.store import Artifact
from seatrial.lab.forge.toolchain import Toolchain, find, needed_by
from seatrial.model.errors import BuildError
from seatrial.model.progress import Event, State, Tell

_PINS = ("go.mod", "go.sum")
_NOT_BUILT = ("pins", "*_test.go")  # beside our own sources
_INCLUDE = (Path("/usr/include"), Path("/usr/local/include"))
_STRIPPED = "-s -w"  # nobody debugs these; it halves the time of the link and a quarter of the size
_WITHOUT_DWARF = "all=-dwarf=false"  # what -s -w throws away need not be made first: an eighth of the compiler's time
_MACHINE = f"{platform.system().lower()}/{platform.machine()}"
_STALE = ("-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}")
_FETCHED, _COMPILED = 0.15, 0.95  # where these steps end, as a share of the whole


async def compiled(build: Build, *, tell: Tell, sure: bool = False, aside: bool = False) -> Artifact:
    """The build's artifact: found in the cache, or made now. ``aside`` lets whatever else runs here go first."""
    if found := kept(build, sure=sure, tell=tell):
        return found
    toolchain = find(needed_by(build.pins))
    _check_needs(build)
    return await store.make(
        _what(build),
        _key(build),
        lambda folder: _Job(build, toolchain, folder, tell, aside).run(),
        sure=sure,
        tell=tell,
    )


def kept(build: Build, *, sure: bool, tell: Tell) -> Artifact | None:
    """What an earlier build left in the cache. It is of use whether or not there still is a toolchain."""
    return store.find(_what(build), _key(build), sure=sure, tell=tell)


def expected(build: Build) -> float:
    """Seconds that the build takes with empty caches, when it has this machine to itself."""
    return build.seconds / (os.cpu_count() or 1)


def _what(build: Build) -> str:
    return f"build {build.id}"


def _key(build: Build) -> str:
    """What was asked for: the order to the toolchain, the pins, and our own sources. Which Go then made it, its origin tells."""
    order = msgspec.structs.replace(build, pins=Path(), sources=None, seconds=0.0)
    files = [path for name in _PINS if (path := build.pins / name).exists()]
    if build.sources:
        sources = (path for path in sorted(build.sources.rglob("*.go")) if not path.name.endswith("_test.go"))
        files += [path for path in sources if "pins" not in path.relative_to(build.sources).parts]
    return store.digest([_MACHINE, _STRIPPED, msgspec.json.encode(order, enc_hook=str, order="sorted"), *files])


def _check_needs(build: Build) -> None:
    for need, package in build.needs.items():
        is_header = need.endswith(".h")
        if not (any((folder / need).exists() for folder in _INCLUDE) if is_header else shutil.which(need)):
            way_out = f"install it: apt-get install {package} (Debian, Ubuntu)"
            raise BuildError(f"{build.id} cannot be built: {need} is missing", way_out=way_out)


class _Job:
    """One build in an empty folder: fetch the modules, compile and link, keep what goes with the programs."""

    def __init__(self, build: Build, toolchain: Toolchain, folder: Path, tell: Tell, aside: bool) -> None:
        self.build, self.toolchain, self.folder, self.tell, self.aside = build, toolchain, folder, tell, aside
        self.work = folder / "work"
        self.env = toolchain.environment(cgo=build.cgo)

    async def run(self) -> str:
        self._lay_out()
        if self.build.packages:  # some systems are of use for their manifests alone
            await self._compile(await self._fetch())
        await self._keep()
        shutil.rmtree(self.work)
        return f"built with {self.toolchain.name}"

    def _lay_out(self) -> None:
        """Go wants its pins beside the sources, and the installed package may be read-only."""
        if self.build.sources:
            shutil.copytree(self.build.sources, self.work, ignore=shutil.ignore_patterns(*_NOT_BUILT))
        self.work.mkdir(exist_ok=True)
        for name in _PINS:
            if (pinned := self.build.pins / name).exists():
                shutil.copyfile(pinned, self.work / name)
        self.folder.joinpath("bin").mkdir()

    async def _fetch(self) -> int:
        """Have the modules, and learn how many packages there are to compile: those that no earlier build has compiled."""
        modules = self.work.joinpath("go.mod").read_text().count("\n\t")
        heard = self._share(0.0, _FETCHED, modules)
        listed = await self._go(
            "list", *self._tags(), "-gcflags", _WITHOUT_DWARF, *_STALE, *self.build.packages.values(), heard=heard
        )
        return len(listed.split())

    async def _compile(self, packages: int) -> None:
        heard = self._share(_FETCHED, _COMPILED, packages)
        stamps = self.build.ldflags
        if "{version}" in stamps:
            stamps = stamps.replace("{version}", self.build.version)
        flags = [*self._tags(), "-gcflags", _WITHOUT_DWARF, "-ldflags", f"{_STRIPPED} {stamps}".strip()]
        for program, package in self.build.packages.items():
            target = str(self.folder / "bin" / program)
            await self._go("build", "-v", *flags, "-o", target, package, heard=heard)
        for name in self.build.called:
            self.folder.joinpath("bin", name).symlink_to(next(iter(self.build.packages)))

    async def _keep(self) -> None:
        for module, paths in self.build.keep.items():
            heard = self._share(_COMPILED, 1.0, len(paths))
            module_as_json = await self._go("mod", "download", "-json", module, heard=heard)
            source = Path(msgspec.json.decode(module_as_json)["Dir"])
            for path in paths:
                _copy(source / path, self.folder / "manifests" / path)

    def _tags(self) -> list[str]:
        return ["-tags", ",".join(self.build.tags)] if self.build.tags else []

    def _share(self, start: float, end: float, total: int) -> Heard:
        """Turn lines into progress: each is a module that is fetched or a package that is compiled."""
        lines = 0

        def heard(line: str) -> None:
            nonlocal lines
            lines += 1
            fraction = start + (end - start) * min(1.0, lines / max(total, 1))
            self.tell(Event(_what(self.build), State.GOING, line, fraction, expected(self.build)))

        return heard

    async def _go(self, *args: str, heard: Heard) -> str:
        return await invoke(
            self.toolchain.go, args, folder=self.work, env=self.env, what=self.build.id, heard=heard, aside=self.aside
        )


def _copy(source: Path, target: Path) -> None:
    """Copy without the permissions: Go's module cache is read-only."""
    if not source.exists():
        raise BuildError(f"{source} does not exist", way_out="correct the recipe: its module has no such file")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_file():
        shutil.copyfile(source, target)
        return
    target.mkdir(exist_ok=True)
    for entry in source.iterdir():
        _copy(entry, target / entry.name)
