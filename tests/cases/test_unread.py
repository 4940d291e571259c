"""Every case once more, with one kind that could not be read, or of which only some could: nothing may be well or wrong then
that was not before. What a dump does not have is such a kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from seatrial.engine.judge import judge
from seatrial.engine.plan import plan
from seatrial.kit.clock import FakeClock
from seatrial.model.check import Check
from seatrial.model.fact import Fact, Gap, GapReason, Snapshot
from seatrial.model.verdict import Outcome
from tests.cases.runner import check_of, read, snapshot_of
from tests.cases.test_cases import HERE, catalog

_SURE = (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)
_EXCUSED = {
    # What admission changed is seen in pods alone; without them the template is judged.
    ("workloads.some-node-admits-it", "pods", "apps/deployments/team/s"),
    ("privilege.containers-with-accelerators-are-unprivileged", "pods", "apps/deployments/a/mended"),
    # Its pods name an owner that is not read, and are not as that.
    ("privilege.containers-with-accelerators-are-unprivileged", "apps/daemonsets", "daemonset/a/plugin"),
}


@pytest.mark.parametrize("path", [pytest.param(path, id=check_of(path)) for path in sorted(HERE.glob("*/*.yaml"))])
async def test_what_is_not_read_is_neither_well_nor_wrong(path: Path) -> None:
    check = catalog().check(check_of(path))
    kinds = {kind.of: kind for kind in plan(catalog(), [check]).facts}
    for case in read(path):
        snapshot = snapshot_of(case, kinds)
        before = await outcomes(check, snapshot)
        for of in set(kinds) - set(snapshot.gaps):
            for less in with_less(snapshot, of):
                new = {
                    subject: outcome
                    for subject, outcome in (await outcomes(check, less)).items()
                    if outcome in _SURE and before.get(_read_name(subject)) is not outcome
                }
                assert not [one for one in new if (check.id, of, one) not in _EXCUSED], (case.name, of, new)


def _read_name(subject: str) -> str:
    """Pods whose controller is not read are named after what they say of it: ``deployment/a/b``."""
    kind, _, rest = subject.partition("/")
    return f"apps/{kind}s/{rest}" if kind in ("daemonset", "deployment", "statefulset") else subject


async def outcomes(check: Check, snapshot: Snapshot) -> dict[str, Outcome]:
    judged = await judge(catalog(), [check], snapshot, open_bench=None, clock=FakeClock())
    return {one.subject: one.outcome for one in judged.findings}


def with_less(snapshot: Snapshot, of: str) -> Iterator[Snapshot]:
    """Without any of a kind; and with those of some namespaces, or of a kind that is in none, with the first half."""
    facts = snapshot.facts.get(of, ())
    homes = sorted({one.metadata.namespace for one in facts})
    yield unread(snapshot, of, None)
    if homes[1:]:
        yield from (
            unread(snapshot, of, tuple(one for one in facts if one.metadata.namespace != home)) for home in homes
        )
    elif homes == [""]:
        yield unread(snapshot, of, facts[: len(facts) // 2])


def unread(snapshot: Snapshot, of: str, rest: tuple[Fact, ...] | None) -> Snapshot:
    facts = {name: found for name, found in snapshot.facts.items() if name != of} | (
        {of: rest} if rest is not None else {}
    )
    gaps = {**snapshot.gaps, of: Gap(of, GapReason.NOT_COLLECTED, "it is not in the dump")}
    return msgspec.structs.replace(snapshot, facts=facts, gaps=gaps, _drawn={}, _collections={})
