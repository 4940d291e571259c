"""Every rule, with a submission that breaks it and nothing else of its kind."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from seatrial.submission.lint import RULES
from seatrial.submission.message import Grade
from seatrial.submission.rule import Profile
from tests.unit.submission.samples import FILES, JUNIT, PRODUCT, edited, line_of, lint

OFFICIAL, NEWEST, STRICT = Profile
IMPLEMENTED = "notes: Machines are bought, so there is no autoscaler."


class Breach(NamedTuple):
    rule: str
    edits: tuple[tuple[str, str], ...]
    at: str = ""  # text of the line that is named; empty for line 1
    files: Mapping[str, bytes] = FILES
    profile: Profile = STRICT
    parent: str = "v1.37"


def gang(evidence: str) -> tuple[tuple[str, str], ...]:
    return (("- junit.xml", f"- {evidence}"),)


LOGO = "https://yoyo.example/logo.svg"
PAGE = "- page.md"
BREACHES = (
    Breach("version-is-in-the-path", (), parent="somewhere"),
    Breach("version-has-a-checklist", (), parent="v1.99"),
    Breach("file-is-yaml", (("description: It encabulates.", "description: It: encabulates."),), "It: encabulates"),
    Breach("values-have-their-types", (("evidence:\n        - page.md", "evidence: page.md"),), "evidence: page.md"),
    Breach("values-have-their-types", (("  platformName: Encabulator", "  platformName: A\n  platformName: B"),), "platformName: B"),
    Breach("metadata-is-there", (("metadata:", "other:"),)),
    Breach("field-is-there", (("  websiteUrl: https://yoyo.example\n", ""),), "metadata:"),
    Breach("field-is-there", (("websiteUrl: https://yoyo.example", "websiteUrl:"),), "websiteUrl:"),
    Breach("field-is-text", (('"1.0"', "1.0"),), "platformVersion: 1.0"),
    Breach("field-is-text", (('"1.0"', "2026-01-02"),), "platformVersion: 2026"),
    Breach("field-is-text", (('"1.0"', "[a]"),), "platformVersion: [a]"),
    Breach("field-is-filled-in", (("It encabulates.", '""'),), 'description: ""'),
    Breach("field-is-no-placeholder", (("It encabulates.", '"[Description]"'),), "[Description]"),
    Breach("base-conformance-link-has-its-form", (("tree/master/v1.37", "tree/dev/v1.37"),), "tree/dev"),
    Breach("vendor-is-a-member", (("Yoyodyne", "Nobody"),), "Nobody"),
    Breach("spec-is-there", (("spec:", "other:"),)),
    Breach("category-is-there", (("  networking:", "  other:"),), "spec:"),
    Breach("requirement-is-there", (("id: ai_inference", "id: another"),), "networking:"),
    Breach("status-is-known", (("status: Implemented", "status: implemented"),), "status: implemented"),
    Breach("must-is-implemented", (), "status: N/A", profile=OFFICIAL),
    Breach("must-is-implemented-or-excused", (("status: Implemented", "status: N/A"),), "status: N/A"),
    Breach("excuse-is-reviewed", (), "status: N/A"),
    Breach("not-applicable-has-notes", ((IMPLEMENTED, 'notes: ""'),), "status: N/A", profile=OFFICIAL),
    Breach("not-applicable-has-notes", ((IMPLEMENTED, 'notes: " "'),), "status: N/A"),
    Breach("evidence-file-is-there", gang("junit.xml#TestGangScheduling"), "junit.xml#", profile=OFFICIAL),
    Breach("evidence-file-is-there", gang("absent.md"), "absent.md"),
    Breach("evidence-stays-in-its-directory", gang("../other/page.md"), "../other"),
    Breach("evidence-stays-in-its-directory", gang("file://v1.37/other/page.md"), "file://v1.37/other"),
    Breach("evidence-stays-in-its-directory", gang('"#TestGangScheduling"'), "#TestGang"),
    Breach("test-results-can-be-read", (), "junit.xml", {**FILES, "junit.xml": b"<testsuite>"}),
    Breach("test-results-hold-no-failure", (), "junit.xml", {**FILES, "junit.xml": JUNIT.replace(b'Other"/>', b'Other"><failure/></testcase>')}),
    Breach("test-results-hold-the-test", gang("junit.xml#TestAbsent"), "TestAbsent"),
    Breach("test-results-hold-the-test", (), "junit.xml", {**FILES, "junit.xml": JUNIT.replace(b'Scheduling"/>', b'Scheduling"><skipped/></testcase>')}),
    Breach("test-results-are-there", gang("https://yoyo.example/gang"), "status: Implemented"),
    Breach("notes-agree-with-status", (('notes: ""', "notes: This is not applicable."),), "not applicable"),
    Breach("evidence-agrees-with-status", (("status: Implemented", "status: Not Implemented"),), "Not Implemented"),
    Breach("evidence-agrees-with-status", (("status: Implemented", "status: Partially Implemented"),), "Partially"),
    Breach("implemented-has-evidence", (("evidence:\n        - junit.xml", "evidence: []"),), "status: Implemented"),
    Breach("not-applicable-for-a-reason-that-counts", ((IMPLEMENTED, "notes: This is not supported by us."),), "not supported"),
    Breach("description-is-unchanged", (("Traffic is split.", "Traffic is always split."),), "always"),
    Breach("description-is-unchanged", (("Traffic is split.", "Traffic is parted."),), "parted"),
    Breach("level-is-unchanged", (("level: SHOULD", "level: MUST"),)),
    Breach("template-is-of-this-version", (("    - id: gpu_sharing", "    - id: old_thing\n    - id: gpu_sharing"),), "old_thing"),
    Breach("requirement-stands-once", (("    - id: gpu_sharing", "    - id: gpu_sharing\n    - id: gpu_sharing"),)),
    Breach("answers-are-no-placeholders", (('notes: ""', "notes: TODO, ask Eve"),), "TODO"),
    Breach("answers-are-text", (('notes: ""', "notes: 5"),), "notes: 5"),
    Breach("base-conformance-is-of-this-version", (("master/v1.37", "master/v1.36"),), "master/v1.36"),
    Breach("kubernetes-version-is-that-of-the-path", (("kubernetesVersion: v1.37", "kubernetesVersion: v1.37.2"),), "v1.37.2"),
    Breach("email-is-an-address", (("team@yoyo.example", "team at yoyo"),), "team at"),
    Breach("logo-is-a-vector", ((LOGO, "https://yoyo.example/logo.png"),), "logo.png"),
    Breach("logo-is-a-vector", ((LOGO, "https://github.com/yoyo/art/blob/v1/logo.svg"),), "blob"),
    Breach("field-is-a-link", (("websiteUrl: https://yoyo.example", "websiteUrl: yoyo.example"),), "websiteUrl"),
    Breach("field-is-known", (("  platformName", "  plattformName: x\n  platformName"),), "plattformName"),
    Breach("link-stands-for-few-requirements", (
        ("- junit.xml", "- https://yoyo.example/docs"), ("status: N/A\n      evidence: []", "status: Implemented\n      evidence: [https://yoyo.example/docs]"),
        (PAGE, "- https://yoyo.example/docs"), ('status: ""\n      evidence: []', "status: Implemented\n      evidence: [https://yoyo.example/docs]")), "- https://yoyo.example/docs"),
    Breach("link-is-public", ((PAGE, "- https://wiki.yoyo.internal/x"),), "internal"),
    Breach("link-is-public", ((PAGE, "- http://10.0.0.5/x"),), "10.0.0.5"),
    Breach("link-does-not-move", ((PAGE, "- https://github.com/yoyo/docs/blob/main/x.md"),), "blob/main"),
    Breach("link-carries-no-secret", ((PAGE, "- https://yoyo.example/x?token=abc"),), "token="),
    Breach("link-answers", (), "websiteUrl"),
    Breach("evidence-is-a-link-or-a-file", (), PAGE),
    Breach("test-results-exercise-the-cluster", gang("page.md"), "", {**FILES, "junit.xml": b'<testsuite><testcase name="TestParseFlags"/></testsuite>'}),
    Breach("test-results-exercise-the-cluster", gang("page.md"), "", {**FILES, "junit_01.xml": b'<testsuite><testcase name="a"><skipped/></testcase></testsuite>'}),
    Breach("nothing-private-is-told", (), "", {**FILES, "page.md": b"GPU-11111111-2222-3333-4444-555555555555 is in it\n"}),
    Breach("nothing-private-is-told", (), "", {**FILES, "page.md": b"Authorization: Bearer abcdefgh12345678\n"}),
)  # fmt: skip
ELSEWHERE = {
    "link-answers",
    "evidence-is-a-link-or-a-file",
}  # they need a network or a disk; see test_lint and test_submit


@pytest.mark.parametrize("breach", [one for one in BREACHES if one.rule not in ELSEWHERE], ids=lambda one: one.rule)
def test_a_breach_is_named_at_its_place(breach: Breach) -> None:
    product = edited(*breach.edits)
    hits = [
        one
        for one in lint(product, breach.files, profile=breach.profile, parent=breach.parent)
        if one.rule == breach.rule
    ]
    assert hits, f"{breach.rule} saw nothing"
    if breach.at:
        assert line_of(breach.at, product) in {one.line for one in hits}
    assert all(one.what and one.column >= 1 for one in hits)


def test_every_rule_has_a_breach() -> None:
    assert {rule.id for rule in RULES} == {breach.rule for breach in BREACHES}


def test_a_good_submission_has_only_its_excuse_to_be_reviewed() -> None:
    assert [(one.rule, one.grade) for one in lint()] == [("excuse-is-reviewed", Grade.WARNING)]


@pytest.mark.parametrize("profile", [OFFICIAL, NEWEST])
def test_the_official_rules_do_not_look_beyond(profile: Profile) -> None:
    product = edited(
        ("Traffic is split.", "Something else."),
        ("team@yoyo.example", "nobody"),
        ("status: N/A", "status: Implemented"),
    )
    assert [one for one in lint(product, profile=profile) if one.grade is Grade.ERROR] == []


def test_ids_are_those_of_the_functions_and_stand_once() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.judge.__name__.replace("_", "-") == rule.id for rule in RULES)


def test_a_broken_file_has_one_message() -> None:
    messages = lint(PRODUCT.replace("status: Implemented", "status: [", 1))
    assert [one.rule for one in messages] == ["file-is-yaml"]


def test_a_text_of_another_version_is_recognised() -> None:
    (message,) = [
        one
        for one in lint(edited(("Traffic is split.", "Traffic is parted.")))
        if one.rule == "description-is-unchanged"
    ]
    assert "is that of 1.36" in message.what
