from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from seatrial.lab.process import Service, last_words, running, start, stop
from seatrial.model.errors import LabError


def sleeper(name: str = "sleeper", seconds: str = "60") -> Service:
    return Service(name=name, argv=("sleep", seconds))


async def test_a_process_is_found_by_its_lab_and_stopped_by_its_name(tmp_path: Path) -> None:
    start(sleeper("one"), tmp_path)
    start(sleeper("two"), tmp_path)
    assert [alive.name for alive in running(tmp_path)] == ["one", "two"]
    assert running(tmp_path / "elsewhere") == ()
    await stop(tmp_path, ("one",))
    assert [alive.name for alive in running(tmp_path)] == ["two"]
    await stop(tmp_path, ("two",))
    assert running(tmp_path) == ()


def test_what_does_not_heed_is_killed(tmp_path: Path) -> None:
    stubborn = Service(name="stubborn", argv=("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"))
    start(stubborn, tmp_path)
    while "up" not in last_words(tmp_path, "stubborn"):
        time.sleep(0.01)
    asyncio.run(stop(tmp_path, ("stubborn",), grace=0.1))
    assert running(tmp_path) == ()


def test_any_change_of_a_service_changes_its_digest() -> None:
    same, other = sleeper(), sleeper(seconds="61")
    assert same.digest == sleeper().digest
    assert same.digest != other.digest
    assert same.digest != Service(name="sleeper", argv=same.argv, files={"/a": "b"}).digest


async def test_its_files_are_private_and_its_environment_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    config = tmp_path / "etc" / "config"
    start(Service(name="env", argv=("env",), env={"COLOUR": "blue"}, files={str(config): "text"}), tmp_path).wait()
    said = last_words(tmp_path, "env", lines=50)
    assert "COLOUR=blue" in said
    assert "hunter2" not in said
    assert config.read_text() == "text"
    assert config.stat().st_mode & 0o077 == 0


def test_a_program_that_is_not_there_is_a_lab_error(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="nobody could not be started"):
        start(Service(name="nobody", argv=("/nowhere/nobody",)), tmp_path)
