"""Judging whatever could be read, by all checks that read such things."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from seatrial.app.check import choose
from seatrial.engine.catalog import Catalog
from seatrial.engine.judge import judge
from seatrial.engine.plan import plan
from seatrial.kit.clock import FakeClock
from seatrial.model.check import Check
from seatrial.model.fact import Fact, Snapshot
from seatrial.model.verdict import Finding, Outcome

CATALOG = Catalog.installed()
CHECKS = choose(CATALOG, ())
KINDS: dict[str, type[Fact]] = {kind.of: kind for kind in plan(CATALOG, CHECKS).facts}
READERS: dict[str, list[Check]] = defaultdict(list)
for one in CHECKS:
    for of in {kind.of for kind in one.reads}:
        READERS[of].append(one)


def broken(snapshot: Snapshot, kinds: Iterable[str]) -> list[str]:
    """What the checks that read these kinds say of themselves: that they broke."""
    checks = {one.id: one for of in kinds for one in READERS[of]}
    judged = asyncio.run(judge(CATALOG, tuple(checks.values()), snapshot, open_bench=None, clock=FakeClock()))
    assert {one.check for one in judged.findings} == set(checks)
    return [_told(one) for one in judged.findings if one.outcome is Outcome.ERROR]


def _told(one: Finding) -> str:
    return f"{one.check}@{one.subject}: {one.because}"
