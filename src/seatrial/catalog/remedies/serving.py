"""Services with accelerators: which doors there are to models, and how many replicas may be taken away at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from seatrial.catalog.remedies.impact import on_objects
from seatrial.catalog.remedies.pods import texts
from seatrial.catalog.remedies.policies import VALIDATING, Demand, Rule, denied
from seatrial.catalog.systems.kubernetes.controllers import Deployment, Replicated, StatefulSet
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.model_paths import ModelService
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Hit, Remedy, Trial
from seatrial.model.verdict import Finding

_NAME = "kubernetes.io/metadata.name"
_OUTSIDE = ("NodePort", "LoadBalancer")
_OF_GATEWAYS = "gateway.networking.k8s.io/gateway-name"
_THROUGH_GATEWAY = (
    "models are reached through the Gateway: a Service here is no NodePort, no LoadBalancer, and has no externalIPs"
)


def _inside(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    failing = {one.subject for one in findings}
    homes = sorted({one.metadata.namespace for one in snapshot.all(ModelService) if one.subject in failing})
    if not homes:
        return Fix()
    return denied(
        "seatrial-model-services",
        snapshot,
        rules=(Rule(("services",), operations=("CREATE", "UPDATE")),),
        variables=(
            ("isOfGateway", f"'{_OF_GATEWAYS}' in object.metadata.?labels.orValue({{}})"),
            ("isOutside", _outside("object")),
            ("wasOutside", f"oldObject != null && ({_outside('oldObject')})"),
        ),
        demands=(
            Demand(
                "!variables.isOutside || variables.isOfGateway || variables.wasOutside",
                _THROUGH_GATEWAY,
            ),
        ),
        namespaces={"matchExpressions": [{"key": _NAME, "operator": "In", "values": homes}]},
        impact=on_objects(snapshot, (Service,), "services", _doors(snapshot, homes)),
    )


def _doors(snapshot: Snapshot, homes: Collection[str]) -> Iterator[Hit]:
    for one in snapshot.all(Service):
        if one.metadata.namespace in homes and is_open(one):
            yield Hit(
                subject=one.subject, namespace=one.metadata.namespace, fate=Fate.REFUSED, because=(_THROUGH_GATEWAY,)
            )


def is_open(service: Service) -> bool:
    """The rule of the policy, over facts."""
    outside = service.spec.type in _OUTSIDE or bool(service.spec.external_ips)
    return outside and _OF_GATEWAYS not in service.metadata.labels


def _outside(of: str) -> str:
    return f"{of}.spec.?type.orValue('') in {texts(_OUTSIDE)} || size({of}.spec.?externalIPs.orValue([])) > 0"


def _service(labels: dict[str, str] | None = None, **spec: object) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "trial", "labels": labels or {}},
        "spec": {"selector": {"app": "model"}, "ports": [{"port": 8000}], **spec},
    }


MODEL_SERVICES = Remedy(
    id="model-services",
    title="Where models are served no Service opens a door past the Gateway",
    why="A NodePort or a load balancer of its own has no TLS, no client check, no limits and no routing.",
    effect=(
        "In the namespaces that are named in the policy no Service is created as a NodePort, as a LoadBalancer or with"
        f" `externalIPs`, unless it carries the label `{_OF_GATEWAYS}`, which implementations of Gateway API put on the Services of"
        " their own; whoever may create Services can put it there, too. Those that are there stay open until you change them."
    ),
    cures=("interception.model-services-stay-inside",),
    refuses=True,
    serves=(VALIDATING,),
    reads=(ModelService, Service),
    render=_inside,
    trials=(
        Trial(what="a NodePort", obj=_service(type="NodePort"), refused="models are reached through the Gateway"),
        Trial(
            what="a LoadBalancer", obj=_service(type="LoadBalancer"), refused="models are reached through the Gateway"
        ),
        Trial(
            what="an address of the outside",
            obj=_service(externalIPs=["192.0.2.1"]),
            refused="models are reached through the Gateway",
        ),
        Trial(what="a Service for inside", obj=_service()),
        Trial(what="the LoadBalancer of a Gateway", obj=_service({_OF_GATEWAYS: "front"}, type="LoadBalancer")),
    ),
)


def _budgets(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    kept: tuple[Replicated, ...] = (*snapshot.all(Deployment), *snapshot.all(StatefulSet))
    by_subject = {one.subject: one for one in kept if not one.spec.selector.is_empty}
    about = tuple(one for one in findings if one.subject in by_subject)
    budgets = [_budget(by_subject[subject]) for subject in sorted({one.subject for one in about})]
    return Fix(enforce=tuple(budgets), about=about)


def _budget(kept: Replicated) -> Obj:
    """Named after the kind, too: a Deployment and a StatefulSet may share a name."""
    kind = kept.of.rpartition("/")[2].removesuffix("s")
    selector = msgspec.json.decode(msgspec.json.encode(kept.spec.selector))
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": f"{kept.name}-{kind}", "namespace": kept.metadata.namespace},
        "spec": {"maxUnavailable": 1, "selector": selector},
    }


DISRUPTION_BUDGETS = Remedy(
    id="disruption-budgets",
    title="Of a service with accelerators one replica is taken away at a time",
    why="An upgrade that drains several nodes takes all replicas at once, and each needs minutes to load its model again.",
    effect=(
        "Draining a node waits where a replica of the service is missing already. A replica that never becomes ready holds nodes"
        " up: set `unhealthyPodEvictionPolicy: AlwaysAllow` where you would rather lose it."
    ),
    cures=("bursts.servers-have-a-budget",),
    reads=(Deployment, StatefulSet),
    render=_budgets,
)
