"""Exporters that miss something or are stuck, and monitoring that does not find or does not keep what it should."""

from __future__ import annotations

from seatrial.catalog.faults.changes import misreports, sets
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

DEVICES = "telemetry.every-accelerator-reports-utilisation-and-memory"
WORKLOADS = "telemetry.workload-metrics-are-collected"
SCALED = "scaling.replicas-follow-a-metric-of-the-workload"
LAB, NVIDIA = f"{DEVICES}@lab-exporter", f"{DEVICES}@dcgm-exporter"
OTHERS = tuple(f"{DEVICES}@{player}" for player in ("amd-device-metrics-exporter", "intel-xpumanager"))


METRICS_MISS_A_DEVICE = Fault(
    id="metrics-miss-a-device",
    title="the exporters leave out the last device of each node",
    fails=(LAB, NVIDIA, *OTHERS),
    change=misreports("metrics-miss-a-device"),
    level=LabLevel.NODE,
)

METRICS_WITHOUT_MEMORY = Fault(
    id="metrics-without-memory",
    title="the exporters tell the clock of the memory, and not how much of it is in use",
    fails=(LAB, NVIDIA, *OTHERS),
    change=misreports("metrics-without-memory"),
    level=LabLevel.NODE,
)

METRICS_FROZEN = Fault(
    id="metrics-frozen",
    title="the exporters repeat the utilisation that they first saw",
    fails=(LAB,),
    silences=(NVIDIA, *OTHERS),  # nobody can load devices of the fleet, so that one which never moves may just be calm
    change=misreports("metrics-frozen"),
    level=LabLevel.NODE,
)

PROMETHEUS_FINDS_NO_PODS = Fault(
    id="prometheus-finds-no-pods",
    title="Prometheus looks for no pods, whatever their annotations say",
    fails=(f"{WORKLOADS}@prometheus",),
    silences=(f"{SCALED}@prometheus-adapter", f"{SCALED}@keda"),
    change=sets("prometheus", find_pods=False),
    needs=("prometheus",),
    level=LabLevel.NODE,
)

PROMETHEUS_DROPS_LATENCY = Fault(
    id="prometheus-drops-latency",
    title="a relabelling rule of Prometheus drops the histograms of workloads",
    fails=(f"{WORKLOADS}@prometheus",),
    change=sets("prometheus", drop=".*_duration_seconds_.*"),
    needs=("prometheus",),
    level=LabLevel.NODE,
)
