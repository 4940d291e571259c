"""Every error that seatrial raises on purpose. Third-party exceptions become one of these at the edge, chained.

SeatrialError
├── UsageError            the input is wrong: a flag, a file, a field               exit 2
│   ├── CatalogError      two plug-ins disagree, an id is taken, a signature is off
│   └── ConsentRefused    the person said no, or nobody was there to ask
├── CannotJudge           nothing wrong with the input, yet no verdict is possible  exit 3
│   ├── Unreachable       the API server does not answer, or not in time
│   ├── Refused           it answers, and will not let us: 401 or 403
│   ├── Rejected          it let us ask, and does not take the object: invalid, in conflict, or denied at admission
│   └── Interrupted       a person or a signal stopped the work half-way
└── LabError              the local cluster could not be built, started or changed  exit 3
    └── BuildError        a program of the lab could not be had
"""

from __future__ import annotations


class SeatrialError(Exception):
    """What went wrong, in one line, and the way out of it."""

    exit_code = 3

    def __init__(self, what: str, *, way_out: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.way_out = way_out


class UsageError(SeatrialError):
    exit_code = 2


class CatalogError(UsageError):
    pass


class ConsentRefused(UsageError):
    pass


class CannotJudge(SeatrialError):
    pass


class Unreachable(CannotJudge):
    pass


class Refused(CannotJudge):
    pass


class Rejected(CannotJudge):
    pass


class Interrupted(CannotJudge):
    exit_code = 130


class LabError(SeatrialError):
    pass


class BuildError(LabError):
    pass
