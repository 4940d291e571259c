"""The body-based router of the inference extension, before the routes of a Gateway of Envoy Gateway: routes look at headers alone, so
it reads out of each body which model is wanted, and says so in one.
"""

from __future__ import annotations

import json

from seatrial.catalog.roles import BodyReader
from seatrial.catalog.systems.envoy_gateway import CONTROLLER
from seatrial.catalog.systems.gateway_api import GROUP
from seatrial.catalog.systems.inference_extension import POOLS, READER_IMAGE
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import Proof, Served, System

POLICIES = "gateway.envoyproxy.io/envoyextensionpolicies"
READER, PORT, HEALTH = "body-reader", 9004, 9005
HEADER = "x-gateway-model-name"
_LABELS = {"seatrial.dev/reads": "bodies"}
_FLAGS = {
    "grpc-port": PORT,
    "grpc-health-port": HEALTH,
    "secure-serving": "false",
    "metrics-endpoint-auth": "false",
    "enable-pprof": "false",
    "tracing": "false",
    "plugin": f"body-field-to-header:model:{json.dumps({'fieldName': 'model', 'headerName': HEADER})}",
}


def _before_routes(namespace: str, gateway: str, apis: Apis) -> tuple[Obj, ...]:
    """The router as a pod, and the policy by which Envoy asks it about whole bodies before it looks for a route."""
    versions = apis.versions(POLICIES)
    if not versions:
        raise CannotJudge("the API server serves no EnvoyExtensionPolicy", way_out="install Envoy Gateway's CRDs")
    metadata = {"name": READER, "namespace": namespace}
    port = {"name": "grpc", "port": PORT, "targetPort": PORT, "appProtocol": "kubernetes.io/h2c"}
    asked = {
        "backendRefs": [{"name": READER, "port": PORT}],
        "processingMode": {"request": {"body": "Buffered"}},
        "messageTimeout": "5s",
    }
    target = {"group": GROUP, "kind": "Gateway", "name": gateway}
    return (
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": _LABELS, "ports": [port]},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "labels": _LABELS}, "spec": _pod()},
        {
            "apiVersion": f"gateway.envoyproxy.io/{versions[0]}",
            "kind": "EnvoyExtensionPolicy",
            "metadata": metadata,
            "spec": {"targetRefs": [target], "extProc": [asked]},
        },
    )


def _pod() -> Obj:
    container = {
        "name": "bbr",
        "image": READER_IMAGE,
        "args": [f"--{name}={value}" for name, value in _FLAGS.items()],
        "readinessProbe": {"grpc": {"port": HEALTH}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
    }
    return {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 0,
        "affinity": ON_REAL_NODES,
        "containers": [container],
    }


BODY_READER = System(
    id="body-based-router",
    title="Body-based router",
    home="https://gateway-api-inference-extension.sigs.k8s.io",
    found_by=Served(POOLS, beside=(POLICIES,)),
    roles=(
        BodyReader(
            player="envoy-gateway",
            controller=CONTROLLER,
            pod=READER,
            header=HEADER,
            creates=(POLICIES,),
            dialect=_before_routes,
        ),
    ),
    proof=Proof.REAL_PROCESS,
)
