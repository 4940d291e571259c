"""A trial proves what is up while the rest is built, and shows one Run of it all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seatrial.app import trial
from seatrial.engine.catalog import Catalog
from seatrial.engine.schema import read_run
from seatrial.lab.forge import Absent
from seatrial.model.errors import BuildError
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.measure import Measure
from seatrial.model.run import Run
from seatrial.model.verdict import Finding, Outcome, Severity

STORED = read_run(Path(__file__).parents[2] / "faces" / "run.json")
GANG = "gang.starts-whole-or-not-at-all"


class Yard:
    """Hands over systems as the test wrote them down; an error in their place is raised."""

    def __init__(self, *turns: tuple[str, ...] | BaseException) -> None:
        self.ready, *self.turns = turns
        self.left: dict[str, Absent] = {}

    async def __aenter__(self) -> Yard:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    async def more(self) -> bool:
        if not self.turns:
            return False
        turn = self.turns.pop(0)
        if isinstance(turn, BaseException):
            raise turn
        self.ready = turn
        return True


class World:
    """What a trial did: the systems of each lab, and the checks of each proof."""

    def __init__(self) -> None:
        self.labs: list[tuple[str, ...]] = []
        self.proofs: list[tuple[str, ...]] = []
        self.downs = self.benches = 0
        self.complete = True

    async def up(self, spec: LabSpec, **more: Any) -> None:
        self.labs.append(spec.systems)

    async def down(self, name: str, **more: Any) -> None:
        self.downs += 1

    async def prove(self, target: Any, *, only: tuple[str, ...], insisted: bool, **more: Any) -> Run:
        assert not insisted
        self.proofs.append(only)
        subject = "+".join(self.labs[-1]) or "bare"
        found = Finding(check=GANG, subject=subject, outcome=Outcome.PASS, severity=Severity.HIGH, because="")
        return msgspec.structs.replace(STORED, findings=(found,), evidence=(), complete=self.complete)

    async def bench(self, target: Any, **more: Any) -> Run:
        self.benches += 1
        measure = Measure(id="gangs.whole-in-time", value=100.0, unit="%")
        return msgspec.structs.replace(STORED, findings=(), evidence=(), measures=(measure,))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[[Yard], World]:
    def make(yard: Yard) -> World:
        made = World()
        for name, stand_in in {
            "is_there": lambda name: False,
            "outlook": lambda spec: 0.0,
            "yard": lambda spec, **more: yard,
            "up": made.up,
            "down": made.down,
        }.items():
            monkeypatch.setattr(trial.lab, name, stand_in)
        monkeypatch.setattr(trial, "prove", made.prove)
        monkeypatch.setattr(trial, "bench", made.bench)
        return made

    return make


async def run_trial() -> Run:
    return await trial.trial(level=LabLevel.CONTROL_PLANE, systems=("jobset", "kueue", "volcano"))


async def test_what_is_built_already_is_proven_in_one_go(world: Callable[[Yard], World]) -> None:
    seen = world(Yard(("jobset", "kueue", "volcano")))
    run = await run_trial()
    assert seen.labs == [("jobset", "kueue", "volcano")]
    assert seen.proofs == [()]
    assert seen.downs == 1
    assert {one.standard for one in run.requirements} == {"cncf-ai"}
    assert [one.id for one in run.measures] == ["lab.start", "trial.measuring", "gangs.whole-in-time"]


async def test_the_lab_grows_by_what_comes_and_only_what_that_concerns_is_proven_again(
    world: Callable[[Yard], World],
) -> None:
    seen = world(Yard((), ("jobset",), ("jobset", "kueue", "volcano")))
    run = await run_trial()
    assert seen.labs == [(), ("jobset",), ("jobset", "kueue", "volcano")]
    assert seen.proofs[0] == ()
    assert GANG in seen.proofs[2]
    assert len(seen.proofs[2]) < len(Catalog.installed().checks)
    assert [one.subject for one in run.findings] == ["jobset+kueue+volcano"]


async def test_what_was_not_built_is_told_beside_what_was_proven(world: Callable[[Yard], World]) -> None:
    yard = Yard((), ("jobset", "kueue"))
    yard.left = {"volcano": Absent("not built within 20 min")}
    world(yard)
    run = await run_trial()
    gang = {one.subject: one.outcome for one in run.findings if one.check == GANG}
    assert gang == {"jobset+kueue": Outcome.PASS, "volcano": Outcome.UNKNOWN}
    assert run.pages.keys() == {one.check for one in run.findings}


async def test_stopped_while_it_waits_it_shows_what_is_known(world: Callable[[Yard], World]) -> None:
    seen = world(Yard((), asyncio.CancelledError()))
    run = await run_trial()
    assert not run.complete
    assert [one.subject for one in run.findings] == ["bare"]
    assert seen.downs == 1


async def test_stopped_while_it_proves_it_starts_nothing_more(world: Callable[[Yard], World]) -> None:
    seen = world(Yard((), ("jobset",)))
    seen.complete = False
    assert not (await run_trial()).complete
    assert seen.labs == [()]
    assert seen.benches == 0


async def test_a_lab_that_cannot_be_built_is_an_error_and_leaves_nothing(
    world: Callable[[Yard], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = world(Yard(()))

    async def up(spec: LabSpec, **more: Any) -> None:
        raise BuildError("no kube", way_out="")

    monkeypatch.setattr(trial.lab, "up", up)
    with pytest.raises(BuildError, match="no kube"):
        await run_trial()
    assert seen.downs == 1
