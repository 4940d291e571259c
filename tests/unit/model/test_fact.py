from __future__ import annotations

import datetime as dt
from typing import ClassVar

import msgspec
import pytest

from seatrial.model.fact import All, Apis, ClusterIdentity, Fact, Gap, GapReason, Meta, Shape, Snapshot
from seatrial.model.system import Holds, Served
from seatrial.model.verdict import Finding, Outcome, Severity


class Hull(Shape, frozen=True):
    draught_cm: int = 0


class Ship(Fact, frozen=True):
    of: ClassVar[str] = "ships"

    spec: Hull = Hull()


ADA = Ship(metadata=Meta(name="ada", namespace="north"))
GAP = Gap("ships", GapReason.FORBIDDEN, "the harbour master says no")


def snapshot(ships: tuple[Ship, ...] | None, *gaps: Gap, served: tuple[str, ...] = ()) -> Snapshot:
    return Snapshot(
        taken_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        cluster=ClusterIdentity(),
        apis=Apis(dict.fromkeys(served, ("v2", "v1"))),
        facts={} if ships is None else {"ships": ships},
        gaps={gap.resource: gap for gap in gaps},
    )


def test_a_fact_reads_only_its_fields_from_an_object_as_kubernetes_writes_it() -> None:
    text = (
        b'{"kind": "Ship", "metadata": {"name": "ada", "managedFields": [1]}, "spec": {"draughtCm": 120, "flag": "x"}}'
    )
    ship = msgspec.json.decode(text, type=Ship)
    assert (ship.name, ship.spec.draught_cm) == ("ada", 120)


@pytest.mark.parametrize(
    ("ship", "subject"),
    [(ADA, "ships/north/ada"), (Ship(metadata=Meta(name="ada")), "ships/ada")],
)
def test_how_a_finding_names_an_object(ship: Ship, subject: str) -> None:
    assert ship.subject == subject


def test_facts_that_were_read_have_no_gap_even_if_there_are_none() -> None:
    assert snapshot((ADA,)).all(Ship) == All((ADA,))
    assert snapshot(()).gap(Ship) is None


def test_facts_that_nobody_read_are_a_gap() -> None:
    gap = snapshot(None).gap(Ship)
    assert gap is not None
    assert gap.reason is GapReason.NOT_COLLECTED


def test_a_gap_is_told_even_beside_facts() -> None:
    partly = snapshot((ADA,), GAP)
    assert partly.gap(Ship) is GAP
    assert partly.all(Ship) == (ADA,)


def test_a_system_that_is_found_by_what_is_served() -> None:
    assert Served("ships").look(snapshot((), served=("ships",))).there is True
    assert Served("ships").look(snapshot(())).there is False


def test_a_system_that_takes_two_others() -> None:
    both = Served("sea.example/ships", beside=("land.example/docks",))
    seen = both.look(snapshot((), served=("sea.example/ships", "land.example/docks")))
    assert seen.there is True
    assert "docks" in seen.how
    assert both.look(snapshot((), served=("land.example/docks",))).there is False
    missing = both.look(snapshot((), served=("sea.example/ships",)))
    assert missing.there is False
    assert missing.how == "land.example/docks is not served"


def test_of_two_the_one_that_is_surely_absent_decides() -> None:
    both = Served("sea.example/ships", beside=("land.example/docks",))
    silent = msgspec.structs.replace(snapshot(()), apis=Apis({}, {"sea.example": "v1 does not answer"}))
    assert both.look(silent).there is False
    half = msgspec.structs.replace(silent, apis=Apis({"land.example/docks": ("v1",)}, silent.apis.broken))
    assert both.look(half).there is None


def test_a_group_whose_server_is_silent_is_neither_there_nor_absent() -> None:
    silent = msgspec.structs.replace(snapshot(()), apis=Apis({}, {"sea.example": "v1 does not answer"}))
    seen = Served("sea.example/ships").look(silent)
    assert seen.there is None
    assert "v1 does not answer" in seen.how


@pytest.mark.parametrize(
    ("facts", "there"),
    [
        (snapshot((ADA,)), True),
        (snapshot(()), False),
        (snapshot(None, GAP), None),
        (snapshot(None), None),
        (snapshot((ADA,), GAP), True),
        (snapshot(None, Gap("ships", GapReason.ABSENT, "")), False),
    ],
)
def test_a_system_that_is_found_by_an_object(facts: Snapshot, there: bool | None) -> None:
    assert Holds(Ship, lambda ship: ship.name == "ada", "her name").look(facts).there is there


def test_the_key_of_a_finding() -> None:
    def key(subject: str) -> str:
        return Finding(check="a.b", subject=subject, outcome=Outcome.PASS, severity=Severity.LOW, because="").key

    assert key("ships/ada") == "a.b@ships/ada"
    assert key("") == "a.b"


def test_facts_are_found_by_name_and_of_two_the_first() -> None:
    other = Ship(metadata=Meta(name="ada", namespace="south"))
    found = snapshot((ADA, other)).all(Ship)
    assert found.by_name == {"ada": ADA}
    assert found == All((ADA, other))


def test_of_facts_that_share_their_parts_the_first_is_told() -> None:
    labels, hull = {"fleet": "north"}, Hull(draught_cm=5)
    ada, bob = (Ship(metadata=Meta(name=name, labels=labels), spec=hull) for name in ("ada", "bob"))
    eve = Ship(metadata=Meta(name="eve", labels={"fleet": "south"}), spec=hull)
    ships = snapshot((ada, bob, eve)).all(Ship)
    assert ships.first_by("metadata.labels", "spec") == (ada, eve)
    asked: list[str] = []

    def south(ship: Ship) -> bool:
        asked.append(ship.name)
        return ship.metadata.labels["fleet"] == "south"

    sighting = Holds(Ship, south, "her flag", ("metadata.labels", "spec")).look(snapshot((ada, bob, eve)))
    assert (sighting.there, sighting.how, asked) == (True, "ships/eve shows her flag", ["ada", "eve"])
