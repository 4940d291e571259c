from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from seatrial.lab.forge import recipes, wheels
from seatrial.lab.forge.wheels import Wheel, of_system, unpacked
from seatrial.model.errors import BuildError
from seatrial.model.progress import silent
from seatrial.model.system import Recipe

# It does what pip would: check that it is held to hashes, and copy the wheel to where it is wanted.
_PIP = """
import shutil, sys
args = sys.argv[1:]
if "--require-hashes" not in args or "refused" in open(args[args.index("--requirement") + 1]).read():
    sys.exit("THESE PACKAGES DO NOT MATCH THE HASHES")
import os
os.makedirs(args[args.index("--dest") + 1])
shutil.copy({wheel!r}, args[args.index("--dest") + 1])
"""


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A requirements file, and a pip that has what it names."""
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing/bin/thing", b"\x7fELF program")
    script = tmp_path / "pip.py"
    script.write_text(_PIP.format(wheel=str(wheel)))
    monkeypatch.setattr(wheels, "_PIP", (sys.executable, str(script)))
    path = tmp_path / "requirements.txt"
    path.write_text("thing==1.0 --hash=sha256:00\n")
    return path


async def test_a_program_is_taken_out_of_its_wheel_and_can_be_run(pins: Path) -> None:
    artifact = await unpacked(Wheel(id="thing", pins=pins, programs={"it": "thing/bin/thing"}), tell=silent)
    assert artifact.program("it").read_bytes() == b"\x7fELF program"
    assert artifact.program("it").stat().st_mode & 0o111
    assert artifact.origin == "from thing-1.0-py3-none-any.whl"
    assert sorted(entry.name for entry in artifact.folder.iterdir()) == ["artifact.json", "bin"]


@pytest.fixture
def refused(pins: Path) -> Path:
    pins.write_text("refused\n")
    return pins


async def test_a_wheel_that_is_not_the_pinned_one_is_not_taken(refused: Path) -> None:
    with pytest.raises(BuildError, match="DO NOT MATCH") as caught:
        await unpacked(Wheel(id="thing", pins=refused, programs={"it": "thing/bin/thing"}), tell=silent)
    assert str(refused) in caught.value.way_out


async def test_a_member_that_is_not_there_is_named(pins: Path) -> None:
    with pytest.raises(BuildError, match="holds no thing/other"):
        await unpacked(Wheel(id="thing", pins=pins, programs={"it": "thing/other"}), tell=silent)


def test_the_pins_of_a_system_s_wheel_lie_beside_its_modules() -> None:
    recipe = Recipe(
        module="example.org/x",
        version="v1",
        programs={},
        manifests=(),
        processes=(),
        wheel={"envoy": "envoy/_bin/envoy"},
    )
    wheel = of_system("envoy-gateway", recipe)
    assert wheel.pins == recipes.PROGRAMS / "systems" / "envoy-gateway" / "requirements.txt"
    lines = [line for line in wheel.pins.read_text().splitlines() if "--hash=" in line]
    assert lines
    assert all(len(line.partition("sha256:")[2].rstrip(" \\")) == 64 for line in lines)
