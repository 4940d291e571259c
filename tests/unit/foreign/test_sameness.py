from __future__ import annotations

import msgspec
import pytest

from seatrial.foreign.results import Identity
from seatrial.foreign.sameness import minor, of_run, same_cluster
from seatrial.model.evidence import Entry, Evidence, Step
from seatrial.model.verdict import Outcome
from tests.unit.report.runs import BEGAN, a_run

W7 = frozenset({"worker-7"})


@pytest.mark.parametrize(
    ("one", "other", "outcome", "said"),
    [
        (Identity(uid="a"), Identity(uid="a", version="v1.30"), Outcome.PASS, "both name the kube-system namespace a"),
        (Identity(uid="a", nodes=W7), Identity(uid="b", nodes=W7), Outcome.FAIL, "about the cluster a, the other"),
        (Identity(version="v1.36.1"), Identity(version="v1.37.0"), Outcome.FAIL, "v1.36.1, the other about v1.37.0"),
        (Identity(version="v1.36.1", nodes=W7), Identity(version="v1.37.0", nodes=W7), Outcome.FAIL, "v1.36.1"),
        (Identity(nodes=W7), Identity(nodes=W7 | {"worker-8"}), Outcome.PASS, "both name the nodes worker-7"),
        (Identity(version="v1.37.1"), Identity(version="v1.37.2"), Outcome.UNKNOWN, "the version fits more"),
        (Identity(nodes=W7), Identity(nodes=frozenset({"x"})), Outcome.UNKNOWN, "none of them shared"),
        (Identity(), Identity(uid="a", version="v1.37.0", nodes=W7), Outcome.UNKNOWN, "nothing in them tells"),
    ],
)
def test_one_cluster_or_not(one: Identity, other: Identity, outcome: Outcome, said: str) -> None:
    verdict = same_cluster(one, other)
    assert verdict.outcome is outcome
    assert said in verdict.because
    assert same_cluster(other, one).outcome is outcome


def test_the_minor_version() -> None:
    assert [minor(one) for one in ("v1.37.2+k0s", "1.36", "", "klingon")] == ["1.37", "1.36", "", ""]


def test_a_run_names_its_nodes_in_its_evidence() -> None:
    def entry(**detail: object) -> Entry:
        return Entry(BEGAN, 0.0, Step.SAW, "x", detail)

    entries = (entry(nodes=["a", 7]), entry(objects=[{"name": "pod", "node": "b"}]), entry(name="node"))
    evidence = Evidence("e", "gang.x", "", None, entries, "")
    assert of_run(msgspec.structs.replace(a_run(), evidence=(evidence,))).nodes == {"a", "b"}
