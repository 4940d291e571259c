"""Each check passes under exactly the permissions that are printed for it, and is unknown with one less.

One quick check by default; with SEATRIAL_TEST_MATRIX=whole every check that passes on the healthy lab. Resources that no check
uses both of are taken away in one go, so that each check still lacks one alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from seatrial.app import rbac
from seatrial.app.prove import prove
from seatrial.app.reach import connect_to
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.engine.permissions import binding
from seatrial.model.fact import Obj
from seatrial.model.verdict import Outcome
from tests.live.conftest import WHOLE, tell

USER = "test:least"
QUICK = "dra.resource-api-is-served-and-writable"
CHOSEN = tuple(sorted(c.id for c in Catalog.installed().checks.values() if c.active)) if WHOLE else (QUICK,)

Resource = tuple[str, str]
Round = tuple[Resource, ...]


def named(roles: list[Obj]) -> set[Resource]:
    """Every resource of these roles, with its group."""
    rules = [rule for role in roles for rule in role["rules"]]
    return {(rule["apiGroups"][0], resource) for rule in rules for resource in rule["resources"]}


def without(roles: list[Obj], less: Round) -> list[Obj]:
    """The roles without these resources."""
    left = []
    for role in roles:
        rules = []
        for rule in role["rules"]:
            resources = [one for one in rule["resources"] if (rule["apiGroups"][0], one) not in less]
            rules += [{**rule, "resources": resources}] if resources else []
        left.append({**role, "rules": rules})
    return left


# What is printed because it is needed elsewhere: on other releases, or with what the lab has only the definitions of.
ELSEWHERE = {
    ("monitoring.coreos.com", "podmonitors"): "no Prometheus of the operator runs in the lab, so that none is made",
    ("scheduling.k8s.io", "workloads"): "later releases than 1.35 have PodGroups that stand alone",
}

USES = {check: named(rbac.rules((check,))) for check in CHOSEN}
RESOURCES = sorted(set().union(*USES.values()))


def users(resource: Resource) -> set[str]:
    return {check for check, used in USES.items() if resource in used}


def rounds() -> list[Round]:
    """What most checks use goes first; the others join the first round whose checks are all others than theirs."""
    found: list[Round] = []
    for resource in sorted(RESOURCES, key=lambda one: (-len(users(one)), one)):
        for place, there in enumerate(found):
            if not any(users(resource) & users(other) for other in there):
                found[place] = (*there, resource)
                break
        else:
            found.append((resource,))
    return found


async def grant(lab: str, roles: list[Obj]) -> None:
    async with connect_to(Target(lab=lab)) as client:
        for role in roles:
            bound = binding(role, account="", namespace="")
            subject = {"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}
            for obj in (role, {**bound, "subjects": [subject]}):
                await client.delete(obj)
                await client.create(obj)


async def outcomes(lab: str, *checks: str) -> dict[str, dict[str, tuple[Outcome, str]]]:
    """By check and subject."""
    target = Target(lab=lab, as_user=USER)
    run = await prove(target, only=checks, consent=lambda _: True, tell=tell)
    found: dict[str, dict[str, tuple[Outcome, str]]] = {check: {} for check in checks}
    for finding in run.findings:
        if finding.check in found:
            found[finding.check][finding.subject] = (finding.outcome, finding.because)
    return found


class Least:
    """What each check found with what is printed for it, and with one resource less; asked once."""

    def __init__(self, lab: str) -> None:
        self._lab = lab
        self._enough: dict[str, dict[str, tuple[Outcome, str]]] = {}
        self._lacking: dict[Round, Mapping[str, dict[str, tuple[Outcome, str]]]] = {}

    def enough(self, check: str) -> dict[str, tuple[Outcome, str]]:
        if check not in self._enough:
            asyncio.run(grant(self._lab, rbac.rules((check,))))
            self._enough[check] = asyncio.run(outcomes(self._lab, check))[check]
        return self._enough[check]

    def lacking(self, resource: Resource) -> Mapping[str, dict[str, tuple[Outcome, str]]]:
        together = next(one for one in rounds() if resource in one)
        if together not in self._lacking:
            checks = sorted(set().union(*(users(one) for one in together)))
            asyncio.run(grant(self._lab, without(rbac.rules(tuple(checks)), together)))
            self._lacking[together] = asyncio.run(outcomes(self._lab, *checks))
        return self._lacking[together]


@pytest.fixture(scope="module")
def least(whole_lab: str) -> Least:
    return Least(whole_lab)


@pytest.mark.parametrize("check", CHOSEN)
def test_a_check_passes_with_what_is_printed_for_it(check: str, least: Least) -> None:
    found = least.enough(check)
    assert {one for one, _ in found.values()} <= {Outcome.PASS, Outcome.NOT_APPLICABLE} or not_started(found), found


@pytest.mark.parametrize("resource", RESOURCES, ids="/".join)
def test_with_one_resource_less_a_check_is_unknown(resource: Resource, least: Least) -> None:
    if reason := ELSEWHERE.get(resource):
        pytest.skip(reason)
    passing = [c for c in sorted(users(resource)) if any(one is Outcome.PASS for one, _ in least.enough(c).values())]
    if not passing:
        pytest.skip("no check that uses it applies to this lab")
    for check in passing:
        seen = least.lacking(resource)[check]
        told = {outcome for outcome, _ in seen.values()}  # of several subjects some may do without it
        assert Outcome.UNKNOWN in told, f"{check}: {seen}"
        assert not told & {Outcome.FAIL, Outcome.ERROR}, f"{check}: {seen}"


def not_started(found: dict[str, tuple[Outcome, str]]) -> bool:
    return all(because.startswith("not started") for _, because in found.values())
