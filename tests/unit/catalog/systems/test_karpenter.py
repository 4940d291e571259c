"""What a NodePool tells of its nodes."""

from __future__ import annotations

import json

import pytest

from seatrial.catalog.roles import ClusterAutoscaler
from seatrial.catalog.systems.karpenter import KARPENTER
from seatrial.model.fact import Obj

(ROLE,) = KARPENTER.roles


def pool(limits: Obj | None) -> Obj:
    return {"metadata": {"name": "gpu"}, "spec": {"limits": limits} if limits is not None else {}}


@pytest.mark.parametrize(
    ("limits", "resource"),
    [
        ({"cpu": "10", "amd.com/gpu": "8"}, "amd.com/gpu"),
        ({"cpu": "10"}, ""),
        ({"hugepages-2Mi": "1Gi", "node.kubernetes.io/x": "1"}, ""),
        (None, ""),
    ],
)
def test_only_a_limit_tells_what_the_nodes_of_a_pool_have(limits: Obj | None, resource: str) -> None:
    assert isinstance(ROLE, ClusterAutoscaler)
    found = ROLE.pool(pool(limits))
    assert found.resource == resource
    assert found.labels == "karpenter.sh/nodepool=gpu"


def test_the_lab_s_pool_has_a_machine_with_what_it_promises() -> None:
    assert isinstance(ROLE, ClusterAutoscaler)
    assert KARPENTER.recipe is not None
    assert KARPENTER.recipe.configure is not None
    (machine,) = json.loads(KARPENTER.recipe.configure({})["machines.json"])
    (made,) = (obj for obj in KARPENTER.recipe.overlay if obj["kind"] == "NodePool")
    assert int(machine["resources"][ROLE.pool(made).resource]) > 0
