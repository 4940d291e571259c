"""How a lab stands: what should run, what does, and how much memory it takes."""

from __future__ import annotations

from pathlib import Path

from seatrial.lab import site as sites
from seatrial.lab.node.namespaces import HOLDER
from seatrial.lab.process import running
from seatrial.lab.site import Site
from seatrial.model.lab import LabLevel, LabStatus

_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_NODE = (HOLDER, "containerd", "kubelet", "kube-proxy", "accelerator", "exporter")


def status(name: str, programs: tuple[str, ...]) -> LabStatus:
    """``programs`` are those of the lab's systems."""
    site = sites.need(name)
    alive = running(site.root)
    expected = (*_expected(site), *programs)
    there = {process.name for process in alive}
    return LabStatus(
        spec=site.base,
        server=site.server,
        kubeconfig=str(site.kubeconfig),
        running=tuple(process for process in expected if process in there),
        missing=tuple(process for process in expected if process not in there),
        faults=site.faults,
        memory=sum(_memory(process.pid) for process in alive),
    )


def _expected(site: Site) -> tuple[str, ...]:
    return (*_PLANE, *(_NODE if site.spec.level is LabLevel.NODE else ()))


def _memory(pid: int) -> int:
    """In bytes. A page that several processes share counts once: nearly all of the lab's programs are one and the same file."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it ended just now
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
