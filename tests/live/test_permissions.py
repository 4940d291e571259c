"""Each check passes under exactly the permissions that are printed for it, and is unknown with one less.

One quick check by default; with SEATRIAL_TEST_MATRIX=whole every check that passes on the healthy lab.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator

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
ACTIVE = sorted(check.id for check in Catalog.installed().checks.values() if check.active)


def one_less(roles: list[Obj]) -> Iterator[tuple[str, list[Obj]]]:
    """The roles without one resource, for each resource that they name."""
    for number, role in enumerate(roles):
        for place, rule in enumerate(role["rules"]):
            for resource in rule["resources"]:
                less = copy.deepcopy(roles)
                less[number]["rules"][place]["resources"].remove(resource)
                if not less[number]["rules"][place]["resources"]:
                    del less[number]["rules"][place]
                yield f"{rule['apiGroups'][0]}/{resource}", less


async def grant(lab: str, roles: list[Obj]) -> None:
    async with connect_to(Target(lab=lab)) as client:
        for role in roles:
            bound = binding(role, account="", namespace="")
            subject = {"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}
            for obj in (role, {**bound, "subjects": [subject]}):
                await client.delete(obj)
                await client.create(obj)


async def outcomes(lab: str, check: str) -> dict[str, tuple[Outcome, str]]:
    target = Target(lab=lab, as_user=USER)
    run = await prove(target, only=(check,), consent=lambda _: True, tell=tell)
    return {finding.subject: (finding.outcome, finding.because) for finding in run.findings}


@pytest.mark.parametrize("check", ACTIVE if WHOLE else [QUICK])
def test_a_check_passes_with_what_is_printed_and_is_unknown_with_one_less(check: str, whole_lab: str) -> None:
    roles = rbac.rules((check,))
    asyncio.run(grant(whole_lab, roles))
    healthy = asyncio.run(outcomes(whole_lab, check))
    assert {one for one, _ in healthy.values()} <= {Outcome.PASS, Outcome.NOT_APPLICABLE}, healthy
    passing = {subject for subject, (outcome, _) in healthy.items() if outcome is Outcome.PASS}
    if not passing:
        pytest.skip(f"{check} applies to nothing in this lab")
    for left_out, less in one_less(roles):
        asyncio.run(grant(whole_lab, less))
        seen = asyncio.run(outcomes(whole_lab, check))
        wrong = {key: value for key, value in seen.items() if value[0] not in (Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)}
        assert not wrong, f"without {left_out}: {wrong}"
        assert any(outcome is Outcome.UNKNOWN for outcome, _ in seen.values()), f"without {left_out}: {seen}"
