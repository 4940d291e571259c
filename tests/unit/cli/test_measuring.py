"""``seatrial bench METRIC``: what reaches the app, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.app.bench import Extent
from seatrial.app.target import Target
from seatrial.cli.main import main
from tests.unit.report.runs import a_run


@pytest.fixture
def asked(app: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def bench(where: Target, *, consent: Any, tell: Any, **more: Any) -> Any:
        found.update(more, where=where)
        return a_run()

    app("bench", bench=bench, Extent=Extent, exit_code=lambda run: 0)
    return found


def test_everything_that_is_said_is_asked_for(asked: dict[str, Any]) -> None:
    argv = [
        "bench",
        "gangs",
        "--context",
        "prod",
        "--window",
        "10m",
        "--gangs",
        "300",
        "--times",
        "5",
        "--target",
        "gangs=99.5",
    ]
    assert main(argv) == 0
    assert asked.pop("command").startswith("seatrial bench gangs")
    assert asked == {
        "where": Target(context="prod", window=600),
        "names": ("gangs",),
        "extent": Extent(times=5, gangs=300),
        "targets": {"gangs": 99.5},
        "image": None,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        ["bench"],
        ["bench", "speed"],
        ["bench", "all", "--window", "soon"],
        ["bench", "all", "--window", "0s"],
        ["bench", "all", "--window", "900h"],
        ["bench", "gangs", "--gangs", "0"],
        ["bench", "gangs", "--times", "-1"],
        ["bench", "gangs", "--target", "99"],
        ["bench", "gangs", "--target", "gangs=many"],
        ["bench", "all", "--snapshot", "file"],
    ],
)
def test_what_makes_no_sense_is_wrong_usage(asked: dict[str, Any], wrong: list[str], capsys: Any) -> None:
    assert main(wrong) == 2
    assert not asked
    assert "Traceback" not in capsys.readouterr().err
