"""Simulated accelerators: real block devices of this host whose content says which one they are. And simulated network cards.

A loop device is the smallest thing that a container can or cannot open: by default no container may, a device plugin or a DRA
driver has to let it in. What it reads there is the device's own identity, so no name or number can lie about it.

A card is a cable to a bridge of the node, which the driver lays when a claim for it is prepared: the packets are real.
"""

from __future__ import annotations

import json
import os
import stat
import uuid
from pathlib import Path

from seatrial.lab.node.remains import loops
from seatrial.lab.shell import run
from seatrial.lab.site import Site
from seatrial.model.fact import Obj

PRODUCT = "simulated-accelerator"
VERSION = "1.4.02"  # of the driver, as drivers spell theirs: DRA knows it as 1.4.2
_SIZE = 4096


def make(site: Site) -> dict[str, list[Obj]]:
    """The devices of each mechanism as its driver wants to hear of them. None is handed out by two."""
    wanted = site.spec.accelerators
    devices = [_device(site, f"accel{index}", index) for index in range(wanted.plugin + wanted.dra)]
    made = {"plugin": devices[: wanted.plugin], "dra": devices[wanted.plugin :]}
    if wanted.replicas:
        made["shared"] = [_device(site, f"accel{len(devices)}", len(devices))]
    if wanted.virtual:
        whole = _device(site, f"accel{len(devices) + 1}", len(devices) + 1)
        parent = {"parent": whole["uuid"], "virtual": True}
        virtual = [_device(site, f"vaccel{index}", index, **parent) for index in range(wanted.virtual)]
        made["virtual"] = [device | {"parentPath": whole["hostPath"]} for device in virtual]
    if wanted.cards:
        made["nic"] = [_card(site, index) for index in range(wanted.cards)]
    return made


def _uuid(site: Site, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"seatrial://{site.name}/{site.slot}/{name}"))


def _card(site: Site, index: int) -> Obj:
    name = f"nic{index}"
    nic = {
        "interface": "fast0",
        "address": f"10.216.{site.slot}.{index + 1}/24",
        "port": f"fabric-{name}",
        "pci": f"0000:{0x81 + index:02x}:00.0",
        "bandwidth": "100G",
        "rdma": False,
    }
    return {"name": name, "index": index, "uuid": _uuid(site, name), "numa": index % 2, "simulated": True, "nic": nic}


def _device(site: Site, name: str, index: int, **more: object) -> Obj:
    identity = {
        "name": name,
        "index": index,
        "uuid": _uuid(site, name),
        "product": PRODUCT,
        "driverVersion": VERSION,
        "simulated": True,
        **more,
    }
    backing = site.path("node", "accelerators", f"{name}.identity")
    backing.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not backing.exists():
        backing.write_bytes(json.dumps(identity).encode().ljust(_SIZE, b"\0"))
    loop = loops(backing.parent).get(str(backing)) or run("losetup", "--find", "--show", str(backing)).strip()
    return identity | {"hostPath": str(_node(site, name, loop)), "containerPath": f"/dev/seatrial/{name}"}


def _node(site: Site, name: str, loop: str) -> Path:
    """A device node of the lab's own, so that it stays what it is when /dev changes."""
    path = site.path("node", "dev", name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    number = Path(loop).stat().st_rdev
    if not path.exists() or path.stat().st_rdev != number:
        path.unlink(missing_ok=True)
        os.mknod(path, stat.S_IFBLK | 0o666, number)
        path.chmod(0o666)
    return path
