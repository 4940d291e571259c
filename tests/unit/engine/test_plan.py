from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seatrial.engine.permissions import CHANGE, READ, binding, permissions
from seatrial.engine.plan import plan
from seatrial.model.check import Check, check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, passed
from seatrial.model.workbench import Workbench
from tests.unit.engine.scene import Berth, Ship, Tug, catalog, snapshot, tug_system, unreadable

PAGE = "Healthy.\n\nWhy: because.\nFix: mend it."


def is_moored(one: Ship, berths: All[Berth]) -> Verdict:
    return passed("")


async def pulls(tug: Tug, bench: Workbench) -> Verdict:
    return passed("")


async def sails(ships: All[Ship], bench: Workbench) -> Verdict:
    return passed("")


def made(function: Callable[..., Any], *creates: str, uses: tuple[str, ...] = ()) -> Check:
    function.__doc__ = PAGE
    id = f"harbour.{function.__name__.replace('_', '-')}"
    return check(id, severity=Severity.LOW, creates=creates, uses=uses)(function)


MOORED, PULLS, SAILS = made(is_moored), made(pulls, "pods", uses=("exec",)), made(sails, "pods", "apps/deployments")
TUGS = catalog(tug_system("hook"), tug_system("tow"), tug_system("net", found_by=unreadable()))


def test_facts_are_what_checks_read_and_what_shows_their_players() -> None:
    assert plan(TUGS, [MOORED]).facts == (Berth, Ship)
    assert plan(TUGS, [PULLS]).facts == (Berth,)
    assert plan(catalog(tug_system("hook")), [PULLS]).facts == ()


def test_a_passive_plan_creates_nothing_and_asks_for_no_consent() -> None:
    assert plan(TUGS, [MOORED]).creates == ()
    assert plan(TUGS, [MOORED]).consent == ()


def test_an_active_check_creates_what_it_says_and_what_its_players_write() -> None:
    whole = plan(TUGS, [PULLS])
    assert whole.creates == ("hook.example/ropes", "net.example/ropes", "pods", "tow.example/ropes")
    assert [act.subject for act in whole.acts] == ["hook", "tow", "net"]


def test_with_a_snapshot_only_those_who_are_here_count() -> None:
    here = plan(TUGS, [PULLS, SAILS], snapshot(served=("tow.example/tugs",)))
    assert here.consent == (
        "harbour.pulls for tow: a namespace of its own, pods, tow.example/ropes; all removed at the end",
        "harbour.sails: a namespace of its own, apps/deployments, pods; all removed at the end",
    )


def test_reading_needs_no_more_than_to_read() -> None:
    (role,) = permissions(plan(TUGS, [MOORED]))
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["ships"], "verbs": list(READ)},
        {"apiGroups": ["harbour.example"], "resources": ["berths"], "verbs": list(READ)},
    ]


def test_active_checks_bring_a_second_role_with_merged_rules() -> None:
    reads, changes = permissions(plan(catalog(tug_system("hook")), [SAILS, PULLS]))
    assert [rule["verbs"] for rule in reads["rules"]] == [list(READ)]
    assert changes["rules"] == [
        {"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": list(CHANGE)},
        {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create", "get"]},
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": list(CHANGE)},
        {"apiGroups": ["hook.example"], "resources": ["ropes"], "verbs": list(CHANGE)},
    ]


def test_the_order_of_the_checks_changes_no_permission() -> None:
    assert permissions(plan(TUGS, [SAILS, MOORED, PULLS])) == permissions(plan(TUGS, [PULLS, SAILS, MOORED]))


def test_nothing_is_allowed_by_a_star() -> None:
    for role in permissions(plan(TUGS, [SAILS, MOORED, PULLS])):
        for rule in role["rules"]:
            assert "*" not in str(rule)


def test_a_binding_gives_the_role_to_one_account() -> None:
    (role,) = permissions(plan(TUGS, [MOORED]))
    bound = binding(role, account="seatrial", namespace="ops")
    assert bound["roleRef"]["name"] == role["metadata"]["name"]
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "seatrial", "namespace": "ops"}]
