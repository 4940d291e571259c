from pathlib import PurePosixPath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.attest.layout import layout, safe
from seatrial.model.standard import RequirementResult
from tests.unit.attest.scene import stored


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cncf-ai@1.35", "cncf-ai@1.35"),
        ("gang.starts-whole", "gang.starts-whole"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("", "unnamed"),
        ("…", "unnamed"),
        ("a\x1b[31m\n`b`", "a-31m-b"),
    ],
)
def test_names_are_made_safe(name: str, path: str) -> None:
    assert safe(name) == path


@given(st.text(max_size=200))
def test_no_name_leaves_its_folder(name: str) -> None:
    made = safe(name)
    assert made
    assert len(made) <= 100
    assert PurePosixPath(made).parts == (made,)
    assert made not in (".", "..")


def test_alike_ids_stay_apart_where_letters_have_no_size() -> None:
    one = stored().requirements[0]
    alike = [msgspec.structs.replace(one, id=id) for id in ("a b", "a-b", "A B")]
    assert [page.path for page in _layout(*alike)] == [
        "requirements/cncf-ai@1.35/a-b.md",
        "requirements/cncf-ai@1.35/a-b-2.md",
        "requirements/cncf-ai@1.35/A-B-3.md",
    ]


def _layout(*requirements: RequirementResult):  # type: ignore[no-untyped-def]
    return layout(msgspec.structs.replace(stored(), requirements=requirements)).requirements


def test_a_check_that_nothing_asks_for_has_a_page_of_its_own() -> None:
    assert [page.path for page in layout(stored()).checks] == [
        "checks/queueing.local-queue-reaches-quota.md",
        "checks/privilege.no-device-by-path.md",
        "checks/quotas.accelerators-are-bounded.md",
    ]


def test_a_record_is_found_by_its_id() -> None:
    shape = layout(stored())
    found = shape.record("e2")
    assert found is not None
    assert found.path == "records/e2.json"
    assert shape.record("") is shape.record("e9") is None
