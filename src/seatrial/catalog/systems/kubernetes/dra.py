"""Dynamic resource allocation: what drivers offer, what is claimed and allocated, and what keeps devices from being used."""

from __future__ import annotations

from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.pods import Condition, Taint, Toleration
from seatrial.model.fact import Fact, Shape

Attribute = dict[str, Any]  # one of bool, int, string, version
Text = str | int | float


class Amount(Shape, frozen=True):
    value: Text = 0


class Counters(Shape, frozen=True):
    """What devices that overlap share, as the parts of one accelerator do; or what one of them takes of it."""

    name: str = ""
    counter_set: str = ""  # of which it takes
    counters: dict[str, Amount] = {}


class Device(Shape, frozen=True):
    name: str = ""
    attributes: dict[str, Attribute] = {}
    capacity: dict[str, Any] = {}
    taints: tuple[Taint, ...] = ()
    node_name: str = ""
    allow_multiple_allocations: bool = False
    consumes_counters: tuple[Counters, ...] = ()

    def attribute(self, name: str) -> str:
        """As text, whatever its type; empty where the device does not say. The driver's own domain may be left out."""
        found = self.attributes.get(name)
        if found is None:
            found = next((value for key, value in self.attributes.items() if key.endswith(f"/{name}")), {})
        return str(next(iter(found.values()), ""))


class Pool(Shape, frozen=True):
    name: str = ""
    generation: int = 0
    resource_slice_count: int = 0


class SliceSpec(Shape, frozen=True):
    driver: str = ""
    node_name: str = ""
    all_nodes: bool = False
    pool: Pool = Pool()
    devices: tuple[Device, ...] = ()
    shared_counters: tuple[Counters, ...] = ()


class ResourceSlice(Fact, frozen=True):
    of = "resource.k8s.io/resourceslices"

    spec: SliceSpec = SliceSpec()


class Selector(Shape, frozen=True):
    cel: dict[str, str] = {}


class DeviceClassSpec(Shape, frozen=True):
    selectors: tuple[Selector, ...] = ()
    config: tuple[dict[str, Any], ...] = ()
    extended_resource_name: str = ""


class DeviceClass(Fact, frozen=True):
    of = "resource.k8s.io/deviceclasses"

    spec: DeviceClassSpec = DeviceClassSpec()


class CapacityWish(Shape, frozen=True):
    requests: dict[str, Text] = {}


class Exactly(Shape, frozen=True):
    device_class_name: str = ""
    count: int = 1
    allocation_mode: str = ""
    admin_access: bool = False
    selectors: tuple[Selector, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    capacity: CapacityWish | None = None


class DeviceRequest(Shape, frozen=True):
    """In v1 what is wanted stands below ``exactly`` or ``firstAvailable``; v1beta1 had it beside the name."""

    name: str = ""
    exactly: Exactly | None = None
    first_available: tuple[Exactly, ...] = ()
    device_class_name: str = ""
    admin_access: bool = False
    count: int = 1

    @property
    def wants(self) -> tuple[Exactly, ...]:
        if self.exactly is not None:
            return (self.exactly,)
        if self.first_available:
            return self.first_available
        return (Exactly(device_class_name=self.device_class_name, count=self.count, admin_access=self.admin_access),)


class Devices(Shape, frozen=True):
    requests: tuple[DeviceRequest, ...] = ()
    constraints: tuple[dict[str, Any], ...] = ()
    config: tuple[dict[str, Any], ...] = ()


class ClaimSpec(Shape, frozen=True):
    devices: Devices = Devices()


class Allotted(Shape, frozen=True):
    request: str = ""
    driver: str = ""
    pool: str = ""
    device: str = ""
    admin_access: bool = False
    share_id: str = msgspec.field(default="", name="shareID")
    consumed_capacity: dict[str, Text] = {}


class AllottedDevices(Shape, frozen=True):
    results: tuple[Allotted, ...] = ()


class Allocation(Shape, frozen=True):
    devices: AllottedDevices = AllottedDevices()
    node_selector: dict[str, Any] | None = None


class Consumer(Shape, frozen=True):
    resource: str = ""
    name: str = ""
    uid: str = ""


class ClaimedDevice(Shape, frozen=True):
    driver: str = ""
    pool: str = ""
    device: str = ""
    conditions: tuple[Condition, ...] = ()


class ClaimStatus(Shape, frozen=True):
    allocation: Allocation | None = None
    reserved_for: tuple[Consumer, ...] = ()
    devices: tuple[ClaimedDevice, ...] = ()


class ResourceClaim(Fact, frozen=True):
    of = "resource.k8s.io/resourceclaims"

    api_version: str = ""  # files say it; items of a list do not
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


class TemplateSpec(Shape, frozen=True):
    spec: ClaimSpec = ClaimSpec()


class ResourceClaimTemplate(Fact, frozen=True):
    of = "resource.k8s.io/resourceclaimtemplates"

    api_version: str = ""
    spec: TemplateSpec = TemplateSpec()


class DeviceTaintRuleSpec(Shape, frozen=True):
    device_selector: dict[str, Any] = {}
    taint: Taint = Taint()


class DeviceTaintRule(Fact, frozen=True):
    of = "resource.k8s.io/devicetaintrules"

    spec: DeviceTaintRuleSpec = DeviceTaintRuleSpec()


class GangPolicy(Shape, frozen=True):
    min_count: int = 0


class SchedulingPolicy(Shape, frozen=True):
    gang: GangPolicy | None = None


class PodGroupSpec(Shape, frozen=True):
    scheduling_policy: SchedulingPolicy = SchedulingPolicy()
    disruption_mode: Any = None


class PodGroupStatus(Shape, frozen=True):
    conditions: tuple[Condition, ...] = ()


class PodGroup(Fact, frozen=True):
    """Kubernetes' own, since 1.36."""

    of = "scheduling.k8s.io/podgroups"

    spec: PodGroupSpec = PodGroupSpec()
    status: PodGroupStatus = PodGroupStatus()
