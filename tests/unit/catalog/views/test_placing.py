"""Whether a node admits a pod is decided as the scheduler decides it; what has no known shape admits nobody."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import PodSpec
from seatrial.catalog.views.placing import admits

NODE = {"metadata": {"name": "a", "labels": {"product": "H100", "mem": "80"}}}


def required(*terms: Any) -> dict[str, Any]:
    return {
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [*terms]}}
        }
    }


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({}, True),
        ({"nodeSelector": {"product": "H100"}}, True),
        ({"nodeSelector": {"product": "A100"}}, False),
        (required(expression("product", "In", "A100", "H100")), True),
        (required(expression("product", "NotIn", "H100")), False),
        (required(expression("absent", "NotIn", "x")), True),
        (required(expression("absent", "DoesNotExist")), True),
        (required(expression("mem", "Gt", "79")), True),
        (required(expression("mem", "Lt", "80")), False),
        (required(expression("product", "Gt", "1")), False),
        (required(expression("product", "Near", "H100")), False),
        (required({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}), True),
        (required({}), False),
        (required("hostile", expression("product", "Exists")), True),
        (required(), False),
        ({"affinity": {"nodeAffinity": "hostile"}}, True),
    ],
)
def test_labels(spec: dict[str, Any], fits: bool) -> None:
    assert admits(msgspec.convert(NODE, Node), msgspec.convert(spec, PodSpec)) is fits


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "value": "yes", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_taints(toleration: dict[str, str], fits: bool) -> None:
    tainted = {**NODE, "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}}
    spec = msgspec.convert({"tolerations": [toleration]}, PodSpec)
    assert admits(msgspec.convert(tainted, Node), spec) is fits
    preferred = {**NODE, "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "PreferNoSchedule"}]}}
    assert admits(msgspec.convert(preferred, Node), spec)
