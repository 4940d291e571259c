"""``python -m benchmarks peers``: installs what is missing, runs what is asked for, prints tables, and writes them as JSON."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.peers.aiperf import AIPERF
from benchmarks.peers.client import Client
from benchmarks.peers.guidellm import GUIDELLM
from benchmarks.peers.inference_perf import INFERENCE_PERF
from benchmarks.peers.installing import CannotInstall, home_of
from benchmarks.peers.ours import BARE, OURS
from benchmarks.peers.parts import PARTS, Table
from benchmarks.peers.running import Means
from benchmarks.peers.session import Outcome, Session
from benchmarks.peers.tokenizer import write as write_tokenizer
from benchmarks.peers.vllm import PYTHON, RUST
from seatrial.lab import forge, model_server

OTHERS = (INFERENCE_PERF, GUIDELLM, AIPERF, PYTHON, RUST)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    cores: int
    brief: bool
    clients: dict[str, tuple[str, ...]]  # what there is to know of each
    absent: dict[str, str]
    tables: tuple[Table, ...]
    runs: tuple[Outcome, ...]


def main(args: Sequence[str]) -> int:
    asked = _parsed(args)
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # as Ctrl-C: so that nothing that was started is left behind
    try:
        return _run(asked)
    except KeyboardInterrupt:
        return 130


def _run(asked: argparse.Namespace) -> int:
    homes: dict[Client, Path] = {OURS: home_of(OURS), BARE: home_of(BARE)}
    absent: dict[str, str] = {}
    for client in (one for one in OTHERS if not asked.peer or one.name in asked.peer):
        print(f"{client.title}: " + "; ".join(client.notes or ("as it comes from the package index",)), flush=True)
        try:
            homes[client] = home_of(client, install=not asked.installed)
        except CannotInstall as why:
            absent[client.name] = str(why)
            print(f"{client.title} is not there: {why}", flush=True)
    if asked.install_only:
        return 1 if absent else 0
    compared = asyncio.run(_compared(asked, homes, absent))
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(compared)))
    return 0


async def _compared(asked: argparse.Namespace, homes: dict[Client, Path], absent: dict[str, str]) -> Compared:
    program = (await forge.obtain([model_server.PROGRAM]))[model_server.PROGRAM]
    tables: list[Table] = []
    with tempfile.TemporaryDirectory(prefix="seatrial-tokenizer-") as folder:
        means = Means(program, write_tokenizer(Path(folder)))
        session = Session(homes, means, minutes=asked.minutes, brief=asked.brief, tell=_tell)
        for part in asked.part:
            tables.append(await PARTS[part](session))
            print(as_text(tables[-1]), flush=True)
    return Compared(
        cores=len(os.sched_getaffinity(0)),
        brief=asked.brief,
        clients={client.title: client.notes for client in homes},
        absent=absent,
        tables=tuple(tables),
        runs=tuple(session.outcomes),
    )


def _tell(what: str) -> None:
    """What goes on, for people who wait."""
    print(what, file=sys.stderr, flush=True)


def as_text(table: Table) -> str:
    lines = (table.columns, *table.rows)
    widths = [max(len(line[at]) for line in lines) for at in range(len(table.columns))]
    last = len(widths) - 1
    body = (
        "  ".join(
            cell.ljust(width) if at in (0, last) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    return "\n".join(
        ("", f"({table.part}) {table.title}", *(line.rstrip() for line in body), *(f"  {note}" for note in table.notes))
    )


def _parsed(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks peers", description=(__doc__ or "").strip())
    names = [client.name for client in OTHERS]
    parser.add_argument(
        "--peer", action="append", default=[], choices=names, help="this one; may be repeated; all unless given"
    )
    parser.add_argument(
        "--part", type=_parts, default=tuple(PARTS), help=f"which tables, such as a,d; {', '.join(PARTS)} unless given"
    )
    parser.add_argument("--brief", action="store_true", help="shorter runs and fewer of them: to see that all works")
    parser.add_argument("--minutes", type=float, default=25.0, help="begin no run after so many; 25 unless given")
    parser.add_argument("--installed", action="store_true", help="install nothing")
    parser.add_argument("--install-only", action="store_true", help="measure nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write tables and runs there")
    return parser.parse_args(args)


def _parts(value: str) -> tuple[str, ...]:
    if unknown := [part for part in value.split(",") if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return tuple(value.split(","))
