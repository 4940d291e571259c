"""How quick the command line is: the limit is a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure

RUNS = 9


def help_time() -> Iterator[Figure]:
    seatrial = str(Path(sys.executable).with_name("seatrial"))
    seen, limit = [], []
    for _ in range(RUNS):  # by turns, so that a machine that slows down slows both
        seen.append(_wall(seatrial, "--help"))
        limit.append(_wall(sys.executable, "-c", "pass"))
    yield Figure("seatrial --help", seen, "s", limit, "python -c pass")


def _wall(*argv: str) -> float:
    begun = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun
