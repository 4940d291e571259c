from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.foreign import junit
from seatrial.foreign.results import Case, Ended, Results, Suite
from seatrial.model.errors import UsageError
from tests.unit.foreign import samples


def read(text: str) -> Results:
    return junit.read(text.encode(), file="junit.xml")


def test_cases_with_how_they_ended_and_what_they_said() -> None:
    results = read(samples.junit((samples.GANG, "pass"), (samples.SECURE, "fail"), (samples.SCALING, "skip")))
    assert results.suite is Suite.AI
    assert results.cases == (
        Case(samples.GANG, Ended.PASS, 12.5),
        Case(samples.SECURE, Ended.FAIL, 12.5, "Failed it broke"),
        Case(samples.SCALING, Ended.SKIP, 12.5, "not here"),
    )
    assert results.slips == ()


def test_base_conformance_by_ginkgo_has_its_focus() -> None:
    cases = [*samples.conformance(2), ("[It] [sig-storage] other", "skip"), ("[SynchronizedBeforeSuite]", "pass")]
    results = read(samples.junit(*cases, name="Kubernetes e2e suite", focus="\\[Conformance\\]"))
    assert results.suite is Suite.BASE
    assert results.focus == "\\[Conformance\\]"
    assert results.cases[0].name == "[sig-node] case 0 should work [Conformance]"


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        (samples.junit(("a", "pass"), tests=7), "its head says 7 tests, and there are 1"),
        (samples.junit(("a", "pass"), tests=-1), "tests is -1"),
        (samples.junit(("a", "pass"), tests="many"), "'many', which is no number"),
        (samples.junit(("a", "pass"), skipped=3), "its head says 3 skipped, and there are 0"),
    ],
)
def test_a_head_that_does_not_fit_is_told(text: str, slip: str) -> None:
    assert any(slip in one for one in read(text).slips)


def test_a_head_that_leaves_out_what_was_skipped_fits() -> None:
    assert read(samples.junit(("a", "pass"), ("b", "skip"), tests=1)).slips == ()


def test_an_outer_suite_counts_its_inner_ones() -> None:
    inner = samples.junit(("a", "pass")).split("\n", 1)[1].replace("testsuites>", "testsuite>", 2)
    assert read(inner.replace("<testsuite>", '<testsuite tests="1">', 1)).slips == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><testsuites>&a;</testsuites>', "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuites/>', "document type"),
        ("<testsuites><testsuite>", "not well-formed XML"),
        ("<html/>", "no JUnit file"),
        ("<testsuite>" * 30, "nested deeper"),
        ('<?xml version="1.0" encoding="klingon"?><testsuites/>', "XML"),
        ("<testsuites>&unknown;</testsuites>", "undefined entity"),
    ],
)
def test_what_is_no_junit_is_refused_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"junit\.xml:\d+: ") as caught:
        read(text)
    assert said in caught.value.what


@given(st.binary(max_size=400))
def test_no_bytes_crash_it(data: bytes) -> None:
    with contextlib.suppress(UsageError):
        junit.read(b"<testsuite>" + data, file="f")


def test_a_failure_outweighs_a_skip_in_the_same_case() -> None:
    text = '<testsuite><testcase name="a"><failure/><skipped/></testcase></testsuite>'
    assert read(text).cases[0].ended is Ended.FAIL
