"""Findings of a saved Run, taken up again for the cluster that it is of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seatrial.engine.schema import read_run
from seatrial.model.errors import UsageError
from seatrial.model.run import Environment
from seatrial.model.verdict import Finding, Outcome


def findings(path: Path, here: Environment) -> tuple[Finding, ...]:
    """What follows from them follows from what is there: so it has to be the same cluster."""
    run = read_run(path)
    theirs = run.environment.cluster.uid
    if theirs and here.cluster.uid and theirs != here.cluster.uid:
        raise UsageError(
            f"{path} is of another cluster than what is looked at",
            way_out="name its cluster, or the snapshot that was taken of it",
        )
    return run.findings


def failures(found: Iterable[Finding]) -> list[Finding]:
    """Those that count: nobody answers for them."""
    return [one for one in found if one.outcome is Outcome.FAIL and one.accepted is None]
