"""trial: everything that is known so far, on a lab, in one Run."""

from __future__ import annotations

import time

import msgspec

from seatrial.app import lab
from seatrial.app.prove import prove
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.engine.score import exit_code as score_of
from seatrial.engine.score import score
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.measure import Measure
from seatrial.model.progress import Tell, silent
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome

FLEET = "h100:8x4,mi300x:8x2"


async def trial(
    *,
    name: str = "trial",
    kubernetes: str = "1.37",
    level: LabLevel = LabLevel.NODE,
    systems: tuple[str, ...] = (lab.DEFAULT,),
    keep: bool = False,
    tell: Tell = silent,
) -> Run:
    """Start the lab, prove every standard's covered requirements on it, and take it down unless it is to be kept."""
    catalog = Catalog.installed()
    spec = LabSpec(
        name=name,
        kubernetes=kubernetes,
        level=level,
        fleet=lab.parse_fleet(FLEET),
        systems=systems,
    )
    keep = keep or lab.is_there(name)
    begun = time.monotonic()
    try:
        await lab.up(spec, tell=tell)
        took = round(time.monotonic() - begun, 1)
        run = await prove(Target(lab=name), consent=lambda _: True, tell=tell, command="trial")
    finally:
        if not keep:
            await lab.down(name, tell=tell)
    requirements = tuple(one for standard in catalog.standards.values() for one in score(standard, run.findings))
    start = Measure(id="lab.start", value=took, unit="s", source="this command's own clock, builds included")
    return msgspec.structs.replace(run, requirements=requirements, measures=(start,))


def exit_code(run: Run) -> int:
    """A trial went well where it ran to its end and nothing failed; what this machine cannot show is said, and no failure."""
    outcomes = {one.outcome for one in run.findings} | {one.outcome for one in run.requirements if one.covered}
    went_well = run.complete and not outcomes & {Outcome.FAIL, Outcome.ERROR}
    return 0 if went_well else score_of(run)
