"""Drivers and platforms that hand out more than was asked for, or something else."""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.changes import misbehaves
from seatrial.catalog.faults.policies import denied, mutated
from seatrial.model.fault import Change, Fault
from seatrial.model.lab import LabLevel, LabSpec

OWN = "isolation.containers-open-only-their-own-accelerators"
RUNS = "dra.claim-backed-pod-runs-with-its-device"
API = "dra.resource-api-is-served-and-writable"
VERSION = "driver.advertised-version-is-what-containers-find"
VIRTUAL = "virtual.virtual-accelerators-are-managed-like-physical-ones@lab-virtual-accelerators"
CARDS = "network.claimed-interfaces-arrive-and-carry-data@lab-network-cards"
PLUGIN, DRA = "lab-device-plugin", "lab-dra-driver"


def _without_dra(spec: LabSpec) -> LabSpec:
    return msgspec.structs.replace(spec, dra=False)


PLUGIN_HANDS_OUT_EVERYTHING = Fault(
    id="plugin-hands-out-everything",
    title="the device plugin adds every device of the node to every allocation",
    fails=(f"{OWN}@{PLUGIN}", f"{VERSION}@{PLUGIN}"),
    change=misbehaves("hand-out-everything"),
    level=LabLevel.NODE,
)

DRIVER_HANDS_OUT_EVERYTHING = Fault(
    id="driver-hands-out-everything",
    title="the DRA driver adds every device of the node to every claim",
    fails=(f"{OWN}@{DRA}", f"{RUNS}@{DRA}", f"{VERSION}@{DRA}"),
    change=misbehaves("hand-out-everything-dra"),
    level=LabLevel.NODE,
)

DRIVER_IGNORES_CLAIM = Fault(
    id="driver-ignores-claim",
    title="the DRA driver hands out another device than the one that was allocated",
    fails=(f"{RUNS}@{DRA}",),
    change=misbehaves("ignore-claim"),
    level=LabLevel.NODE,
)

SLICES_MISSING = Fault(
    id="slices-missing",
    title="the DRA driver publishes no ResourceSlice",
    fails=(f"{RUNS}@{DRA}",),
    silences=(f"{OWN}@{DRA}", f"{VERSION}@{DRA}"),
    change=misbehaves("no-slices"),
    level=LabLevel.NODE,
)

DRIVER_CHANGED_BEHIND = Fault(
    id="driver-changed-behind",
    title="containers get another driver than the one that labels and ResourceSlices advertise",
    fails=(f"{VERSION}@{PLUGIN}", f"{VERSION}@{DRA}"),
    change=misbehaves("other-driver-version"),
    level=LabLevel.NODE,
)

EVERYTHING_PRIVILEGED = Fault(
    id="everything-privileged",
    title="a mutating admission policy makes every container privileged",
    fails=(f"{OWN}@{PLUGIN}", f"{OWN}@{DRA}", VIRTUAL),
    change=mutated(
        "seatrial-everything-privileged",
        group="",
        resource="pods",
        expression=(
            "Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{"
            "name: c.name, securityContext: Object.spec.containers.securityContext{privileged: true}})}}"
        ),
    ),
    level=LabLevel.NODE,
)

DRA_API_DISABLED = Fault(
    id="dra-api-disabled",
    title="Kubernetes runs without Dynamic Resource Allocation; newer releases than 1.34 cannot",
    fails=(API,),
    silences=(f"{OWN}@{DRA}", f"{RUNS}@{DRA}", f"{RUNS}@{PLUGIN}", f"{VERSION}@{DRA}", VIRTUAL, CARDS),
    change=Change(_without_dra, "start Kubernetes with Dynamic Resource Allocation"),
    kubernetes=("1.34",),
)

CLAIMS_DENIED = Fault(
    id="claims-denied",
    title="an admission policy lets no ResourceClaim in",
    fails=(API,),
    silences=(f"{OWN}@{DRA}", f"{RUNS}@{DRA}", f"{VERSION}@{DRA}", VIRTUAL, CARDS),
    change=denied("seatrial-claims-denied", group="resource.k8s.io", resource="resourceclaims"),
)
