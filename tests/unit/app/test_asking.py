"""Which pods the API server is asked about: one of each kind. That it then answers as was foretold: tests/live/test_harden_impact.py."""

from __future__ import annotations

from typing import Any

from seatrial.app.asking import asked, kinds
from seatrial.bundle.chosen import Chosen
from seatrial.catalog.systems.kubernetes.controllers import Deployment
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.kit.clock import SystemClock
from seatrial.model.fact import Fact, Obj
from tests.unit.catalog.test_remedies import CLUSTER, REMEDIES, rendered, snapshot


def made(name: str, image: str = "a", namespace: str = "team-a", **status: str) -> tuple[type[Fact], Obj]:
    """A pod of one Deployment, as the API server fills it in."""
    owner = {"kind": "Deployment", "name": "server", "uid": "server", "controller": True}
    token = {"name": f"kube-api-access-{name}", "mountPath": "/var/run/secrets"}
    spec: dict[str, Any] = {
        "nodeName": f"node-of-{name}",
        "containers": [{"name": "a", "image": image, "volumeMounts": [token]}],
        "volumes": [{"name": token["name"]}],
    }
    return Pod, {
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": [owner]},
        "spec": spec,
        "status": status,
    }


def test_one_of_each_kind_is_asked_about() -> None:
    server = {"metadata": {"name": "server", "namespace": "team-a", "uid": "server"}, "spec": {"replicas": 4}}
    at = snapshot(
        (Deployment, server),
        made("one"),
        made("two"),
        made("new", image="b"),
        made("over", phase="Succeeded"),
        made("own", namespace="kube-system"),
    )
    found = kinds(at, ["kube-system"])
    assert [(kind.subject, kind.pod, kind.count) for kind in found] == [
        ("apps/deployments/team-a/server", "one", 2),
        ("apps/deployments/team-a/server", "new", 1),
    ]


async def test_of_policies_of_other_engines_the_api_server_is_not_asked() -> None:
    """They cannot be put in force in one namespace without being in force beside themselves; nobody is asked for leave."""
    chosen = [Chosen(REMEDIES[id], (), rendered(REMEDIES[id])) for id in ("gatekeeper-images", "quotas", "signatures")]
    assert all(one.fix.impact is not None for one in chosen)

    def never(intended: object) -> bool:
        raise AssertionError(intended)

    client: Any = None  # nothing is sent
    assert await asked(client, CLUSTER, chosen, consent=never, clock=SystemClock()) == tuple(chosen)
