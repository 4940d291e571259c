"""What the real node is made of: its devices as data, and what containerd is told of its runtimes."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seatrial.catalog.systems.gvisor import GVISOR
from seatrial.lab import bring, registry
from seatrial.lab.forge import recipes
from seatrial.lab.node import devices, programs
from seatrial.lab.site import Site
from seatrial.model.lab import Accelerators, LabSpec

RUNTIMES = ("containerd", "containerd-shim-runc-v2", "runc", "ptp", "host-local", "loopback", "portmap")
SANDBOX = ("runsc", "containerd-shim-runsc-v1")


@pytest.fixture(autouse=True)
def no_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No loop device and no device node is made."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(devices, "loops", lambda folder: {})
    monkeypatch.setattr(devices, "run", lambda *argv: "/dev/loop99\n")
    monkeypatch.setattr(devices, "_node", lambda site, name, loop: site.path("node", "dev", name))


def site(*, sandbox: bool = False, **settings: Any) -> Site:
    names = (*RUNTIMES, *SANDBOX) if sandbox else RUNTIMES
    spec = LabSpec(name="one", **settings)
    return Site(spec=spec, base=spec, slot=7, ports={}, programs={name: f"/built/{name}" for name in names})


def runtimes(made: Site) -> Mapping[str, Any]:
    files = programs.containerd(made).files
    config = tomllib.loads(next(text for path, text in files.items() if path.endswith("containerd.toml")))
    return dict(config["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"])


def test_no_device_is_handed_out_by_two() -> None:
    made = devices.make(site())
    assert {kind: len(found) for kind, found in made.items()} == {
        "plugin": 4, "dra": 4, "shared": 1, "virtual": 2, "nic": 2
    }  # fmt: skip
    paths = [one["hostPath"] for found in made.values() for one in found if "hostPath" in one]
    assert len(set(paths)) == len(paths)
    assert len({one["uuid"] for one in itertools.chain(*made.values())}) == sum(map(len, made.values()))


def test_virtual_devices_are_parts_of_one_that_nobody_gets() -> None:
    made = devices.make(site())
    (parent,) = {one["parent"] for one in made["virtual"]}
    (path,) = {one["parentPath"] for one in made["virtual"]}
    handed_out = [one for found in made.values() for one in found]
    assert parent not in {one["uuid"] for one in handed_out}
    assert path not in {one.get("hostPath") for one in handed_out}


def test_what_a_device_holds_says_that_it_is_simulated_and_which_it_is() -> None:
    here = site()
    for one in devices.make(here)["virtual"]:
        held = here.path("node", "accelerators", f"{one['name']}.identity").read_bytes()
        assert len(held) == 4096
        identity = json.loads(held.rstrip(b"\0"))
        assert (identity["uuid"], identity["simulated"], identity["virtual"]) == (one["uuid"], True, True)


def test_cards_have_addresses_of_their_own_on_one_network() -> None:
    nics = [one["nic"] for one in devices.make(site())["nic"]]
    assert [nic["address"] for nic in nics] == ["10.216.7.1/24", "10.216.7.2/24"]
    assert len({nic["port"] for nic in nics}) == len(nics)
    assert all(len(nic["port"]) <= 15 for nic in nics), "longer names are no names of interfaces"


def test_a_lab_can_do_without() -> None:
    made = devices.make(site(accelerators=Accelerators(plugin=1, dra=0, replicas=0, virtual=0, cards=0)))
    assert {kind: len(found) for kind, found in made.items()} == {"plugin": 1, "dra": 0}


def test_a_node_is_ready_when_all_its_devices_are_there_and_the_kubelet_has_said_so_since_it_started() -> None:
    conditions = [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-21T14:00:07Z"}]
    offered = programs.offered(site())
    assert offered == {"seatrial.dev/accelerator": 4, "seatrial.dev/accelerator.shared": 4}
    allocatable = {name: str(count) for name, count in offered.items()}
    node = {"spec": {}, "status": {"allocatable": allocatable, "conditions": conditions}}
    assert bring._is_ready(node, offered, "")
    assert bring._is_ready(node, offered, "2026-11-21T14:00:06Z")
    assert not bring._is_ready(node, offered, "2026-11-21T14:00:07Z")
    assert not bring._is_ready(node, {**offered, "seatrial.dev/accelerator.shared": 8}, "")
    assert not bring._is_ready(None, offered, "")


def test_without_gvisor_there_is_no_handler_of_its_name() -> None:
    assert set(runtimes(site())) == {"runc"}


def test_gvisor_has_its_own_shim_and_configuration() -> None:
    made = site(sandbox=True)
    handler = runtimes(made)["runsc"]
    assert handler["runtime_type"] == "io.containerd.runsc.v1"
    files = programs.containerd(made).files
    config = tomllib.loads(files[handler["options"]["ConfigPath"]])
    assert config["runsc_config"]["platform"] == "systrap"


def test_behind_gvisors_name_may_be_plain_runc() -> None:
    handler = runtimes(site(sandbox=True, settings={"gvisor": {"handler": "runc"}}))["runsc"]
    assert handler["runtime_type"] == "io.containerd.runc.v2"
    assert handler["options"]["BinaryName"].endswith("/runc")


def test_containerd_finds_the_shims_that_it_is_told_of() -> None:
    made = site(sandbox=True)
    programs.link_programs(made)
    assert {link.name for link in made.path("node", "bin").iterdir()} == {"containerd-shim-runc-v2", "runc", *SANDBOX}


def test_gvisors_shim_is_built_of_our_own_source_with_its_pins() -> None:
    assert GVISOR.recipe is not None
    build = recipes.of_system("gvisor", GVISOR.recipe)
    assert build.sources is not None
    assert build.sources.joinpath("main.go").exists()
    assert build.version == GVISOR.recipe.version
    handler = GVISOR.recipe.overlay[0]["handler"]
    assert handler in build.programs
    assert f"containerd-shim-{handler}-v1" in build.programs


def test_containerd_trusts_the_lab_s_registry_where_there_is_one() -> None:
    without = programs.containerd(site()).files
    assert not [path for path in without if path.endswith("hosts.toml")]
    plain = site()
    made = msgspec.structs.replace(
        plain,
        ports={"lab-registry:registry": 20007},
        programs={**plain.programs, "lab-registry": "/built/lab-registry"},
    )
    files = programs.containerd(made).files
    config = tomllib.loads(next(text for path, text in files.items() if path.endswith("containerd.toml")))
    ((path, text),) = ((path, text) for path, text in files.items() if path.endswith("hosts.toml"))
    folder, host = path.removesuffix("/hosts.toml").rsplit("/", 1)
    assert config["plugins"]["io.containerd.cri.v1.images"]["registry"]["config_path"] == folder
    assert host == "10.213.7.2:20007"
    (peer,) = tomllib.loads(text)["host"].items()
    assert peer == (f"https://{host}", {"capabilities": ["pull", "resolve"], "ca": str(registry.certificate(made))})
