"""What other tools and other people hand in: their results, their loads, their submissions."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.app import load_files, load_report, submit
from seatrial.app.importing import import_results
from seatrial.kit.clock import FakeClock
from tests.fuzz import few, half
from tests.fuzz.shapes import anything, damaged
from tests.fuzz.test_files import plain, replaced, survives
from tests.unit.foreign import samples as results
from tests.unit.submission import samples as submissions

LOG = results.ginkgo(*results.conformance(3), planned=3)
EVENTS = results.events((results.GANG, "pass", 3.0), (results.SECURE, "fail", 1.0), said="x")
JUNIT = results.junit((results.GANG, "pass"), (results.SECURE, "skip"))
ARCHIVE = results.sonobuoy(LOG, JUNIT)
HERE = Path(__file__).parent.parent
LOADS = {
    path.name: path.read_bytes()
    for path in (
        *sorted((HERE / "unit" / "foreign" / "loads").glob("*.json")),
        *(HERE / "faces" / name for name in ("load.json", "series.json")),
    )
}
PRODUCT = submissions.PRODUCT.encode()
lines = st.lists(
    st.sampled_from([*LOG.splitlines(), *results.GO_LOG.splitlines(), "--- FAIL: a (1x)", "Will run 9 of 9 specs", "\x1b[31m", "\u202e"])
    | st.text(max_size=20),
    max_size=30,
).map("\n".join)  # fmt: skip


def import_file(path: Path) -> None:
    run = import_results([path], clock=FakeClock())
    assert run.findings


def show_load(path: Path) -> None:
    outcome = load_files.read(path)
    for face in ("text", *load_report.FACES):
        load_report.render(outcome, face)
    assert load_report.exit_code(outcome) in (0, 1, 3)


def lint(path: Path) -> None:
    report = asyncio.run(submit.lint([path]))
    for form in submit.rendering.FORMS:
        submit.render(report, form)


@given(
    damaged(LOG.encode())
    | damaged(EVENTS)
    | damaged(JUNIT.encode())
    | damaged(results.GO_LOG.encode())
    | damaged(ARCHIVE)
    | lines.map(lambda text: text.encode(errors="replace"))
)
def test_results_of_test_suites(data: bytes) -> None:
    survives(import_file, data, "junit.xml")


@few
@given(
    st.sampled_from(sorted(LOADS)).flatmap(lambda name: damaged(LOADS[name]) | replaced(json.loads(LOADS[name])))
    | st.builds(plain, anything)
)
def test_results_of_loads(data: bytes) -> None:
    survives(show_load, data, "load.json")


@half
@given(
    damaged(PRODUCT)
    | st.builds(lambda value: PRODUCT + plain(value), anything)
    | st.builds(plain, anything)
    | st.binary(max_size=60)
)
def test_submissions(data: bytes) -> None:
    survives(lint, data, "PRODUCT.yaml")


@pytest.mark.parametrize("name", sorted(LOADS))
def test_the_loads_are_good_before_anything_is_done_to_them(name: str) -> None:
    show_load(HERE / ("faces" if name in ("load.json", "series.json") else "unit/foreign/loads") / name)


@pytest.mark.parametrize("data", [LOG.encode(), EVENTS, JUNIT.encode(), results.GO_LOG.encode(), ARCHIVE])
def test_the_results_are_good_before_anything_is_done_to_them(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "results"
    path.write_bytes(data)
    import_file(path)


def test_the_product_is_good_before_anything_is_done_to_it(tmp_path: Path) -> None:
    path = tmp_path / "PRODUCT.yaml"
    path.write_bytes(PRODUCT)
    given: Any = asyncio.run(submit.lint([path]))
    assert given.files == (str(path),)
