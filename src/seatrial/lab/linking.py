"""What a program needs beside itself to start: its dynamic loader and the libraries that this finds for it on this machine."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from seatrial.lab.shell import run
from seatrial.model.errors import LabError

_INTERPRETER = 3  # the kind of program header that names the loader
_LISTED = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_MISSING = re.compile(r"^\s*(\S+) => not found$", re.MULTILINE)


def libraries(program: Path) -> Mapping[str, Path]:
    """By the path under which the program looks for it, the file that is there. Empty for a static program."""
    loader = loader_of(program)
    return beside(program, loader) if loader else {}


def beside(program: Path, loader: str) -> Mapping[str, Path]:
    """The same for a library, which names no loader itself: this one would load it."""
    listed = run(loader, "--list", str(program))
    if missing := _MISSING.findall(listed):
        raise LabError(f"{program.name} needs {', '.join(missing)}, which this machine lacks")
    return {path: Path(path).resolve() for path in dict.fromkeys((loader, *_LISTED.findall(listed)))}


def loader_of(program: Path) -> str:
    """Empty for a static program, and for a library."""
    return _loader(program.read_bytes())


def _loader(raw: bytes) -> str:
    """From the header of a 64-bit ELF file; anything else has none."""
    if not raw.startswith(b"\x7fELF\x02\x01") or len(raw) < 64:
        return ""
    return next((text for kind, text in _headers(raw) if kind == _INTERPRETER), "")


def _headers(raw: bytes) -> Iterator[tuple[int, str]]:
    (start,) = struct.unpack_from("<Q", raw, 32)
    size, count = struct.unpack_from("<HH", raw, 54)
    for number in range(count):
        if (place := start + number * size) + 56 > len(raw):
            return
        kind, _, offset = struct.unpack_from("<IIQ", raw, place)
        (length,) = struct.unpack_from("<Q", raw, place + 32)
        text = raw[offset : offset + length] if kind == _INTERPRETER else b""
        yield kind, text.rstrip(b"\0").decode(errors="replace")
