"""Whole snapshots of things that might have to do with each other: names are few, so that one often names another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import strategies as st

from seatrial.cluster.amounts import Sieve
from seatrial.cluster.decode import fact_from
from seatrial.kit.clock import FakeClock
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Snapshot
from tests.fuzz.shapes import bent, like

NAMES = ("a", "b", "n1")
names = st.sampled_from(NAMES)


@st.composite
def objects(draw: st.DrawFn, kind: type[Fact]) -> dict[str, Any]:
    found: dict[str, Any] = {**draw(like(kind) | bent(kind))}
    metadata = found.get("metadata")
    if not isinstance(metadata, dict) or draw(st.integers(0, 5)):
        owner = {"kind": draw(st.sampled_from(("Job", "ReplicaSet", "x"))), "name": "a", "uid": draw(names)}
        found["metadata"] = {
            **(metadata if isinstance(metadata, dict) else {}),
            "name": draw(names),
            "namespace": draw(names),
            "uid": draw(names),
            "ownerReferences": [{**owner, "controller": True}] if draw(st.booleans()) else [],
        }
    return found


@st.composite
def snapshots(draw: st.DrawFn, kinds: dict[str, type[Fact]], often: Iterable[type[Fact]]) -> Snapshot:
    """Some of each kind that matters, a few of others, and gaps where others may not be read."""
    chosen = draw(st.lists(st.sampled_from(list(often)), max_size=5))
    some = [*chosen, *(kinds[of] for of in draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3)))]
    facts: dict[str, tuple[Fact, ...]] = dict.fromkeys(kinds, ())
    for kind in some:
        for obj in draw(st.lists(objects(kind), max_size=2)):
            try:
                fact = fact_from(kind, obj)
            except msgspec.ValidationError:
                continue
            if not Sieve(kind).why(fact):
                facts[kind.of] = (*facts[kind.of], fact)
    missing = draw(st.sets(st.sampled_from(sorted(kinds)), max_size=3))
    gaps = {of: Gap(of, draw(st.sampled_from(GapReason)), "why") for of in missing}
    left = {of: one for of, one in facts.items() if of not in gaps}
    return Snapshot(FakeClock().now(), ClusterIdentity(), Apis(), left, gaps)
