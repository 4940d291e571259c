from __future__ import annotations

import threading
from pathlib import Path

import pytest

from seatrial.lab import site as sites
from seatrial.lab.site import Site
from seatrial.model.errors import LabError, UsageError
from seatrial.model.lab import LabSpec


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def made(name: str, slot: int = 0, ports: dict[str, int] | None = None) -> Site:
    site = Site(spec=LabSpec(name=name), base=LabSpec(name=name), slot=slot, ports=ports or {}, programs={})
    site.root.mkdir(parents=True)
    site.save()
    return site


def test_what_is_saved_is_loaded() -> None:
    site = made("one", 3, {"etcd": 20001})
    assert sites.load("one") == site
    assert site.path("lab.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a-", "a" * 21, "../a", "a/b", "ä"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UsageError, match="is no name for a lab"):
        sites.check_name(name)


def test_a_spoilt_record_says_how_to_get_rid_of_it() -> None:
    made("one").path("lab.json").write_text("{")
    with pytest.raises(LabError) as caught:
        sites.load("one")
    assert "seatrial lab down --name one" in caught.value.way_out
    assert sites.load_if_sound("one") is None


def test_one_command_at_a_time() -> None:
    with (
        sites.locked("one"),
        pytest.raises(LabError, match="another command is changing lab 'one'"),
        sites.locked("one"),
    ):
        pass
    with sites.locked("one"):
        pass


def test_the_lock_of_a_lab_that_never_came_to_be_is_gone() -> None:
    with pytest.raises(LabError, match="no root"), sites.locked("one"):
        raise LabError("no root")
    assert list(sites.labs().iterdir()) == []
    made("one")
    with sites.locked("one"):
        pass
    assert (sites.labs() / ".one.lock").exists()


def test_labs_side_by_side_take_other_slots_and_ports() -> None:
    made("one", 0, {"etcd": 20000, "kube-apiserver": 20001})
    assert sites.free_slot("two") != 0
    assert not set(sites.free_ports("two", ["etcd", "kwok"], {}).values()) & {20000, 20001}


def test_ports_that_a_lab_has_stay() -> None:
    assert sites.free_ports("one", ["etcd", "kwok"], {"etcd": 20007})["etcd"] == 20007


def test_who_asks_for_a_lab_that_is_not_there_learns_which_are() -> None:
    made("one")
    with pytest.raises(UsageError, match=r"there is no lab 'two' \(labs: one\)"):
        sites.need("two")


def test_labs_choose_one_after_the_other() -> None:
    sites.labs().mkdir(parents=True)
    chosen: list[str] = []

    def choose() -> None:
        with sites.choosing():
            chosen.append("second")

    with sites.choosing():
        other = threading.Thread(target=choose)
        other.start()
        other.join(0.05)
        chosen.append("first")
    other.join()
    assert chosen == ["first", "second"]
    assert list(sites.labs().iterdir()) == []
