"""Plays a case file against a catalog."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import yaml

from seatrial.engine.catalog import Catalog
from seatrial.engine.judge import judge
from seatrial.engine.plan import plan
from seatrial.kit.clock import FakeClock
from seatrial.model.check import Check
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Snapshot
from seatrial.model.verdict import Outcome

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    expect: dict[str, Outcome]
    objects: dict[str, list[dict[str, Any]]] = {}
    apis: dict[str, tuple[str, ...]] = {}
    gaps: dict[str, GapReason] = {}


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cases: tuple[Case, ...]


def check_of(path: Path) -> str:
    return f"{path.parent.name}.{path.stem}"


def read(path: Path) -> tuple[Case, ...]:
    raw = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    return msgspec.convert(raw, CaseFile).cases


async def play(catalog: Catalog, check: Check, case: Case) -> dict[str, Outcome]:
    """The outcome for every subject."""
    kinds = {kind.of: kind for kind in plan(catalog, [check]).facts}
    if stray := (set(case.objects) | set(case.gaps)) - set(kinds):
        raise AssertionError(f"{check.id} does not read {', '.join(sorted(stray))}")
    judged = await judge(catalog, [check], snapshot_of(case, kinds), open_bench=None, clock=FakeClock())
    return {finding.subject: finding.outcome for finding in judged.findings}


def snapshot_of(case: Case, kinds: dict[str, type[Fact]]) -> Snapshot:
    return Snapshot(
        taken_at=NOON,
        cluster=ClusterIdentity(),
        apis=Apis(case.apis),
        facts={
            of: tuple(msgspec.convert(one, kind) for one in case.objects.get(of, ()))
            for of, kind in kinds.items()
            if of not in case.gaps or of in case.objects
        },
        gaps={of: Gap(of, reason, f"{reason} in this case") for of, reason in case.gaps.items()},
    )
