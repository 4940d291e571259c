"""Leave to create things in somebody's cluster: given by a flag or by a person, never by silence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from seatrial.cli.progress import Progress
from seatrial.kit.text import one_line
from seatrial.model.errors import ConsentRefused


def asking(*, yes: bool, progress: Progress) -> Callable[[Sequence[str]], bool]:
    """What ``app.prove`` calls with one line per thing that it would create."""

    def consent(creates: Sequence[str]) -> bool:
        if yes or not creates:
            return True
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ConsentRefused(
                f"{len(creates)} steps would create things in the cluster, and nobody is here to ask",
                way_out="add --yes, or leave them out with --only",
            )
        with progress.paused():
            return _ask(creates)

    return consent


def _ask(creates: Sequence[str]) -> bool:
    sys.stderr.write("This would create, and remove at the end:\n")
    for line in creates:
        sys.stderr.write(f"  · {one_line(line)}\n")
    sys.stderr.write("Go ahead? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    raise ConsentRefused("nothing was created: you said no", way_out="--only picks checks that only read")
