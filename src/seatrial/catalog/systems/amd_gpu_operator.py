"""AMD GPU operator: a DeviceConfig says what the nodes that it selects get."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Served, System


class Named(Shape, frozen=True):
    name: str = ""


class Upgrade(Shape, frozen=True):
    enable: bool | None = None
    max_parallel_upgrades: int | None = None
    max_unavailable_nodes: str | int | None = None
    reboot_required: bool | None = None


class AMDDriver(Shape, frozen=True):
    enable: bool | None = None
    driver_type: str = ""
    version: str = ""
    image: str = ""
    blacklist: bool | None = None
    upgrade_policy: Upgrade | None = None


class AMDDevicePlugin(Shape, frozen=True):
    enable_device_plugin: bool | None = None
    enable_node_labeller: bool | None = None
    device_plugin_image: str = ""
    device_plugin_arguments: dict[str, str] = {}


class AMDDRADriver(Shape, frozen=True):
    """Never beside the device plugin of the same DeviceConfig."""

    enable: bool | None = None
    image: str = ""


class ServiceMonitor(Shape, frozen=True):
    enable: bool | None = None
    interval: str = ""
    honor_labels: bool | None = None


class PrometheusSettings(Shape, frozen=True):
    service_monitor: ServiceMonitor | None = None


class Proxy(Shape, frozen=True):
    """Who may read the metrics."""

    enable: bool | None = None
    disable_https: bool | None = None


class AMDExporter(Shape, frozen=True):
    enable: bool | None = None
    image: str = ""
    port: int = 0
    service_type: str = ""
    node_port: int = 0
    config: Named = Named()
    rbac_config: Proxy = Proxy()
    prometheus: PrometheusSettings | None = None


class ConfigManager(Shape, frozen=True):
    """Divides devices into partitions."""

    enable: bool | None = None
    config: Named | None = None


class TestRunner(Shape, frozen=True):
    enable: bool | None = None


class Remediation(Shape, frozen=True):
    enable: bool | None = None
    config: Named | None = None
    max_parallel_workflows: int = 0


class DeviceConfigSpec(Shape, frozen=True):
    driver: AMDDriver = AMDDriver()
    device_plugin: AMDDevicePlugin = AMDDevicePlugin()
    dra_driver: AMDDRADriver = AMDDRADriver()
    metrics_exporter: AMDExporter = AMDExporter()
    config_manager: ConfigManager = ConfigManager()
    test_runner: TestRunner = TestRunner()
    remediation_workflow: Remediation = Remediation()
    selector: dict[str, str] = {}


class Deployed(Shape, frozen=True):
    nodes_matching_selector_number: int = 0
    desired_number: int = 0
    available_number: int = 0


class NodeModule(Shape, frozen=True):
    container_image: str = ""
    kernel_version: str = ""
    status: str = ""


class DeviceConfigStatus(Shape, frozen=True):
    device_plugin: Deployed = Deployed()
    driver: Deployed = Deployed()
    metrics_exporter: Deployed = Deployed()
    node_module_status: dict[str, NodeModule] = {}  # by the node's name
    conditions: tuple[Condition, ...] = ()


class DeviceConfig(Fact, frozen=True):
    of = "amd.com/deviceconfigs"

    spec: DeviceConfigSpec = DeviceConfigSpec()
    status: DeviceConfigStatus = DeviceConfigStatus()


AMD_GPU_OPERATOR = System(
    id="amd-gpu-operator",
    title="AMD GPU operator",
    home="https://instinct.docs.amd.com/projects/gpu-operator/",
    found_by=Served(DeviceConfig.of),
    facts=(DeviceConfig,),
    proof=Proof.DOCUMENTS,
)
