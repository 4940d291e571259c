"""The holder of the node's namespaces, and the cable from this host into them."""

from __future__ import annotations

import time
from pathlib import Path

from seatrial.lab.process import Service, running
from seatrial.lab.shell import run
from seatrial.lab.site import Site
from seatrial.model.errors import LabError

HOLDER = "node-holder"


def holder(site: Site) -> Service:
    """The first process of the node. It waits, and reaps what others leave behind."""
    return Service(
        name=HOLDER,
        argv=(
            *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--propagation", "private"),
            *("--", site.program("workload"), "pause"),
        ),
    )


def holder_pid(site: Site, within: float = 5.0) -> int:
    """The pid, on this host, of the process that is number 1 inside. It is there a moment after ``unshare`` started."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        for alive in running(site.root):
            if (
                alive.name == HOLDER
                and Path(f"/proc/{alive.pid}/exe").resolve() == Path(site.program("workload")).resolve()
            ):
                return alive.pid
        time.sleep(0.01)
    raise LabError(
        "the node is not running", way_out=f"seatrial lab down --name {site.name}; seatrial lab up --name {site.name}"
    )


def enter(site: Site) -> tuple[str, ...]:
    """What leads a command into the node's namespaces."""
    return ("nsenter", f"--target={holder_pid(site)}", "--net", "--mount", "--pid", "--wdns=/", "--")


def cable(site: Site) -> str:
    """The name of this host's end of the cable; interface names have at most 15 characters."""
    return f"seatrial{site.slot}"


def connect(site: Site) -> None:
    """Lay the cable: addresses of the lab's own on both ends, and this host's ways to pods and services."""
    end, node = cable(site), str(holder_pid(site))
    run("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", node)
    run("ip", "address", "add", f"{site.host_address}/30", "dev", end)
    run("ip", "link", "set", end, "up")
    inside = enter(site)
    run(*inside, "ip", "link", "set", "lo", "up")
    run(*inside, "ip", "address", "add", f"{site.node_address}/30", "dev", "eth0")
    run(*inside, "ip", "link", "set", "eth0", "up")
    run(*inside, "ip", "route", "add", "default", "via", site.host_address)
    for range_ in (site.pod_range, site.service_range):
        run("ip", "route", "add", range_, "via", site.node_address, "dev", end)
    run(*inside, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")


def furnish(site: Site) -> None:
    """Give the node its own /proc, /run, /var/lib and /var/log, so that everything on it may use the usual paths."""
    inside = enter(site)
    run(*inside, "mount", "-t", "proc", "proc", "/proc")
    run(*inside, "mount", "--make-rshared", "/")
    run(*inside, "mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for place in ("lib", "log"):
        folder = site.path("node", place)
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        run(*inside, "mount", "--bind", str(folder), f"/var/{place}")


def is_furnished(site: Site) -> bool:
    mounts = Path(f"/proc/{holder_pid(site)}/mounts").read_text()
    return " /var/log " in mounts
