"""Times what people wait for, beside the limit in the same run:  python -m benchmarks [NAME …]

Builds are not timed here; programs come from the cache. Each figure is the median of its runs.
``python -m benchmarks peers`` puts the load generator beside others: it installs them, and has tables and flags of its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

from benchmarks import command_line, fleet, lab, load, load_record, model_server, submission, waiting, watching
from benchmarks.figures import Figure
from benchmarks.peers import command as peers

BENCHMARKS: dict[str, Callable[[], Iterable[Figure]]] = {
    "help": command_line.help_time,
    "control-plane": lab.control_plane,
    "node": lab.node,
    "fleet": lab.fleet,
    "gang": lab.gang,
    "submissions": submission.lint,
    "diagnosis": waiting.diagnosis,
    "check": fleet.check,
    "model-server": model_server.model_server,
    "load": load.load,
    "load-record": load_record.record,
    "watch": watching.watching,
}


def main() -> int:
    if sys.argv[1:2] == ["peers"]:
        return peers.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all unless given")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    print(f"{'what':<52}{'seen':>12}{'limit':>12}{'ratio':>8}  the limit is")
    for name in names:
        for figure in BENCHMARKS[name]():
            print(figure.row(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
