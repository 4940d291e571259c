from __future__ import annotations

import json
from pathlib import Path

import pytest

from seatrial.app.prove import choose, prove
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.model.errors import UsageError
from seatrial.model.standard import Automated
from seatrial.model.verdict import Outcome

CATALOG = Catalog.installed()
STANDARD = CATALOG.standard("cncf-ai@1.35")


def ids(*only: str, standard: bool = True) -> set[str]:
    return {check.id for check in choose(CATALOG, STANDARD if standard else None, only)}


def test_a_standard_stands_for_the_checks_that_cover_it() -> None:
    coverage = [one.coverage for one in STANDARD.requirements if isinstance(one.coverage, Automated)]
    assert ids() == {check for one in coverage for check in one.checks}
    assert ids("gang_scheduling") == {"gang.starts-whole-or-not-at-all"}
    assert len(ids("dra_support")) == 2


def test_without_a_standard_all_checks_that_judge_a_platform_are_chosen() -> None:
    assert ids(standard=False) == {check.id for check in CATALOG.checks.values() if check.active}
    assert ids("preflight.pools-can-grow", standard=False) == {"preflight.pools-can-grow"}


def test_a_check_can_be_named_by_itself() -> None:
    assert ids("gang.starts-whole-or-not-at-all", standard=False) == {"gang.starts-whole-or-not-at-all"}


def test_what_is_neither_a_check_nor_a_requirement_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        ids("gang_schedulin")
    assert "did you mean gang_scheduling" in caught.value.way_out
    with pytest.raises(UsageError) as caught:
        ids("quux")
    assert caught.value.way_out == "seatrial list checks shows all"


def test_an_area_stands_for_its_proofs() -> None:
    assert ids("dra", standard=False) == {one.id for one in CATALOG.checks.values() if one.active and one.area == "dra"}
    assert len(ids("dra", standard=False)) == 2


async def test_manifests_alone_prove_nothing_and_no_leave_is_asked_for(tmp_path: Path) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": []}}
    (tmp_path / "pod.json").write_text(json.dumps(pod))

    def never(creates: object) -> bool:
        raise AssertionError("nobody is to be asked")

    run = await prove(Target(manifests=str(tmp_path)), standard="cncf-ai@1.36", consent=never)
    assert {one.outcome for one in run.findings} <= {Outcome.UNKNOWN, Outcome.NOT_APPLICABLE}
    assert all(one.outcome is not Outcome.PASS for one in run.requirements)


async def test_two_targets_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="different targets"):
        await prove(Target(manifests="a", snapshot=Path("b")), consent=lambda _: True)
