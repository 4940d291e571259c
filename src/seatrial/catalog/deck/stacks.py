"""The four reference stacks, and the numbers of the survey."""

from __future__ import annotations

from seatrial.model.claim import Claim, Standing

_LATER = "stacks are judged by the checks of their systems; bundles that install one are to come"

COREWEAVE = Claim(
    id="stack.coreweave-cks",
    said="SUNK and Kueue, KubeRay on more than 1,000 nodes, RDMA, DCGM, isolation by plugins",
    standing=Standing.MISLEADING,
    truth="Its submission names Kueue and SUNK, and no KubeRay.",
    checks=(
        "gang.starts-whole-or-not-at-all",
        "network.claimed-interfaces-arrive-and-carry-data",
        "kueue.queues-are-active",
    ),
    systems=("sunk", "kueue", "kuberay", "dcgm-exporter", "prometheus"),
    later=_LATER,
)
AKS = Claim(
    id="stack.aks-kaito",
    said="Kueue, KAITO with vLLM or NIM, Istio, DCGM to Azure Monitor, DRA",
    standing=Standing.MISLEADING,
    truth="KAITO runs vLLM alone.",
    checks=(
        "routing.gateway-splits-by-weight-and-routes-by-header",
        "dra.claim-backed-pod-runs-with-its-device",
        "kaito.engines-are-those-that-it-runs",
        "kaito.workspaces-come-up",
        "mesh.pools-are-known-to-istio",
    ),
    systems=("kueue", "kaito", "istio", "dcgm-exporter", "nvidia-gpu-operator"),
    later=_LATER,
)
KKP = Claim(
    id="stack.kubermatic-kkp",
    said="Kueue, cluster-autoscaler, KubeRay, KubeLB with kgateway, DCGM, DRA",
    standing=Standing.MISLEADING,
    truth="Its evidence is of Kubeflow, not of KubeRay.",
    checks=(
        "autoscaling.nodes-follow-waiting-accelerator-pods",
        "scaling.replicas-follow-a-metric-of-the-workload",
        "node-groups.grow-when-they-are-asked",
    ),
    systems=("kueue", "cluster-autoscaler", "kuberay", "kgateway", "dcgm-exporter"),
    later=_LATER,
)
OPENSHIFT = Claim(
    id="stack.openshift",
    said="OpenShift 4.20 on 1.34: Kueue, Trainer, Service Mesh, DCGM and AMD's operator, DRA",
    standing=Standing.WRONG,
    truth="4.20 is Kubernetes 1.33 and answers DRA with Not Implemented; 4.21 is 1.34.",
    checks=(
        "operator.reconciles-good-and-refuses-wrong",
        "telemetry.every-accelerator-reports-utilisation-and-memory",
        "operands.amd-devices-are-offered-one-way",
        "operands.are-in-place",
    ),
    systems=("kueue", "trainer", "istio", "amd-gpu-operator", "nvidia-gpu-operator"),
    later=_LATER,
)
SURVEY = Claim(
    id="survey.numbers",
    said="Shares of organisations, and success stories of vendors",
    standing=Standing.UNVERIFIED,
    truth="Nothing here can check them, and nothing here repeats them.",
    later="a number about organisations cannot be found in a cluster",
)
PROGRAMME = Claim(
    id="survey.programme",
    said="The programme grew to 31 platforms.",
    standing=Standing.UNVERIFIED,
    truth="It grows; `seatrial submit lint` reads every submission.",
    later="the list of platforms is the programme's, not a cluster's",
)
