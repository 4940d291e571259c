from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seatrial.engine.catalog import Catalog
from seatrial.model.errors import CatalogError, UsageError

IMPORTS = """
from typing import ClassVar
from seatrial.model.check import check
from seatrial.model.fact import Apis, Fact
from seatrial.model.fault import Fault
from seatrial.model.role import Role
from seatrial.model.standard import Automated, Level, Requirement, Standard
from seatrial.model.system import Served, System
from seatrial.model.verdict import Severity, Verdict, passed
import datetime as dt
"""

CHECK = '''
@check("{id}", severity=Severity.LOW)
def {function}(apis: Apis) -> Verdict:
    """Healthy.

    Why: because.
    Fix: mend it.
    """
    return passed("")
'''

Write = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a package of the given modules and return its name, which no other test shares."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def write(name: str = "made_up", **modules: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(IMPORTS + textwrap.dedent(text))
        return name

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def written(id: str, function: str = "is_up") -> str:
    return CHECK.format(id=id, function=function)


def test_it_collects_values_of_every_kind_from_all_modules(package: Write) -> None:
    name = package(
        quay=written("quay.is-up"),
        things="""
            from made_up.quay import is_up
            CRANE = System(id="crane", title="Crane", home="", found_by=Served("cranes"))
            FOG = Fault(id="fog", title="Fog", fails=("quay.is-up@crane",), change=lambda spec: spec, needs=("crane",))
            RULES = Standard(id="rules", version="1", title="", stated=dt.date(2026, 1, 1), source="", requirements=(
                Requirement(id="r", category="c", level=Level.MUST, gist="", digest="", coverage=Automated(("quay.is-up",))),
            ))
            again = CRANE
        """,
    )
    catalog = Catalog.load(name)
    assert list(catalog.checks) == ["quay.is-up"]
    assert list(catalog.systems) == ["crane"]
    assert list(catalog.faults) == ["fog"]
    assert list(catalog.standards) == ["rules@1"]


def test_an_id_that_is_taken_names_both_modules(package: Write) -> None:
    package("ours", quay=written("quay.is-up"))
    package("theirs", quay=written("quay.is-up"))
    with pytest.raises(CatalogError, match=r"check quay\.is-up is defined twice: in ours\.quay and in theirs\.quay"):
        Catalog.load("ours", "theirs")


FITS_NOT = {
    "an id that is not the function's name": (
        written("quay.is-down"),
        r"check quay\.is-down in .*quay is the function is_up",
    ),
    "an id without an area": (written("is-up"), "not named <area>"),
    "an area that is not the module's": (written("pier.is-up"), r"check pier\.is-up stands in made_up\.quay"),
    "a fault whose check is missing": (
        """FOG = Fault(id="fog", title="", fails=("quay.gone@x",), change=lambda spec: spec)""",
        r"fault fog must fail quay\.gone@x",
    ),
    "a fault that needs an unknown system": (
        """FOG = Fault(id="fog", title="", fails=(), change=lambda spec: spec, needs=("crane",))""",
        "fault fog needs system crane",
    ),
    "a standard that names a missing check": (
        """
        RULES = Standard(id="rules", version="1", title="", stated=dt.date(2026, 1, 1), source="", requirements=(
            Requirement(id="r", category="c", level=Level.MUST, gist="", digest="", coverage=Automated(("quay.gone",))),
        ))
        """,
        r"standard rules@1 covers r with quay\.gone",
    ),
    "two shapes of one resource": (
        """
        class One(Fact, frozen=True):
            of: ClassVar[str] = "ships"
        class Two(Fact, frozen=True):
            of: ClassVar[str] = "ships"
        CRANE = System(id="crane", title="", home="", found_by=Served("cranes"), facts=(One, Two))
        """,
        r"ships is read as made_up\.quay\.One and as made_up\.quay\.Two",
    ),
    "a fact without a resource": (
        """
        class One(Fact, frozen=True):
            pass
        CRANE = System(id="crane", title="", home="", found_by=Served("cranes"), facts=(One,))
        """,
        r"fact made_up\.quay\.One names no resource",
    ),
    "two systems that share a player": (
        """
        class Lifter(Role, frozen=True, kw_only=True):
            title: ClassVar[str] = "lifter"
        CRANE = System(id="crane", title="", home="", found_by=Served("cranes"), roles=(Lifter(player="x"),))
        HOIST = System(id="hoist", title="", home="", found_by=Served("hoists"), roles=(Lifter(player="x"),))
        """,
        "the player x of lifter belongs to system crane and to system hoist",
    ),
}


@pytest.mark.parametrize(("text", "says"), FITS_NOT.values(), ids=FITS_NOT)
def test_what_does_not_fit_together_is_refused(package: Write, text: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says):
        Catalog.load(package(quay=text))


def test_a_package_that_does_not_import_is_named(package: Write) -> None:
    name = package(quay="import no_such_module")
    with pytest.raises(CatalogError, match=rf"{name}.*no_such_module") as refused:
        Catalog.load(name)
    assert isinstance(refused.value.__cause__, ImportError)


def test_a_name_that_is_not_there_brings_the_nearest_ones(package: Write) -> None:
    catalog = Catalog.load(package(quay=written("quay.is-up")))
    assert catalog.check("quay.is-up").title == "Healthy."
    with pytest.raises(UsageError, match=r"no check 'quay\.is-uo'") as refused:
        catalog.check("quay.is-uo")
    assert refused.value.way_out == "did you mean quay.is-up?"
    for look in (catalog.system, catalog.standard, catalog.fault):
        with pytest.raises(UsageError, match="nothing-like-it"):
            look("nothing-like-it")
