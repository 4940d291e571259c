"""Simulated accelerators: real block devices of this host whose content says which one they are.

A loop device is the smallest thing that a container can or cannot open: by default no container may, a device plugin or a DRA
driver has to let it in. What it reads there is the device's own identity, so no name or number can lie about it.
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
_SIZE = 4096


def make(site: Site) -> dict[str, list[Obj]]:
    """The devices of each mechanism as its driver wants to hear of them. None is handed out by both."""
    accelerators = site.spec.accelerators
    plugin = [_device(site, index) for index in range(accelerators.plugin)]
    dra = [_device(site, index) for index in range(accelerators.plugin, accelerators.plugin + accelerators.dra)]
    return {"plugin": plugin, "dra": dra}


def _device(site: Site, index: int) -> Obj:
    name = f"accel{index}"
    identity = {
        "name": name,
        "index": index,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"seatrial://{site.name}/{site.slot}/{name}")),
        "product": PRODUCT,
        "simulated": True,
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
