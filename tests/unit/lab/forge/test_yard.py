"""Systems come in the order in which a lab starts them, whatever their builds take, and none is lost silently."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from seatrial.lab.forge import Programs, Yard
from seatrial.lab.forge.obtain import Forge
from seatrial.model.errors import BuildError
from seatrial.model.progress import silent
from seatrial.model.system import Recipe


def recipe(*needs: str) -> Recipe:
    return Recipe(module="", version="", programs={}, manifests=(), processes=(), needs=needs)


KNOWN = {"cargo": recipe("ship"), "queue": recipe(), "ship": recipe()}


class Slips:
    """Builds that end when the test says so, and how."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ends: dict[str, asyncio.Future[None]] = {}

        async def have(forge: Forge, name: str) -> Programs:
            assert forge.aside
            await self.end(name)
            return Programs()

        monkeypatch.setattr(Forge, "have", have)

    def end(self, name: str) -> asyncio.Future[None]:
        return self.ends.setdefault(name, asyncio.get_running_loop().create_future())

    def done(self, *names: str) -> None:
        for name in names:
            self.end(name).set_result(None)

    def broken(self, name: str) -> None:
        self.end(name).set_exception(BuildError(f"{name} does not compile", way_out="mend it"))


@pytest.fixture
def slips(monkeypatch: pytest.MonkeyPatch) -> Slips:
    return Slips(monkeypatch)


def yard(*names: str, within: float | None = None) -> Yard:
    return Yard(names, KNOWN, kubernetes="1.37", within=within, tell=silent)


async def test_what_is_built_already_is_ready_at_once(slips: Slips) -> None:
    slips.done("ship", "cargo")
    async with yard("ship", "cargo") as there:
        assert there.ready == ("ship", "cargo")
        assert not await there.more()


async def test_a_system_waits_for_those_before_it(slips: Slips) -> None:
    async with yard("ship", "cargo", "queue") as there:
        slips.done("cargo")
        waiting = asyncio.create_task(there.more())
        await asyncio.sleep(0)
        assert there.ready == ()
        slips.done("ship")
        assert await waiting
        assert there.ready == ("ship", "cargo")
        slips.done("queue")
        assert await there.more()
        assert there.ready == ("ship", "cargo", "queue")
        assert not await there.more()
    assert there.left == {}


async def test_a_build_that_fails_is_left_out_with_its_reason_and_what_needs_it(slips: Slips) -> None:
    async with yard("ship", "cargo", "queue") as there:
        slips.broken("ship")
        slips.done("cargo", "queue")
        assert await there.more()
    assert there.ready == ("queue",)
    assert there.left["ship"].broken
    assert there.left["ship"].why == "ship does not compile mend it"
    assert "needs ship" in there.left["cargo"].why
    assert not there.left["cargo"].broken


async def test_what_is_not_built_in_time_is_left_out_and_its_build_ended(slips: Slips) -> None:
    slips.done("ship")
    async with yard("ship", "queue", within=0.01) as there:
        assert not await there.more()
        assert slips.end("queue").cancelled()
    assert there.ready == ("ship",)
    assert "not built within" in there.left["queue"].why


async def test_what_is_built_when_the_time_is_up_is_ready_although_another_before_it_is_not(slips: Slips) -> None:
    slips.done("queue")
    async with yard("ship", "queue", within=0.01) as there:
        assert await there.more()
        assert there.ready == ("queue",)
        assert set(there.left) == {"ship"}


async def test_leaving_ends_every_build(slips: Slips) -> None:
    async with yard("ship", "queue") as there:
        assert there.ready == ()
    assert slips.end("ship").cancelled()
    assert slips.end("queue").cancelled()


async def test_an_error_that_is_no_failed_build_is_raised(slips: Slips) -> None:
    async with yard("ship") as there:
        slips.end("ship").set_exception(ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await there.more()


async def test_a_real_forge_finds_what_it_built_before_at_once(
    go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatrial.lab.forge.recipes.PROGRAMS", tmp_path)
    pins = tmp_path / "systems" / "x"
    pins.mkdir(parents=True)
    pins.joinpath("go.mod").write_text("module x\n\ngo 1.26.0\n")
    known = {"x": Recipe(module="m", version="", programs={"x": "m/cmd"}, manifests=(), processes=())}
    go.joinpath("module").mkdir()
    async with Yard(["x"], known, kubernetes="1.37", within=None, tell=silent) as first:
        assert first.ready == ()
        assert await first.more()
    go.joinpath("go").unlink()
    async with Yard(["x"], known, kubernetes="1.37", within=None, tell=silent) as second:
        assert second.ready == ("x",)
