"""Karpenter: nodes for pods that wait. The lab runs it with its own KWOK provider, whose machines are simulated nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import ClusterAutoscaler, Pool
from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.pods import Amounts, Condition, Taint
from seatrial.model.fact import Fact, Meta, Obj, Shape
from seatrial.model.lab import LabLevel
from seatrial.model.system import Process, Proof, Recipe, Served, System

_POOL, _ZONE, _CAPACITY = "karpenter.sh/nodepool", "topology.kubernetes.io/zone", "karpenter.sh/capacity-type"
_DEVICE = "nvidia.com/gpu"


class NodePoolTemplateSpec(Shape, frozen=True):
    taints: tuple[Taint, ...] = ()


class NodePoolTemplate(Shape, frozen=True):
    metadata: Meta = Meta()
    spec: NodePoolTemplateSpec = NodePoolTemplateSpec()


class NodePoolSpec(Shape, frozen=True):
    limits: Amounts = {}
    template: NodePoolTemplate = NodePoolTemplate()


class NodePoolStatus(Shape, frozen=True):
    resources: Amounts = {}
    conditions: tuple[Condition, ...] = ()


class NodePool(Fact, frozen=True):
    of = "karpenter.sh/nodepools"

    spec: NodePoolSpec = NodePoolSpec()
    status: NodePoolStatus = NodePoolStatus()


def _pool(obj: Obj) -> Pool:
    """A NodePool says what its nodes have only in its limits; without one for an accelerator nobody can tell."""
    name, limits = obj["metadata"]["name"], obj.get("spec", {}).get("limits") or {}
    return Pool(name, {_POOL: name}, next(filter(is_accelerator, sorted(limits)), ""))


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """One kind of machine: four simulated accelerators."""

    def among(key: str, value: str) -> Obj:
        return {"key": key, "operator": "In", "values": [value]}

    machine = {
        "name": "simulated-4",
        "architecture": "amd64",
        "operatingSystems": ["linux"],
        "resources": {"cpu": "32", "memory": "256Gi", "pods": "110", "ephemeral-storage": "1Ti", _DEVICE: "4"},
        "offerings": [
            {"Price": 1.0, "Available": True, "Requirements": [among(_CAPACITY, "on-demand"), among(_ZONE, "zone-0")]}
        ],
    }
    return {"machines.json": json.dumps([machine], indent=1)}


_NODE_CLASS: Obj = {
    "apiVersion": "karpenter.kwok.sh/v1alpha1",
    "kind": "KWOKNodeClass",
    "metadata": {"name": "simulated"},
}
_NODE_POOL: Obj = {
    "apiVersion": "karpenter.sh/v1",
    "kind": "NodePool",
    "metadata": {"name": "simulated"},
    "spec": {
        "limits": {_DEVICE: "16"},
        "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "1s", "budgets": [{"nodes": "100%"}]},
        "template": {
            "metadata": {"labels": {"seatrial.dev/simulated": "true"}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": "simulated"},
                "requirements": [{"key": _CAPACITY, "operator": "In", "values": ["on-demand"]}],
                "taints": [{"key": _DEVICE, "effect": "NoSchedule"}],
                "expireAfter": "Never",
            },
        },
    },
}

KARPENTER = System(
    id="karpenter",
    title="Karpenter",
    home="https://karpenter.sh",
    found_by=Served("karpenter.sh/nodepools"),
    facts=(NodePool,),
    roles=(ClusterAutoscaler(player="karpenter", looks_at=(NodePool.of, "nodes"), defined_by=NodePool.of, pool=_pool),),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="sigs.k8s.io/karpenter",
        version="v1.15.0",
        programs={"karpenter": "sigs.k8s.io/karpenter/kwok"},
        manifests=(
            "pkg/apis/crds/karpenter.sh_nodeclaims.yaml",
            "pkg/apis/crds/karpenter.sh_nodeoverlays.yaml",
            "pkg/apis/crds/karpenter.sh_nodepools.yaml",
            "pkg/apis/crds/autoscaling.x-k8s.io_capacitybuffers.yaml",
            "kwok/apis/crds/karpenter.kwok.sh_kwoknodeclasses.yaml",
        ),
        overlay=(_NODE_CLASS, _NODE_POOL),
        processes=(
            Process(
                program="karpenter",
                args=("--metrics-port={port:metrics}", "--health-probe-port={port:health}"),
                env={
                    "INSTANCE_TYPES_FILE_PATH": "{folder}/machines.json",
                    "DISABLE_LEADER_ELECTION": "true",
                    "SYSTEM_NAMESPACE": "{namespace}",
                    "KUBERNETES_MIN_VERSION": "1.19.0-0",
                    "BATCH_IDLE_DURATION": "200ms",
                    "LOG_LEVEL": "info",
                },
                ready="http://{address}:{port:health}/readyz",
            ),
        ),
        configure=_configure,
        level=LabLevel.NODE,  # it listens on every address, and those of the node are nobody else's
        by_default=False,
    ),
)
