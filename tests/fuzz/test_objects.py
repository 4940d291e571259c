"""Objects of every kind that is read, with every type of value in every field: as manifests, and as a snapshot of a cluster."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from seatrial.cluster import manifests, snapshots
from seatrial.cluster.amounts import Sieve
from seatrial.cluster.decode import fact_from
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import UsageError
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Series, Snapshot
from tests.fuzz import half
from tests.fuzz.judging import KINDS, broken
from tests.fuzz.shapes import bent, damaged, like

OBJECTS = {of: kind for of, kind in KINDS.items() if not issubclass(kind, Series)}
# What a kind is called in files, as far as its plural tells.
NAMED = {of: (of.rpartition("/")[0], of.rpartition("/")[2].removesuffix("s")) for of in OBJECTS}


def told(error: UsageError, where: str) -> None:
    """It says where, and not at length."""
    assert where in error.what
    assert len(error.what) < 2000


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    of = draw(st.sampled_from(sorted(OBJECTS)))
    group, kind = NAMED[of]
    version = draw(st.sampled_from(("v1", "v1beta1", "v99", "")))
    head = {"apiVersion": f"{group}/{version}" if group else version, "kind": kind}
    return of, {**draw(like(OBJECTS[of]) | bent(OBJECTS[of])), **head}


@half
@given(st.lists(documents(), min_size=1, max_size=3))
def test_manifests_are_judged_or_refused_with_file_and_line(written: list[tuple[str, dict[str, Any]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, (_, obj) in enumerate(written):
            Path(folder, f"{number}.json").write_text(json.dumps(obj))
        try:
            found = manifests.load([folder], KINDS.values(), clock=FakeClock())
        except UsageError as error:
            told(error, f"{folder}/")
            return
    for gap in found.gaps.values():
        assert gap.reason is GapReason.NOT_GIVEN or f"{folder}/" in gap.detail
    assert broken(found, [of for of, _ in written]) == []


@half
@given(st.lists(documents(), max_size=3), st.sets(st.sampled_from(sorted(OBJECTS)), max_size=4), st.data())
def test_a_cluster_with_gaps_is_judged_and_comes_back_from_its_file(
    written: list[tuple[str, dict[str, Any]]], missing: set[str], data: st.DataObject
) -> None:
    facts: dict[str, tuple[Fact, ...]] = {of: () for of in OBJECTS if of not in missing}
    for of, obj in written:
        try:
            fact = fact_from(OBJECTS[of], obj)
        except msgspec.ValidationError:
            continue
        if not Sieve(OBJECTS[of]).why(fact):
            facts[of] = (*facts.get(of, ()), fact)
    gaps = {of: Gap(of, data.draw(st.sampled_from(GapReason)), "why") for of in missing}
    snapshot = Snapshot(FakeClock().now(), ClusterIdentity(), Apis(), facts, gaps)
    assert broken(snapshot, [*(of for of, _ in written), *missing]) == []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot")
        snapshots.save(snapshot, path)
        assert snapshots.load(path, OBJECTS.values()).gaps == gaps
        path.write_bytes(data.draw(damaged(path.read_bytes())))
        try:
            snapshots.load(path, OBJECTS.values())
        except UsageError as error:
            told(error, str(path))
