"""An image in which Python runs what sends load: this machine's own interpreter, its libraries, and the modules that take part.

It is for the nodes of a lab, which are of this machine's kind. Another cluster has images of its own.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from seatrial.kit import digest
from seatrial.lab import linking
from seatrial.lab.images import archive
from seatrial.lab.node.bring import import_image
from seatrial.lab.shell import run
from seatrial.lab.site import Site

IMAGE = "seatrial.dev/lab/load:v1"
PROGRAM = "python3"
_HOME = "python"  # in the image
ENVIRONMENT = {"PYTHONHOME": f"/{_HOME}", "PYTHONDONTWRITEBYTECODE": "1"}
_LOADED = """
import importlib, sys
for one in sys.argv[1:]:
    importlib.import_module(one)
for name, one in list(sys.modules.items()):
    print(name, getattr(one, "__file__", None) or "", sep="\\t")
"""
_LATE = ("runpy", "encodings.idna")  # what ``-m`` takes, and what names of hosts do: with all that these need
_FOLDERS = ("encodings", "importlib")  # of the standard library: modules from there are loaded by name, and late


def load(site: Site, modules: Sequence[str]) -> None:
    """Written and imported once for each lab and each state of what is in it. ``modules`` are imported to see what they need."""
    program = Path(sys.executable).resolve()
    files = contents(program, modules)
    built = digest.of_value([[name, digest.of_bytes(file.read_bytes())] for name, file in sorted(files.items())])[:12]
    done = site.path("node", f"{IMAGE.replace('/', '_')}-{built}.tar")
    if done.exists():
        return
    file = done.with_suffix(".new")
    archive(program, IMAGE, (f"/{program.name}",), file, files=files)
    import_image(site, file)
    file.rename(done)


def contents(program: Path, modules: Sequence[str]) -> Mapping[str, Path]:
    """By its path in the image, every file but the interpreter and its own libraries."""
    said = run(sys.executable, "-c", _LOADED, *_LATE, *modules)
    loaded = [(name, Path(file)) for name, _, file in (line.partition("\t") for line in said.splitlines()) if file]
    loader = linking.loader_of(program)
    files = {PROGRAM: program}
    for name, file in (*loaded, *_by_name()):
        files[f"{_HOME}/{_place(name, file.resolve())}"] = file
        if file.suffix == ".so" and loader:
            files |= {path.lstrip("/"): found for path, found in linking.beside(file, loader).items()}
    return files


def _by_name() -> Iterator[tuple[str, Path]]:
    for folder in _FOLDERS:
        yield from ((folder, file) for file in sorted((_standard() / folder).glob("*.py")))


def _standard() -> Path:
    return Path(sysconfig.get_path("stdlib")).resolve()


def _place(name: str, file: Path) -> Path:
    """Below PYTHONHOME: the standard library where it looks for that, everything else by its name among what was installed."""
    library = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}")
    if file.is_relative_to(_standard()) and "site-packages" not in file.parts:
        return library / file.relative_to(_standard())
    parts = name.split(".")
    folder = parts if file.stem == "__init__" else parts[:-1]
    return library.joinpath("site-packages", *folder, file.name)
