"""One process of a load in a pod of an indexed Job:  python3 -m seatrial.measure.pod SHARD  sends the share of its index.

It says on standard output that it is ready, and then its Parts, a line each: the log of the pod. It begins at the moment of
the wall clock that  python3 -m seatrial.measure.pod begin MOMENT  in the same pod tells it. ``stop`` instead ends it early,
with all that has ended until then in its last part; ``clock`` prints what the pod's clock says.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from seatrial.model.errors import SeatrialError, UsageError

INDEX = "JOB_COMPLETION_INDEX"  # Kubernetes sets it
_TOLD = Path(os.environ.get("TMPDIR", "/tmp"), "seatrial-load-begins")  # noqa: S108 - the pod is ours alone
_FIRST = 1  # the process of a container
_LOOK = 0.005


def main() -> int:
    match sys.argv[1:]:
        case ["begin", moment]:
            _tell(moment)
        case ["clock"]:
            sys.stdout.write(f"{time.time()}\n")
        case ["stop"]:
            os.kill(_FIRST, signal.SIGTERM)
        case [shard]:
            return _sent(Path(shard))
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return UsageError.exit_code
    return 0


def _sent(path: Path) -> int:
    import msgspec  # only here, so that what is told meanwhile is told at once

    from seatrial.measure.worker import work
    from seatrial.model.load import Shard

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the first process of a container has no default for it
    try:
        shard = msgspec.json.decode(path.read_bytes(), type=Shard)
        sys.stdout.write("waits\n")
        sys.stdout.flush()
        work(msgspec.structs.replace(shard, number=int(os.environ[INDEX]), begin_wall=_agreed()))
    except SeatrialError as error:
        sys.stderr.write(f"{error.what}\n")
        return error.exit_code
    return 0


def _tell(moment: str) -> None:
    fresh = _TOLD.with_suffix(".new")
    fresh.write_text(str(float(moment)), encoding="ascii")
    fresh.replace(_TOLD)


def _agreed() -> float:
    while not _TOLD.exists():
        time.sleep(_LOOK)
    begin = float(_TOLD.read_text(encoding="ascii"))
    if begin <= time.time():
        raise UsageError("told when to begin after that moment", way_out="look at how busy the nodes are")
    return begin


if __name__ == "__main__":
    sys.exit(main())
