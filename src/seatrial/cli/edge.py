"""The outermost edge: whatever happens inside becomes a line or two on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType

from seatrial.model.errors import Interrupted, SeatrialError

BROKEN_PIPE = 141  # what a shell sees of a program that SIGPIPE ended
BUG = 3


class Edge:
    """``with edge: edge.code = …``; afterwards ``edge.code`` is the exit code, whatever happened."""

    def __init__(self, *, debug: bool = False) -> None:
        self.code = BUG
        self._debug = debug

    def __enter__(self) -> Edge:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        if error is None or isinstance(error, SystemExit):
            return False
        if isinstance(error, BrokenPipeError):
            self.code = BROKEN_PIPE
            # Or the interpreter would complain when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return True
        if self._debug:
            traceback.print_exception(error)
        self.code = _tell(error)
        return True


def _tell(error: BaseException) -> int:
    if isinstance(error, SeatrialError):
        _say(error.what, error.way_out)
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        _say("interrupted", "")
        return Interrupted.exit_code
    _say(
        f"this is a bug in seatrial: {type(error).__name__}: {error}",
        f"please report it with {_keep(error)}, after a look at what that file says",
    )
    return BUG


def _say(what: str, way_out: str) -> None:
    from seatrial.cli.output import stderr_colour
    from seatrial.kit.redact import without_credentials
    from seatrial.kit.text import safe

    red, plain = ("\x1b[1;31m", "\x1b[0m") if stderr_colour() else ("", "")
    sys.stderr.write(f"{red}error:{plain} {safe(without_credentials(what))}\n")
    if way_out:
        sys.stderr.write(f"  → {safe(without_credentials(way_out))}\n")


def _keep(error: BaseException) -> str:
    """The details, in a file that only this user can read."""
    import tempfile

    from seatrial import __version__
    from seatrial.kit.redact import without_credentials

    details = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile(
        "w", prefix="seatrial-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(f"seatrial {__version__}, Python {sys.version}\n\n{without_credentials(details)}")
    return file.name
