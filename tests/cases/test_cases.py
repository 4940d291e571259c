from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from seatrial.engine.catalog import Catalog
from tests.cases.runner import Case, check_of, play, read

HERE = Path(__file__).parent
PLAYED = [
    pytest.param(check_of(path), case, id=f"{check_of(path)}: {case.name}")
    for path in sorted(HERE.glob("*/*.yaml"))
    for case in read(path)
]


@cache
def catalog() -> Catalog:
    return Catalog.load("seatrial.catalog")


@pytest.mark.parametrize(("check", "case"), PLAYED)
async def test_the_check_judges_the_case(check: str, case: Case) -> None:
    assert await play(catalog(), catalog().check(check), case) == case.expect
