"""Node Feature Discovery: a worker on each node tells what it finds there, and a master makes labels of it by rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import LabelRule, NodeLabeller
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.lab import LabLevel
from seatrial.model.system import Process, Proof, Recipe, Served, System

_GROUP = "nfd.k8s-sigs.io"
_RULES, _FEATURES = f"{_GROUP}/nodefeaturerules", f"{_GROUP}/nodefeatures"
_NODE = "nfd.node.kubernetes.io/node-name"
VERSION = "v0.18.3"


class AttributeSet(Shape, frozen=True):
    elements: dict[str, str] = {}


class Features(Shape, frozen=True):
    attributes: dict[str, AttributeSet] = {}  # such as kernel.version, with its elements


class NodeFeatureSpec(Shape, frozen=True):
    features: Features = Features()
    labels: dict[str, str] = {}


class NodeFeature(Fact, frozen=True):
    """What one worker found on its node."""

    of = _FEATURES

    spec: NodeFeatureSpec = NodeFeatureSpec()

    @property
    def node(self) -> str:
        return self.metadata.labels.get(_NODE, "")


class Rule(Shape, frozen=True):
    name: str = ""
    labels: dict[str, str] = {}
    extended_resources: dict[str, str] = {}


class NodeFeatureRuleSpec(Shape, frozen=True):
    rules: tuple[Rule, ...] = ()


class NodeFeatureRule(Fact, frozen=True):
    of = _RULES

    spec: NodeFeatureRuleSpec = NodeFeatureRuleSpec()


def _as_rules(rule: LabelRule, apis: Apis) -> Obj:
    """Two rules that differ in the value alone that they want; the first label takes its value from what was found."""

    def wants(op: str, *values: str) -> list[Obj]:
        expression = {"op": op, "value": list(values)} if values else {"op": op}
        return [{"feature": "kernel.version", "matchExpressions": {"full": expression}}]

    rules = [
        {"name": "true", "labels": {rule.applies: "@kernel.version.full"}, "matchFeatures": wants("Exists")},
        {"name": "false", "labels": {rule.never: "true"}, "matchFeatures": wants("In", "no-such-kernel")},
    ]
    version = apis.versions(_RULES)[0]
    metadata = {"name": rule.name}
    return {
        "apiVersion": f"{_GROUP}/{version}",
        "kind": "NodeFeatureRule",
        "metadata": metadata,
        "spec": {"rules": rules},
    }


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    master = {"restrictions": {"disableLabels": not settings["labels"]}}
    worker = {"core": {"sleepInterval": "5s", "labelSources": ["-all", "cpu", "kernel", "system", "pci"]}}
    return {"nfd-master.json": json.dumps(master), "nfd-worker.json": json.dumps(worker)}


_ENV = {"NODE_NAME": "lab-node", "KUBERNETES_NAMESPACE": "{namespace}"}


def _process(program: str, port: str, *args: str) -> Process:
    return Process(
        program=program,
        args=("-kubeconfig={kubeconfig}", f"-port={{port:{port}}}", *args),
        env=_ENV,
        ready=f"http://{{address}}:{{port:{port}}}/healthz",
    )


NODE_FEATURE_DISCOVERY = System(
    id="node-feature-discovery",
    title="Node Feature Discovery",
    home="https://kubernetes-sigs.github.io/node-feature-discovery",
    found_by=Served(_RULES),
    facts=(NodeFeature, NodeFeatureRule),
    roles=(
        NodeLabeller(
            player="node-feature-discovery",
            creates=(_RULES,),
            looks_at=("nodes", _FEATURES),
            rules=_RULES,
            reports=_FEATURES,
            node_label=_NODE,
            dialect=_as_rules,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="sigs.k8s.io/node-feature-discovery",
        version=VERSION,
        programs={
            name: f"sigs.k8s.io/node-feature-discovery/cmd/{name}" for name in ("nfd-master", "nfd-worker", "nfd-gc")
        },
        ldflags=f"-X sigs.k8s.io/node-feature-discovery/pkg/version.version={VERSION}",
        manifests=("deployment/base/nfd-crds/nfd-api-crds.yaml",),
        processes=(
            _process("nfd-master", "master", "-config={folder}/nfd-master.json"),
            _process("nfd-worker", "worker", "-config={folder}/nfd-worker.json"),
            _process("nfd-gc", "gc"),
        ),
        configure=_configure,
        settings={"labels": True},
        level=LabLevel.NODE,  # its worker tells of the node that it runs on
        by_default=False,
    ),
)
