import datetime as dt

import pytest

from seatrial.model.errors import UsageError
from seatrial.submission import members


def test_the_list_that_is_shipped_is_dated_and_whole() -> None:
    shipped = members.shipped()
    assert shipped.stated == dt.date(2026, 8, 7)
    assert shipped.complete
    assert len(shipped.exact) > 700
    assert shipped.has("Red Hat") is True
    assert shipped.has("Red Hat, Inc.") is False
    assert "differs" in shipped.hint("RED HAT INC.")


def test_lines_with_a_date() -> None:
    known = members.parse(b"# date: 2026-01-02\n# complete: no\n\nAcme (member)\nB & Co\n", name="x")
    assert (known.stated, known.has("Acme"), known.has("B & Co"), known.has("Other")) == (
        dt.date(2026, 1, 2),
        True,
        True,
        None,
    )
    assert known.hint("Acne") == "did you mean 'Acme'?"


def test_the_landscape() -> None:
    text = b"landscape:\n- name: Runtime\n  subcategories: []\n- name: CNCF Members\n  subcategories:\n  - name: Gold\n    items:\n    - {name: Acme (member), homepage_url: x}\n"
    assert members.parse(text, name="x").names == ("Acme",)


@pytest.mark.parametrize("text", [b"\xff", b"landscape:\n- name: Other\n", b"landscape: 5\n", b"landscape: [\n"])
def test_what_is_no_list(text: bytes) -> None:
    with pytest.raises(UsageError):
        members.parse(text, name="x")


def test_digests_come_back() -> None:
    known = members.of_names(["Acme Inc"], stated=dt.date(2026, 1, 2))
    again = members.parse(members.as_digests(known, source="here").encode(), name="x")
    assert (again.exact, again.loose, again.stated, again.complete, again.names) == (
        known.exact,
        known.loose,
        known.stated,
        True,
        (),
    )
