"""NVIDIA GPU operator: one ClusterPolicy for device plugins, or one GPUCluster for dynamic resource allocation; never both."""

from __future__ import annotations

from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.pods import Condition, EnvVar, Toleration
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Served, System

# Labels and annotations that the operator and what it installs put on nodes.
UPGRADE_STATE = "nvidia.com/gpu-driver-upgrade-state"
DRIVER_VERSION = "nvidia.com/cuda.driver-version.full"
SHARING = "nvidia.com/gpu.sharing-strategy"  # "none", "time-slicing" or "mps"
MIG_CONFIG, MIG_STATE = "nvidia.com/mig.config", "nvidia.com/mig.config.state"


class Part(Shape, frozen=True):
    """One thing that the operator installs; what is not said is on."""

    enabled: bool | None = None
    version: str = ""
    image: str = ""
    env: tuple[EnvVar, ...] = ()


class OffPart(Part, frozen=True):
    """The same where what is not said is off."""


class NamedConfig(Shape, frozen=True):
    name: str = ""  # of a ConfigMap
    default: str = ""


class Drain(Shape, frozen=True):
    enable: bool | None = None
    force: bool | None = None
    delete_empty_dir: bool | None = None
    timeout_seconds: int | None = None


class UpgradePolicy(Shape, frozen=True):
    auto_upgrade: bool = False
    max_parallel_upgrades: int | None = None
    max_unavailable: str | int | None = None
    drain: Drain | None = None


class KernelModules(Shape, frozen=True):
    enabled: bool | None = None
    use_host_mofed: bool | None = None


class DriverPart(Part, frozen=True):
    use_nvidia_driver_crd: bool | None = msgspec.field(default=None, name="useNvidiaDriverCRD")
    use_precompiled: bool | None = None
    kernel_module_type: str = ""
    upgrade_policy: UpgradePolicy | None = None
    rdma: KernelModules | None = None


class DevicePluginPart(Part, frozen=True):
    config: NamedConfig | None = None  # its ``sharing`` divides devices


class Monitor(Shape, frozen=True):
    enabled: bool | None = None
    interval: str = ""
    honor_labels: bool | None = None


class MetricsConfig(Shape, frozen=True):
    name: str = ""  # a ConfigMap with the CSV of fields; none: the exporter's own


class DCGMExporterPart(Part, frozen=True):
    config: MetricsConfig | None = None
    service_monitor: Monitor | None = None
    enable_pod_labels: bool | None = None
    enable_pod_uid: bool | None = msgspec.field(default=None, name="enablePodUID")


class MIG(Shape, frozen=True):
    strategy: str = ""


class MIGManagerPart(Part, frozen=True):
    config: NamedConfig | None = None


class CDI(Shape, frozen=True):
    enabled: bool | None = None
    default: bool | None = None
    nri_plugin_enabled: bool | None = None


class ConfidentialComputing(OffPart, frozen=True):
    default_mode: str = ""


class SandboxWorkloads(Shape, frozen=True):
    enabled: bool | None = None
    default_workload: str = ""
    mode: str = ""


class PodSecurity(Shape, frozen=True):
    enabled: bool | None = None


class DaemonSets(Shape, frozen=True):
    priority_class_name: str = ""
    update_strategy: str = ""
    tolerations: tuple[Toleration, ...] = ()


class GPUPolicySpec(Shape, frozen=True):
    daemonsets: DaemonSets = DaemonSets()
    driver: DriverPart = DriverPart()
    toolkit: Part = Part()
    device_plugin: DevicePluginPart = DevicePluginPart()
    dcgm: OffPart = OffPart()
    dcgm_exporter: DCGMExporterPart = DCGMExporterPart()
    gfd: Part = Part()
    mig: MIG = MIG()
    mig_manager: MIGManagerPart = MIGManagerPart()
    cdi: CDI = CDI()
    cc_manager: ConfidentialComputing = ConfidentialComputing()
    sandbox_workloads: SandboxWorkloads = SandboxWorkloads()
    psa: PodSecurity = PodSecurity()
    gds: OffPart | None = None
    gdrcopy: OffPart | None = None


class OperatorStatus(Shape, frozen=True):
    state: str = ""
    namespace: str = ""
    conditions: tuple[Condition, ...] = ()


class GPUClusterPolicy(Fact, frozen=True):
    of = "nvidia.com/clusterpolicies"

    spec: GPUPolicySpec = GPUPolicySpec()
    status: OperatorStatus = OperatorStatus()


class ComputeDomains(Shape, frozen=True):
    enabled: bool | None = None


class DRADriver(Shape, frozen=True):
    version: str = ""
    feature_gates: dict[str, bool] = {}  # such as NVMLDeviceHealthCheck, without which no device is ever unhealthy
    compute_domains: ComputeDomains = ComputeDomains()


class GPUClusterSpec(Shape, frozen=True):
    dra_driver: DRADriver = DRADriver()
    dcgm: OffPart | None = None
    dcgm_exporter: DCGMExporterPart | None = None
    daemonsets: DaemonSets = DaemonSets()


class GPUCluster(Fact, frozen=True):
    of = "nvidia.com/gpuclusters"

    spec: GPUClusterSpec = GPUClusterSpec()
    status: OperatorStatus = OperatorStatus()


class NVIDIADriverSpec(Shape, frozen=True):
    default: bool = False
    driver_type: str = "gpu"
    version: str = ""
    image: str = ""
    use_precompiled: bool | None = None
    kernel_module_type: str = ""
    node_selector: dict[str, str] = {}
    node_affinity: dict[str, Any] | None = None
    upgrade_policy: UpgradePolicy | None = None
    rdma: KernelModules | None = None


class NVIDIADriver(Fact, frozen=True):
    """The driver of some of the nodes."""

    of = "nvidia.com/nvidiadrivers"

    spec: NVIDIADriverSpec = NVIDIADriverSpec()
    status: OperatorStatus = OperatorStatus()


NVIDIA_GPU_OPERATOR = System(
    id="nvidia-gpu-operator",
    title="NVIDIA GPU operator",
    home="https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/",
    found_by=Served(GPUClusterPolicy.of),
    facts=(GPUClusterPolicy, GPUCluster, NVIDIADriver),
    proof=Proof.DOCUMENTS,
)
