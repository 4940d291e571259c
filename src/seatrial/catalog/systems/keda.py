"""KEDA: replicas by what happens elsewhere. It makes a HorizontalPodAutoscaler of each ScaledObject, and answers that one's questions."""

from __future__ import annotations

from seatrial.catalog.roles import PodAutoscaler, Scaled
from seatrial.catalog.systems.aggregated import aggregated
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.catalog.systems.prometheus import ANNOTATED, MONITORED
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.lab import LabLevel
from seatrial.model.system import Process, Proof, Recipe, Served, System

_GROUP = "keda.sh"
_OBJECTS = f"{_GROUP}/scaledobjects"
_METRICS = "external.metrics.k8s.io"
VERSION = "v2.21.0"


class Target(Shape, frozen=True):
    kind: str = "Deployment"
    name: str = ""


class Authentication(Shape, frozen=True):
    name: str = ""
    kind: str = ""


class Trigger(Shape, frozen=True):
    """All of its fields: whoever changes the list has to write it whole."""

    type: str = ""
    name: str = ""
    use_cached_metrics: bool = False
    authentication_ref: Authentication | None = None
    metadata: dict[str, str] = {}  # of a Prometheus: serverAddress, query, threshold, ignoreNullValues and more
    metric_type: str = "AverageValue"


class Fallback(Shape, frozen=True):
    failure_threshold: int = 0
    replicas: int = 0


class Rules(Shape, frozen=True):
    stabilization_window_seconds: int | None = None


class Behavior(Shape, frozen=True):
    scale_up: Rules | None = None
    scale_down: Rules | None = None


class AutoscalerConfig(Shape, frozen=True):
    behavior: Behavior = Behavior()


class Advanced(Shape, frozen=True):
    horizontal_pod_autoscaler_config: AutoscalerConfig = AutoscalerConfig()


class ScaledObjectSpec(Shape, frozen=True):
    scale_target_ref: Target = Target()
    polling_interval: int | None = None
    cooldown_period: int | None = None  # from the last one to none; other steps are the autoscaler's
    min_replica_count: int | None = None
    max_replica_count: int | None = None
    fallback: Fallback | None = None
    advanced: Advanced = Advanced()
    triggers: tuple[Trigger, ...] = ()


class ScaledObjectStatus(Shape, frozen=True):
    conditions: tuple[Condition, ...] = ()  # Ready, Active, Fallback, Paused

    def condition(self, type: str) -> Condition | None:
        return next((one for one in self.conditions if one.type == type), None)


class ScaledObject(Fact, frozen=True):
    of = _OBJECTS

    spec: ScaledObjectSpec = ScaledObjectSpec()
    status: ScaledObjectStatus = ScaledObjectStatus()


def _as_scaled_object(scaled: Scaled, apis: Apis) -> tuple[Obj, ...]:
    """It follows at once in both directions. A metric that is missing is an error here, and not taken for a zero."""
    at_once = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 100, "periodSeconds": 15}]}
    trigger = {
        "serverAddress": scaled.promql,
        "query": f'sum({scaled.metric}{{namespace="{scaled.namespace}",pod=~"{scaled.deployment}-.+"}})',
        "threshold": str(scaled.target),
        "ignoreNullValues": "false",
    }
    return (
        {
            "apiVersion": f"{_GROUP}/{apis.versions(_OBJECTS)[0]}",
            "kind": "ScaledObject",
            "metadata": {"name": scaled.deployment, "namespace": scaled.namespace},
            "spec": {
                "scaleTargetRef": {"name": scaled.deployment},
                "minReplicaCount": 1,
                "maxReplicaCount": scaled.most,
                "pollingInterval": 5,
                "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleUp": at_once, "scaleDown": at_once}}},
                "triggers": [{"type": "prometheus", "metadata": trigger}],
            },
        },
    )


_ENV = {"WATCH_NAMESPACE": "", "POD_NAMESPACE": "{namespace}", "KEDA_CLUSTER_OBJECT_NAMESPACE": "{namespace}"}


def _manager(program: str, name: str, *args: str) -> Process:
    """The operator and the webhooks: each with a port for its metrics and one for its health."""
    return Process(
        program=program,
        args=(
            "--cert-dir={folder}",
            f"--metrics-bind-address={{address}}:{{port:{name}metrics}}",
            f"--health-probe-bind-address={{address}}:{{port:{name}health}}",
            *args,
        ),
        env=_ENV,
        ready=f"http://{{address}}:{{port:{name}health}}/readyz",
    )


KEDA = System(
    id="keda",
    title="KEDA",
    home="https://keda.sh",
    found_by=Served(_OBJECTS),
    facts=(ScaledObject,),
    roles=(
        PodAutoscaler(
            player="keda",
            creates=(_OBJECTS, *MONITORED.creates),
            looks_at=("autoscaling/horizontalpodautoscalers", *MONITORED.looks_at),
            objects=_as_scaled_object,
            asks=True,
            fed_by=(ANNOTATED, MONITORED),
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/kedacore/keda/v2",
        version=VERSION,
        programs={
            "keda-operator": "github.com/kedacore/keda/v2/cmd/operator",
            "keda-adapter": "github.com/kedacore/keda/v2/cmd/adapter",
            "keda-webhooks": "github.com/kedacore/keda/v2/cmd/webhooks",
        },
        ldflags=f"-X github.com/kedacore/keda/v2/version.Version={VERSION.removeprefix('v')}",
        manifests=(
            *(
                f"config/crd/bases/{name}.yaml"
                for name in (
                    "keda.sh_scaledobjects",
                    "keda.sh_scaledjobs",
                    "keda.sh_triggerauthentications",
                    "keda.sh_clustertriggerauthentications",
                    "eventing.keda.sh_cloudeventsources",
                    "eventing.keda.sh_clustercloudeventsources",
                )
            ),
            "config/webhooks/validation_webhooks.yaml",
        ),
        overlay=aggregated("keda", group=_METRICS, version="v1beta1", priority=100),
        processes=(
            _manager("keda-operator", "operator", "--metrics-service-bind-address={address}:{port:grpc}"),
            Process(
                program="keda-adapter",
                args=(
                    "--cert-dir={folder}",
                    "--metrics-service-address={address}:{port:grpc}",
                    "--port={port:adaptermetrics}",
                    "--bind-address={address}",
                    "--secure-port={port:secure}",
                    "--tls-cert-file={folder}/tls.crt",
                    "--tls-private-key-file={folder}/tls.key",
                    "--lister-kubeconfig={kubeconfig}",
                    "--authentication-kubeconfig={kubeconfig}",
                    "--authorization-kubeconfig={kubeconfig}",
                ),
                env=_ENV,
            ),
            _manager("keda-webhooks", "webhooks", "--port={port:webhook}"),
        ),
        needs=("prometheus",),
        level=LabLevel.NODE,  # it asks the Prometheus that runs there
        by_default=False,
    ),
)
