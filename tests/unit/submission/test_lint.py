import datetime as dt

import msgspec

from seatrial.submission import lint as linting
from seatrial.submission import members
from seatrial.submission.message import Grade
from seatrial.submission.rule import Profile
from tests.unit.submission.samples import PRODUCT, case, edited, line_of, lint


def test_links_are_those_that_the_programme_calls() -> None:
    found = linting.links(case())
    assert [one.of for one in found] == ["websiteUrl", "documentationUrl", "productLogoUrl", "k8sConformanceUrl"]


def test_a_dead_link_is_an_error_where_it_stands() -> None:
    dead = msgspec.structs.replace(case(profile=Profile.OFFICIAL), dead={"https://yoyo.example": "status 404"})
    (message,) = [one for one in linting.lint(dead, "p") if one.rule == "link-answers"]
    assert (message.line, message.grade) == (line_of("websiteUrl", PRODUCT), Grade.ERROR)
    assert "status 404" in message.what


def test_a_vendor_who_is_not_on_an_incomplete_list_is_unknown() -> None:
    some = members.of_names(["Acme"], stated=dt.date(2026, 1, 1), complete=False)
    (message,) = [one for one in lint(vendors=some) if one.rule == "vendor-is-a-member"]
    assert message.grade is Grade.NOTE
    assert message.what.startswith("unknown")


def test_messages_come_in_the_order_of_the_file() -> None:
    lines = [one.line for one in lint(edited(('"1.0"', "1.0"), ("Traffic is split.", "x"), ("It encabulates.", '""')))]
    assert lines == sorted(lines)


def test_other_spellings_of_fields_count() -> None:
    product = edited(("websiteUrl", "website_url"), ("k8sConformanceUrl", "k8s_conformance_url"))
    assert [one.rule for one in lint(product)] == ["excuse-is-reviewed"]


def test_hostile_text_cannot_leave_its_line() -> None:
    messages = lint(edited(("Yoyodyne", '"Evil\\x1b[2J\\nerror: all is well"')))
    assert all("\x1b" not in one.what and "\n" not in one.what for one in messages)


def test_a_misspelt_field_is_recognised() -> None:
    (message,) = [one for one in lint(edited(("websiteUrl", "websiteURL"))) if one.rule == "field-is-there"]
    assert message.way_out == "rename websiteURL"


def test_own_directory_is_understood_as_a_prefix() -> None:
    for evidence in (
        "file://v1.37/encabulator/junit.xml#TestGangScheduling",
        "./junit.xml",
        "/junit.xml",
        "../encabulator/junit.xml",
    ):
        assert [one.rule for one in lint(edited(("- junit.xml", f"- {evidence}")))] == ["excuse-is-reviewed"]


def test_a_file_outside_of_the_path_is_judged_by_its_name_alone() -> None:
    assert {one.rule for one in lint(parent="tmp", profile=Profile.NEWEST)} == {"version-is-in-the-path"}
