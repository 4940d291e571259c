"""Where proofs of gangs play, and which of them may do so at the same time."""

from __future__ import annotations

from itertools import combinations

import pytest

from seatrial.catalog.checks.stage import find_stages
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.model.fact import All
from tests.unit.catalog.checks.test_gauges import node

NO_PODS: All[Pod] = All()


def stages(*nodes: tuple[str, dict[str, str]]) -> list[tuple[tuple[str, ...], str, int]]:
    there = All([node(name, labels={"kubernetes.io/hostname": name}, **amounts) for name, amounts in nodes])
    return [(one.nodes, one.resource, one.free) for one in find_stages(there, NO_PODS)]


@pytest.mark.parametrize(
    ("amounts", "nodes"),
    [
        ([], []),
        ([1], []),
        ([8], [("n0",)]),
        ([1, 1], [("n1", "n0")]),
        ([8, 8, 8, 8], [("n3", "n2"), ("n1", "n0")]),
        ([8, 8, 8], [("n2", "n1")]),  # half a stage is none
        ([8, 8, 4, 4], [("n1", "n0")]),  # where there is less room a proof would show less
        ([16, 16], [("n1",), ("n0",)]),  # one that is large enough stands alone
    ],
)
def test_stages_are_as_good_as_the_best_and_have_no_node_in_common(
    amounts: list[int], nodes: list[tuple[str, ...]]
) -> None:
    found = stages(*((f"n{place}", {"nvidia_com__gpu": str(amount)}) for place, amount in enumerate(amounts)))
    assert [one for one, _, _ in found] == nodes
    assert len({free for _, _, free in found}) <= 1
    assert not any(set(one) & set(other) for one, other in combinations(nodes, 2))


def test_only_one_kind_of_accelerator_is_played_with() -> None:
    found = stages(("a", {"amd_com__gpu": "2"}), ("b", {"amd_com__gpu": "2", "nvidia_com__gpu": "8"}))
    assert found == [(("b",), "nvidia.com/gpu", 8)]


def test_what_a_proof_holds_is_named_so_that_a_kind_stands_for_all_its_nodes() -> None:
    (stage,) = find_stages(All([node("a", labels={"kubernetes.io/hostname": "a"}, nvidia_com__gpu="4")]), NO_PODS)
    assert stage.parts == ("accelerators/nvidia.com/gpu/a",)
