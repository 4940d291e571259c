from __future__ import annotations

import platform
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.lab import linking
from seatrial.lab.linking import libraries
from seatrial.model.errors import LabError

LINUX = pytest.mark.skipif(platform.system() != "Linux", reason="the lab is for Linux")


def elf(loader: bytes) -> bytes:
    """As much of a 64-bit ELF file as tells its loader."""
    header = b"\x7fELF\x02\x01" + bytes(26) + struct.pack("<Q", 64) + bytes(14) + struct.pack("<HH", 56, 1) + bytes(6)
    place = 64 + 56
    entry = struct.pack("<IIQ", 3, 0, place) + bytes(16) + struct.pack("<Q", len(loader)) + bytes(16)
    return header + entry + loader


@LINUX
def test_a_linked_program_brings_its_loader_and_its_libraries() -> None:
    found = libraries(Path(sys.executable).resolve())
    assert all(path.startswith("/") and file.is_file() for path, file in found.items())
    assert any("libc.so" in path for path in found)
    assert next(iter(found)).rpartition("/")[2].startswith("ld-")


@pytest.mark.parametrize("raw", [b"", b"#!/bin/sh\n", b"\x7fELF\x02\x01", b"\x7fELF" + bytes(range(256))])
def test_what_is_no_linked_program_needs_nothing(tmp_path: Path, raw: bytes) -> None:
    program = tmp_path / "program"
    program.write_bytes(raw)
    assert libraries(program) == {}


def test_a_library_that_is_missing_is_named(tmp_path: Path) -> None:
    loader = tmp_path / "ld.so"
    loader.write_text("#!/bin/sh\necho '\tlibz.so.9 => not found'\n")
    loader.chmod(0o755)
    program = tmp_path / "program"
    program.write_bytes(elf(f"{loader}\0".encode()))
    with pytest.raises(LabError, match=r"libz\.so\.9"):
        libraries(program)


@given(st.binary(max_size=300))
def test_no_bytes_after_the_magic_number_break_the_reader(rest: bytes) -> None:
    assert isinstance(linking._loader(b"\x7fELF\x02\x01" + rest), str)
