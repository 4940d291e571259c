from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from seatrial.catalog.standards import cncf_ai
from seatrial.model.standard import Level, NotYet, Requirement, Standard

STANDARDS = (cncf_ai.V1_33, cncf_ai.V1_34, cncf_ai.V1_35, cncf_ai.V1_36, cncf_ai.V1_37)
KEYS = [standard.key for standard in STANDARDS]


def by_id(standard: Standard) -> dict[str, Requirement]:
    return {requirement.id: requirement for requirement in standard.requirements}


@pytest.mark.parametrize(
    ("standard", "must", "should"), list(zip(STANDARDS, (8, 9, 9, 8, 8), (1, 0, 3, 6, 7), strict=True)), ids=KEYS
)
def test_how_many_requirements_of_each_level_a_version_has(standard: Standard, must: int, should: int) -> None:
    assert Counter(one.level for one in standard.requirements) == Counter({Level.MUST: must, Level.SHOULD: should})
    assert len(by_id(standard)) == must + should


def test_what_came_and_what_went() -> None:
    ids = [set(by_id(standard)) for standard in STANDARDS]
    steps = [(later - earlier, earlier - later) for earlier, later in itertools.pairwise(ids)]
    assert steps == [
        (set(), set()),
        ({"driver_runtime_management", "gpu_sharing", "virtualized_accelerator"}, set()),
        ({"advanced_inference_ingress", "high_performance_networking", "disaggregated_inference"}, {"dra_support"}),
        ({"workload_sandboxing"}, set()),
    ]


def test_dra_support_became_a_must() -> None:
    levels = [by_id(standard)["dra_support"].level for standard in STANDARDS[:3]]
    assert levels == [Level.SHOULD, Level.MUST, Level.MUST]


def test_only_one_text_was_ever_reworded() -> None:
    texts = {(one.id, one.digest) for standard in STANDARDS for one in standard.requirements}
    assert [id for id, number in Counter(id for id, _ in texts).items() if number > 1] == ["accelerator_metrics"]
    assert by_id(cncf_ai.V1_36)["accelerator_metrics"].digest != by_id(cncf_ai.V1_37)["accelerator_metrics"].digest


@pytest.mark.parametrize("standard", STANDARDS, ids=KEYS)
def test_every_requirement_has_a_digest_a_gist_and_a_reason_where_nothing_covers_it(standard: Standard) -> None:
    for one in standard.requirements:
        assert re.fullmatch(r"[0-9a-f]{64}", one.digest), one.id
        assert one.gist.endswith("."), one.id
        assert not isinstance(one.coverage, NotYet) or one.coverage.why, one.id
    assert len({one.digest for one in standard.requirements}) == len(standard.requirements)


def test_columns_are_as_wide_as_there_are_versions() -> None:
    assert {len(row.levels) for row in cncf_ai.ROWS} == {len(cncf_ai.VERSIONS)}
    assert set("".join(row.levels for row in cncf_ai.ROWS)) == {"M", "S", "-"}
