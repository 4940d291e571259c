from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.model.check import Want, check
from seatrial.model.errors import CatalogError
from seatrial.model.fact import All, Apis, Fact
from seatrial.model.role import Role
from seatrial.model.verdict import Severity, Verdict, passed
from seatrial.model.workbench import Workbench


class Ship(Fact, frozen=True):
    of: ClassVar[str] = "ships"


class Berth(Fact, frozen=True):
    of: ClassVar[str] = "harbour.example/berths"


class Tug(Role, frozen=True, kw_only=True):
    title: ClassVar[str] = "tug"


make = check("harbour.is-moored", severity=Severity.LOW, creates=("pods",), exclusive=("quay",))


def page(function: Callable[..., Any], text: str = "Healthy.\n\nWhy: because.\nFix: mend it.") -> Callable[..., Any]:
    function.__doc__ = text
    return function


def test_the_signature_is_the_manifest() -> None:
    def is_moored(one: Ship, berths: All[Berth], apis: Apis, bench: Workbench) -> Verdict:
        return passed("")

    made = make(page(is_moored))
    assert [(p.name, p.want) for p in made.parameters] == [
        ("one", Want.ONE),
        ("berths", Want.ALL),
        ("apis", Want.APIS),
        ("bench", Want.BENCH),
    ]
    assert made.area == "harbour"
    assert made.active
    assert made.reads == (Ship, Berth)
    assert made.per_object is not None
    assert made.per_object.kind is Ship
    assert made.role is None
    assert (made.creates, made.exclusive) == (("pods",), ("quay",))


def test_a_role_is_no_fact() -> None:
    def is_moored(tug: Tug) -> Verdict:
        return passed("")

    made = make(page(is_moored))
    assert made.role is Tug
    assert made.reads == ()
    assert not made.active


def test_a_check_loops_over_one_thing() -> None:
    def is_moored(one: Ship, tug: Tug) -> Verdict:
        return passed("")

    with pytest.raises(CatalogError, match=r"harbour\.is-moored: runs once per one and per tug"):
        make(page(is_moored))


def test_a_parameter_of_another_type_is_refused() -> None:
    def is_moored(depth: int) -> Verdict:
        return passed("")

    with pytest.raises(CatalogError, match="parameter 'depth' is <class 'int'>"):
        make(page(is_moored))


def test_a_parameter_without_a_type_is_refused() -> None:
    def is_moored(depth) -> Verdict:  # type: ignore[no-untyped-def]
        return passed("")

    with pytest.raises(CatalogError, match="parameter 'depth' is None"):
        make(page(is_moored))


def test_the_docstring_is_the_page() -> None:
    def is_moored() -> Verdict:
        return passed("")

    text = """Every ship is moored.

    Some words that are not published.

    Why: a loose ship
        drifts.
    Fix: throw a line.
    """
    made = make(page(is_moored, text))
    assert (made.title, made.why, made.fix) == ("Every ship is moored.", "a loose ship drifts.", "throw a line.")


PARTS = {"title": "Healthy.\n\n", "why": "Why: because.\n", "fix": "Fix: mend it."}


@pytest.mark.parametrize("missing", PARTS)
def test_a_page_without_one_of_its_parts_is_refused(missing: str) -> None:
    def is_moored() -> Verdict:
        return passed("")

    with pytest.raises(CatalogError, match="docstring needs"):
        make(page(is_moored, "".join(text for part, text in PARTS.items() if part != missing)))


@given(st.text())
def test_any_docstring_is_a_page_or_refused(text: str) -> None:
    def is_moored() -> Verdict:
        return passed("")

    try:
        made = make(page(is_moored, text))
    except CatalogError:
        return
    assert made.why
    assert made.fix
