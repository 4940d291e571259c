"""``seatrial bench serve``, and the least that a client can do, in C."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.peers.client import WORDS, Client, Command, Load, Place, Saw
from seatrial import __version__
from seatrial.measure.record import read as read_record
from seatrial.model.load_result import Ending

_MAIN = "import sys; from seatrial.cli.main import main; sys.exit(main())"
_RECORD = "record"
_SEED = 1
_SOURCE = Path(__file__).parent.with_name("bare_load.c")


def _command(place: Place, load: Load) -> Command:
    if load.rate:
        when = ("--rate", f"{load.rate:g}", "--for", f"{load.seconds:g}s")
    else:
        when = ("--clients", str(load.streams), "--requests", str(load.total))
    argv = (
        *(sys.executable, "-c", _MAIN, "bench", "serve", place.url, *when, "--processes", str(load.processes)),
        *("--tokens", str(load.tokens), "--words", str(WORDS), "--seed", str(_SEED)),
        *(("--record", str(place.folder / _RECORD)) if load.each else ()),
        *("-o", "json", "--output-file", str(place.folder / "result.json")),
    )
    return Command(argv, accepts=(0, 3))  # 3: it says itself that it did not keep up; here that is measured


def _read(place: Place, load: Load) -> Iterable[Saw]:
    for part in read_record(place.folder / _RECORD)[1]:
        for row in part.rows:
            if row.ending is Ending.OK and row.first >= 0:
                yield Saw(f"{_SEED}-{row.index}", (row.first - row.sent) / 1e9)


def _bare(place: Place, load: Load) -> Command:
    program = place.folder / "bare_load"
    subprocess.run(("cc", "-O2", "-o", str(program), str(_SOURCE), "-lm"), check=True)
    port = place.url.rpartition(":")[2]
    return Command((str(program), port, f"{load.rate:g}", f"{load.seconds:g}", str(load.tokens)))


OURS = Client(name="seatrial", version=__version__, needs=None, command=_command, read=_read)
BARE = Client(
    name="bare C",
    version="",
    needs=None,
    command=_bare,
    read=lambda place, load: (),
    notes=("counts events and measures nothing: what a client costs at least",),
    measures=False,
)
