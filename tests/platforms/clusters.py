"""One cluster for each platform. What is in kube-system, and in the namespaces of the platform, is as its owner ships it."""

from __future__ import annotations

from tests.platforms.making import Obj, container, crd, made, namespace, node, obj, pod_spec, static_pod

PLUGINS = "/var/lib/kubelet/device-plugins"
RESOURCES = "/var/lib/kubelet/pod-resources"
ALWAYS = ("default", "kube-node-lease", "kube-public", "kube-system")
_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
_PRIVILEGED = {"pod-security.kubernetes.io/enforce": "privileged"}


def team(on: str, resource: str = "nvidia.com/gpu", tolerates: str = "") -> list[Obj]:
    """A model server as it should be, in a namespace as it should be."""
    server = container(
        "server",
        "registry.example/vllm@sha256:" + "a" * 64,
        resources={
            "limits": {resource: "1", "memory": "64Gi"},
            "requests": {resource: "1", "cpu": "8", "memory": "64Gi"},
        },
        securityContext={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        readinessProbe={"httpGet": {"path": "/health", "port": 8000}},
        startupProbe={"httpGet": {"path": "/health", "port": 8000}, "failureThreshold": 120},
        livenessProbe={"httpGet": {"path": "/health", "port": 8000}},
    )
    safe = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = pod_spec(
        server,
        securityContext=safe,
        automountServiceAccountToken=False,
        terminationGracePeriodSeconds=120,
        tolerations=[{"key": tolerates, "operator": "Exists"}] if tolerates else [],
    )
    closed = obj(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "closed",
        "team",
        spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    )
    quota = obj(
        "v1",
        "ResourceQuota",
        "gpus",
        "team",
        spec={"hard": {f"requests.{resource}": "8"}},
        status={"hard": {f"requests.{resource}": "8"}},
    )
    return [namespace("team", **_RESTRICTED), closed, quota, *made("Deployment", "chat", "team", spec, [on])]


def _namespaces(*more: str, **labels: str) -> list[Obj]:
    return [namespace(name) for name in ALWAYS] + [namespace(name, **labels) for name in more]


def with_toleration(pod: Obj) -> Obj:
    """As admission leaves a pod that asks for accelerators, where the cloud has it do so."""
    return pod | {
        "spec": pod["spec"] | {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]}
    }


def gke() -> list[Obj]:
    at = "gke-train-gpu-l4-1a2b3c4d-xyz1"
    labels = {
        "cloud.google.com/gke-nodepool": "gpu-l4", "cloud.google.com/gke-accelerator": "nvidia-l4", "cloud.google.com/gke-accelerator-count": "1",
        "cloud.google.com/gke-gpu-driver-version": "latest", "cloud.google.com/machine-family": "g2", "cloud.google.com/gke-os-distribution": "cos",
        "node.kubernetes.io/instance-type": "g2-standard-16", "topology.kubernetes.io/zone": "us-central1-a", "cloud.google.com/gke-container-runtime": "containerd",
    }  # fmt: skip
    plain = {"cloud.google.com/gke-nodepool": "default-pool", "topology.kubernetes.io/zone": "us-central1-a"}
    plugin = pod_spec(
        container("nvidia-gpu-device-plugin", "gke.gcr.io/nvidia-gpu-device-plugin@sha256:" + "b" * 64, privileged=True, mounts=(PLUGINS, "/dev"), command=["/usr/bin/nvidia-gpu-device-plugin", "-logtostderr", "--enable-container-gpu-metrics"]),
        paths=(PLUGINS, "/dev", "/home/kubernetes/bin/nvidia", RESOURCES), hostNetwork=True, priorityClassName="system-node-critical",
        tolerations=[{"operator": "Exists", "effect": "NoExecute"}, {"operator": "Exists", "effect": "NoSchedule"}],
    )  # fmt: skip
    exporter = pod_spec(
        container("dcgm-exporter", "gke.gcr.io/dcgm-exporter:4.2.3-4.1.3-gke.3", privileged=True, mounts=(RESOURCES,), env=[{"name": "DCGM_EXPORTER_KUBERNETES", "value": "true"}, {"name": "DCGM_EXPORTER_COLLECTORS", "value": "/etc/dcgm-exporter/counters.csv"}], ports=[{"name": "metrics", "containerPort": 9400}]),
        paths=(RESOURCES, "/home/kubernetes/bin/nvidia"), hostNetwork=True, priorityClassName="system-node-critical",
    )  # fmt: skip
    agent = pod_spec(
        container("anetd", "gke.gcr.io/cilium/cilium:v1.16", privileged=True), paths=("/sys/fs/bpf",), hostNetwork=True
    )
    collector = pod_spec(container("prometheus", "gke.gcr.io/prometheus-engine/prometheus:v2.45"))
    return [
        *_namespaces("gke-managed-system", "gke-managed-cim", "gmp-system", "gmp-public"),
        node("gke-train-default-1", "v1.34.1-gke.1829001", labels=plain, provider="gce://example/us-central1-a/gke-train-default-1"),
        node(at, "v1.34.1-gke.1829001", labels=labels, provider=f"gce://example/us-central1-a/{at}", taints=("nvidia.com/gpu=present:NoSchedule",), nvidia_com__gpu="1"),
        *made("DaemonSet", "nvidia-gpu-device-plugin-small-cos", "kube-system", plugin, [at], labels={"k8s-app": "nvidia-gpu-device-plugin", "addonmanager.kubernetes.io/mode": "Reconcile"}),
        *made("DaemonSet", "anetd", "kube-system", agent, [at]),
        *made("DaemonSet", "dcgm-exporter", "gke-managed-system", exporter, [at], labels={"app.kubernetes.io/name": "gke-managed-dcgm-exporter"}),
        *made("DaemonSet", "collector", "gmp-system", collector, [at]),
        crd("monitoring.googleapis.com", "podmonitorings"), crd("monitoring.googleapis.com", "clusterpodmonitorings", scope="Cluster"),
        obj("v1", "ResourceQuota", "gcp-critical-pods", "kube-system", spec={"hard": {"pods": "1G"}, "scopeSelector": {"matchExpressions": [{"operator": "In", "scopeName": "PriorityClass", "values": ["system-node-critical", "system-cluster-critical"]}]}}),
        *(with_toleration(one) if one["kind"] == "Pod" else one for one in team(at)),
    ]  # fmt: skip


def eks() -> list[Obj]:
    at = "ip-10-0-12-34.us-west-2.compute.internal"
    labels = {
        "karpenter.sh/nodepool": "gpu", "karpenter.sh/capacity-type": "on-demand", "karpenter.k8s.aws/instance-gpu-name": "h100", "karpenter.k8s.aws/instance-gpu-count": "8",
        "karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia", "node.kubernetes.io/instance-type": "p5.48xlarge", "topology.kubernetes.io/zone": "us-west-2a", "nvidia.com/gpu.present": "true",
    }  # fmt: skip
    neuron = "ip-10-0-77-8.us-west-2.compute.internal"
    neuron_labels = {"eks.amazonaws.com/nodegroup": "trn2", "node.kubernetes.io/instance-type": "trn2.48xlarge"}

    def plugin(name: str, image: str) -> Obj:
        return pod_spec(
            container(name, image, privileged=True, mounts=(PLUGINS,)),
            paths=(PLUGINS,),
            priorityClassName="system-node-critical",
            tolerations=[{"operator": "Exists"}],
        )

    cni = pod_spec(
        container("aws-node", "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.20.1"),
        container(
            "aws-eks-nodeagent",
            "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-network-policy-agent:v1.2.2",
            privileged=True,
        ),
        paths=("/var/run/aws-node", "/sys/fs/bpf"),
        hostNetwork=True,
    )
    karpenter = pod_spec(
        container(
            "controller",
            "public.ecr.aws/karpenter/controller:1.8.1@sha256:" + "c" * 64,
            resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        )
    )
    return [
        *_namespaces(),
        node(at, "v1.34.1-eks-113cf36", labels=labels, provider="aws:///us-west-2a/i-0abc", taints=("nvidia.com/gpu=true:NoSchedule",), nvidia_com__gpu="8", vpc_amazonaws_com__efa="32"),
        node(neuron, "v1.34.1-eks-113cf36", labels=neuron_labels, provider="aws:///us-west-2b/i-0def", taints=("aws.amazon.com/neuron=true:NoSchedule",), aws_amazon_com__neuron="16", aws_amazon_com__neuroncore="128", aws_amazon_com__neurondevice="16"),
        *made("DaemonSet", "nvidia-device-plugin-daemonset", "kube-system", plugin("nvidia-device-plugin-ctr", "nvcr.io/nvidia/k8s-device-plugin:v0.18.0"), [at]),
        *made("DaemonSet", "aws-efa-k8s-device-plugin-daemonset", "kube-system", plugin("aws-efa-k8s-device-plugin", "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/aws-efa-k8s-device-plugin:v0.5.13"), [at]),
        *made("DaemonSet", "neuron-device-plugin", "kube-system", plugin("k8s-neuron-device-plugin-ctr", "public.ecr.aws/neuron/neuron-device-plugin:2.27"), [neuron]),
        *made("DaemonSet", "aws-node", "kube-system", cni, [at, neuron]),
        *made("DaemonSet", "kube-proxy", "kube-system", pod_spec(container("kube-proxy", "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/kube-proxy:v1.34.0", privileged=True), hostNetwork=True), [at, neuron]),
        *made("Deployment", "karpenter", "kube-system", karpenter, [neuron, neuron]),
        crd("karpenter.sh", "nodepools", scope="Cluster"), crd("karpenter.k8s.aws", "ec2nodeclasses", scope="Cluster"),
        obj("karpenter.sh/v1", "NodePool", "gpu", spec={"limits": {"nvidia.com/gpu": "64"}, "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "10m"}, "template": {"spec": {"taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}], "requirements": [{"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["p5"]}], "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "gpu"}, "expireAfter": "720h"}}}),
        obj("karpenter.k8s.aws/v1", "EC2NodeClass", "gpu", spec={"amiSelectorTerms": [{"alias": "al2023@v20251101"}], "role": "KarpenterNodeRole"}),
        *team(at, tolerates="nvidia.com/gpu"),
    ]  # fmt: skip


def aks() -> list[Obj]:
    at = "aks-gpunp-12345678-vmss000000"
    labels = {
        "kubernetes.azure.com/agentpool": "gpunp", "agentpool": "gpunp", "accelerator": "nvidia", "kubernetes.azure.com/accelerator": "nvidia",
        "node.kubernetes.io/instance-type": "Standard_NC40ads_H100_v5", "kubernetes.azure.com/mode": "user", "kubernetes.azure.com/os-sku": "Ubuntu",
    }  # fmt: skip
    plugin = pod_spec(
        container(
            "nvidia-device-plugin-ctr",
            "mcr.microsoft.com/oss/v2/nvidia/k8s-device-plugin:v0.17.0",
            mounts=(PLUGINS,),
            securityContext={"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        ),
        paths=(PLUGINS,),
    )
    cns = pod_spec(
        container("cns-container", "mcr.microsoft.com/containernetworking/azure-cns:v1.6", privileged=True),
        paths=("/var/run/azure-vnet",),
        hostNetwork=True,
    )
    gatekeeper = pod_spec(container("manager", "mcr.microsoft.com/oss/v2/open-policy-agent/gatekeeper:v3.20.0"))
    return [
        *_namespaces("gpu-resources", "aks-command", "app-routing-system"),
        namespace("gatekeeper-system", **{"admission.gatekeeper.sh/ignore": "no-self-managing", "control-plane": "controller-manager"}),
        node(at, "v1.33.5", labels=labels, provider="azure:///subscriptions/0/resourceGroups/mc/providers/Microsoft.Compute/virtualMachineScaleSets/gpunp/virtualMachines/0", taints=("sku=gpu:NoSchedule",), nvidia_com__gpu="1"),
        *made("DaemonSet", "nvidia-device-plugin-daemonset", "gpu-resources", plugin, [at]),
        *made("DaemonSet", "azure-cns", "kube-system", cns, [at]),
        *made("Deployment", "gatekeeper-controller", "gatekeeper-system", gatekeeper, [at, at]),
        crd("templates.gatekeeper.sh", "constrainttemplates", scope="Cluster"),
        *team(at, tolerates="sku"),
    ]  # fmt: skip


def openshift() -> list[Obj]:
    at, version = "worker-gpu-0.ocp.example.com", "v1.33.4"
    labels = {
        "node-role.kubernetes.io/worker": "", "node.openshift.io/os_id": "rhel", "nvidia.com/gpu.present": "true", "nvidia.com/gpu.count": "8", "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
        "nvidia.com/gpu.deploy.driver": "true", "nvidia.com/gpu.deploy.device-plugin": "true", "nvidia.com/cuda.driver-version.full": "580.95.05", "nvidia.com/mig.capable": "true", "nvidia.com/mig.config": "all-disabled", "nvidia.com/mig.config.state": "success",
        "feature.node.kubernetes.io/pci-10de.present": "true", "feature.node.kubernetes.io/system-os_release.RHEL_VERSION": "9.6", "nvidia.com/gpu-driver-upgrade-state": "upgrade-done",
    }  # fmt: skip
    scc = {
        "pod-security.kubernetes.io/enforce": "privileged",
        "security.openshift.io/scc.podSecurityLabelSync": "true",
        "openshift.io/cluster-monitoring": "true",
    }
    driver = pod_spec(
        container("nvidia-driver-ctr", "nvcr.io/nvidia/driver@sha256:" + "d" * 64, privileged=True),
        container(
            "openshift-driver-toolkit-ctr",
            "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:" + "e" * 64,
            privileged=True,
        ),
        paths=("/run/nvidia", "/lib/firmware"),
        hostPID=True,
    )
    plugin = pod_spec(
        container(
            "nvidia-device-plugin",
            "nvcr.io/nvidia/k8s-device-plugin@sha256:" + "f" * 64,
            privileged=True,
            mounts=(PLUGINS,),
        ),
        paths=(PLUGINS, "/run/nvidia"),
    )
    exporter = pod_spec(
        container(
            "nvidia-dcgm-exporter",
            "nvcr.io/nvidia/k8s/dcgm-exporter@sha256:" + "1" * 64,
            mounts=(RESOURCES,),
            env=[
                {"name": "DCGM_EXPORTER_KUBERNETES", "value": "true"},
                {"name": "DCGM_EXPORTER_COLLECTORS", "value": "/etc/dcgm-exporter/dcp-metrics-included.csv"},
            ],
            ports=[{"name": "metrics", "containerPort": 9400}],
        ),
        paths=(RESOURCES,),
    )
    monitor = obj(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        "nvidia-dcgm-exporter",
        "nvidia-gpu-operator",
        spec={
            "endpoints": [{"port": "gpu-metrics"}],
            "namespaceSelector": {"matchNames": ["nvidia-gpu-operator"]},
            "selector": {"matchLabels": {"app": "nvidia-dcgm-exporter"}},
        },
    )
    service = obj(
        "v1",
        "Service",
        "nvidia-dcgm-exporter",
        "nvidia-gpu-operator",
        metadata={"labels": {"app": "nvidia-dcgm-exporter"}},
        spec={"selector": {"app": "nvidia-dcgm-exporter"}, "ports": [{"name": "gpu-metrics", "port": 9400}]},
    )
    policy = obj(
        "nvidia.com/v1", "ClusterPolicy", "gpu-cluster-policy",
        spec={"operator": {"defaultRuntime": "crio"}, "driver": {"enabled": True, "upgradePolicy": {"autoUpgrade": True, "maxUnavailable": "25%", "drain": {"enable": False}}}, "devicePlugin": {"enabled": True}, "dcgm": {"enabled": True}, "dcgmExporter": {"enabled": True, "serviceMonitor": {"enabled": True}}, "toolkit": {"enabled": True}, "mig": {"strategy": "single"}, "gfd": {"enabled": True}, "validator": {}, "nodeStatusExporter": {"enabled": True}, "migManager": {"enabled": True}, "vgpuManager": {"enabled": False}, "sandboxDevicePlugin": {"enabled": False}, "vfioManager": {"enabled": False}, "daemonsets": {"updateStrategy": "RollingUpdate"}, "cdi": {"enabled": True}},
        status={"state": "ready"},
    )  # fmt: skip
    master = "master-0.ocp.example.com"
    api = pod_spec(
        container(
            "kube-apiserver",
            "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:" + "2" * 64,
            privileged=True,
            command=["/bin/bash", "-ec"],
            args=[
                "exec watch-termination -- hyperkube kube-apiserver --openshift-config=/etc/kubernetes/static-pod-resources/configmaps/config/config.yaml -v=2"
            ],
        ),
        hostNetwork=True,
    )
    return [
        *_namespaces(),
        *(namespace(name, **scc) for name in ("nvidia-gpu-operator", "openshift-kube-apiserver", "openshift-monitoring", "openshift-nfd", "openshift-ovn-kubernetes")),
        node(master, version, labels={"node-role.kubernetes.io/control-plane": "", "node-role.kubernetes.io/master": ""}, taints=("node-role.kubernetes.io/master:NoSchedule",)),
        node(at, version, labels=labels, nvidia_com__gpu="8"),
        *made("DaemonSet", "nvidia-driver-daemonset-9.6.20251104", "nvidia-gpu-operator", driver, [at]),
        *made("DaemonSet", "nvidia-device-plugin-daemonset", "nvidia-gpu-operator", plugin, [at]),
        *made("DaemonSet", "nvidia-dcgm-exporter", "nvidia-gpu-operator", exporter, [at]),
        *made("DaemonSet", "ovnkube-node", "openshift-ovn-kubernetes", pod_spec(container("ovnkube-controller", "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:" + "3" * 64, privileged=True), paths=("/var/run/ovn",), hostNetwork=True, hostPID=True), [at, master]),
        *(one | {"metadata": one["metadata"] | {"namespace": "openshift-kube-apiserver"}} for one in (static_pod("kube-apiserver", api, master),)),
        monitor, service, policy,
        crd("nvidia.com", "clusterpolicies", scope="Cluster"), crd("monitoring.coreos.com", "servicemonitors"), crd("monitoring.coreos.com", "podmonitors"), crd("monitoring.coreos.com", "prometheusrules"), crd("nfd.openshift.io", "nodefeaturediscoveries"),
        *team(at),
    ]  # fmt: skip


def rke2() -> list[Obj]:
    at, head, version = "gpu-1", "server-1", "v1.34.1+rke2r1"
    api = pod_spec(
        container(
            "kube-apiserver",
            "index.docker.io/rancher/hardened-kubernetes:v1.34.1-rke2r1-build20250910",
            command=["kube-apiserver"],
            args=[
                "--audit-policy-file=/etc/rancher/rke2/audit-policy.yaml",
                "--audit-log-path=/var/lib/rancher/rke2/server/logs/audit.log",
                "--audit-log-maxage=30",
                "--authorization-mode=Node,RBAC",
                "--anonymous-auth=false",
                "--profiling=false",
            ],
            securityContext={"privileged": False},
        ),
        paths=("/etc/rancher/rke2/audit-policy.yaml",),
    )
    install = pod_spec(
        container("helm", "index.docker.io/rancher/klipper-helm:v0.9.8"), hostNetwork=True, restartPolicy="OnFailure"
    )
    done = [
        one | ({"status": one["status"] | {"phase": "Succeeded"}} if one["kind"] == "Pod" else {})
        for one in made("Job", "helm-install-rke2-canal", "kube-system", install, [head])
    ]
    plugin = pod_spec(
        container(
            "nvidia-device-plugin", "nvcr.io/nvidia/k8s-device-plugin:v0.18.0", privileged=True, mounts=(PLUGINS,)
        ),
        paths=(PLUGINS,),
        runtimeClassName="nvidia",
    )
    return [
        *_namespaces("cattle-system", "cattle-fleet-system", "cis-operator-system"),
        namespace("gpu-operator", **_PRIVILEGED),
        node(head, version, labels={"node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true", "node.kubernetes.io/instance-type": "rke2"}, provider="rke2://server-1", taints=("node-role.kubernetes.io/control-plane:NoSchedule",)),
        node(at, version, labels={"node.kubernetes.io/instance-type": "rke2", "nvidia.com/gpu.present": "true", "nvidia.com/gpu.product": "NVIDIA-L40S", "nvidia.com/gpu.count": "4", "nvidia.com/cuda.driver-version.full": "580.95.05"}, provider="rke2://gpu-1", nvidia_com__gpu="4"),
        static_pod("kube-apiserver", api, head),
        *done,
        *made("DaemonSet", "rke2-canal", "kube-system", pod_spec(container("calico-node", "rancher/hardened-calico:v3.30.3", privileged=True), hostNetwork=True), [at, head]),
        *made("DaemonSet", "nvidia-device-plugin-daemonset", "gpu-operator", plugin, [at]),
        obj("node.k8s.io/v1", "RuntimeClass", "nvidia", handler="nvidia"),
        crd("helm.cattle.io", "helmcharts"),
        *team(at),
    ]  # fmt: skip


def neocloud() -> list[Obj]:
    """A cloud of accelerators: bare metal, InfiniBand, Slurm beside Kubernetes."""
    ats = ["g1a2b3c", "g4d5e6f"]
    labels = {
        "gpu.nvidia.com/class": "H100_NVLINK_80GB", "gpu.nvidia.com/model": "H100_NVLINK_80GB", "gpu.nvidia.com/count": "8", "gpu.nvidia.com/vram": "81", "node.coreweave.cloud/class": "gpu", "node.coreweave.cloud/type": "H100_NVLINK_80GB.8.xeon.128",
        "topology.kubernetes.io/region": "US-EAST-04", "backend.coreweave.cloud/leafgroup": "12", "ib.coreweave.cloud/speed": "400G", "nvidia.com/cuda.driver-version.full": "570.172.08",
    }  # fmt: skip
    plugin = pod_spec(
        container(
            "nvidia-device-plugin-ctr",
            "ghcr.io/coreweave/k8s-device-plugin:v0.17.1",
            privileged=True,
            mounts=(PLUGINS,),
        ),
        paths=(PLUGINS,),
    )
    rdma = pod_spec(
        container(
            "k8s-rdma-shared-dp-ds",
            "ghcr.io/mellanox/k8s-rdma-shared-dev-plugin:v1.5.3",
            privileged=True,
            mounts=(PLUGINS,),
        ),
        paths=(PLUGINS, "/dev"),
        hostNetwork=True,
    )
    queue = obj(
        "kueue.x-k8s.io/v1beta2",
        "ClusterQueue",
        "all",
        spec={
            "namespaceSelector": {},
            "queueingStrategy": "BestEffortFIFO",
            "preemption": {"withinClusterQueue": "LowerPriority", "reclaimWithinCohort": "Any"},
            "resourceGroups": [
                {
                    "coveredResources": ["nvidia.com/gpu"],
                    "flavors": [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": "16"}]}],
                }
            ],
        },
    )
    return [
        *_namespaces("cw-node-system", "kueue-system", "volcano-system"),
        *(node(at, "v1.34.1", labels=labels, taints=("is_gpu=true:PreferNoSchedule",), nvidia_com__gpu="8", rdma__ib="1") for at in ats),
        *made("DaemonSet", "nvidia-device-plugin", "cw-node-system", plugin, ats),
        *made("DaemonSet", "rdma-shared-dp-ds", "cw-node-system", rdma, ats),
        queue,
        obj("kueue.x-k8s.io/v1beta2", "ResourceFlavor", "h100", spec={"nodeLabels": {"gpu.nvidia.com/class": "H100_NVLINK_80GB"}}),
        obj("kueue.x-k8s.io/v1beta2", "LocalQueue", "team", "team", spec={"clusterQueue": "all"}),
        crd("kueue.x-k8s.io", "clusterqueues", "v1beta2", "Cluster"), crd("kueue.x-k8s.io", "localqueues", "v1beta2"), crd("kueue.x-k8s.io", "resourceflavors", "v1beta2", "Cluster"), crd("kueue.x-k8s.io", "workloads", "v1beta2"), crd("kueue.x-k8s.io", "cohorts", "v1beta2", "Cluster"),
        crd("scheduling.volcano.sh", "podgroups", "v1beta1"), crd("scheduling.volcano.sh", "queues", "v1beta1", "Cluster"), crd("batch.volcano.sh", "jobs", "v1alpha1"),
        obj("scheduling.volcano.sh/v1beta1", "Queue", "default", spec={"weight": 1, "reclaimable": True}, status={"state": "Open"}),
        crd("ray.io", "rayclusters"), crd("ray.io", "rayjobs"), crd("ray.io", "rayservices"),
        *team(ats[0]),
    ]  # fmt: skip


def amd() -> list[Obj]:
    at = "mi300-1"
    labels = {
        "amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM",
        "amd.com/gpu.driver-version": "6.14.14",
        "amd.com/gpu.vram": "192G",
        "feature.node.kubernetes.io/amd-gpu": "true",
        "amd.com/gpu.device-id": "74a1",
    }
    plugin = pod_spec(
        container("device-plugin", "docker.io/rocm/k8s-device-plugin:latest", privileged=True, mounts=(PLUGINS,)),
        paths=(PLUGINS, "/sys"),
    )
    exporter = pod_spec(
        container(
            "metrics-exporter-container",
            "docker.io/rocm/device-metrics-exporter:v1.4.0",
            privileged=True,
            mounts=(RESOURCES,),
            ports=[{"containerPort": 5000, "name": "exporter-port"}],
        ),
        paths=(RESOURCES, "/dev", "/sys"),
    )
    config = obj(
        "amd.com/v1alpha1",
        "DeviceConfig",
        "default",
        "kube-amd-gpu",
        spec={
            "driver": {"enable": False},
            "devicePlugin": {"enableNodeLabeller": True},
            "metricsExporter": {"enable": True, "port": 5000},
            "selector": {"feature.node.kubernetes.io/amd-gpu": "true"},
        },
    )
    return [
        *_namespaces(), namespace("kube-amd-gpu", **_PRIVILEGED),
        node(at, "v1.34.1", labels=labels, amd_com__gpu="8"),
        *made("DaemonSet", "default-device-plugin", "kube-amd-gpu", plugin, [at]),
        *made("DaemonSet", "default-metrics-exporter", "kube-amd-gpu", exporter, [at]),
        config, crd("amd.com", "deviceconfigs", "v1alpha1"),
        *team(at, "amd.com/gpu"),
    ]  # fmt: skip


PLATFORMS = {one.__name__: one for one in (gke, eks, aks, openshift, rke2, neocloud, amd)}
