import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.submission.artifacts import BadArtifact, Ending, is_artifact, parse, parse_events, parse_junit, parse_log

P, F, S = Ending


def test_junit_counts_cases_of_suites_alone() -> None:
    results = parse_junit(
        b"<testsuites><testsuite><testsuite><testcase name='a'><system-out><failure/></system-out></testcase></testsuite>"
        b"<testcase name='b'><skipped/></testcase><testcase name='c'><error/><skipped/></testcase>"
        b"<other><testcase name='d'/></other></testsuite></testsuites>"
    )
    assert results.tests == {"a": P, "b": S, "c": F}
    assert results.failures == ("c",)


def test_what_comes_after_the_root_does_not_count() -> None:
    assert parse_junit(b"<testsuite><testcase name='a'/></testsuite><junk").tests == {"a": P}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<a>", b"<testsuite/>", b"<testcase name='a'/>", b"<!DOCTYPE a [<!ENTITY e 'x'>]><testsuite><testcase name='a'/></testsuite>",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='a'/></testsuite>", b"<testsuite>" * 300,
    ],
)  # fmt: skip
def test_bad_junit(data: bytes) -> None:
    with pytest.raises(BadArtifact):
        parse_junit(data)


def test_events() -> None:
    results = parse_events(
        b'{"Action":"run","Test":"a"}\n{"action":"pass","TEST":"a"}\n\nnull\n{"Action":"skip","Test":"b/c"}\n{"Action":"fail","Package":"p"}\n'
    )
    assert results.tests == {"a": P, "b/c": S}
    assert results.failures == ("package p",)


@pytest.mark.parametrize("data", [b"", b"{", b"[1]\n", b'{"Action":1}\n', b'{"Action":"run"}\n', b"NaN\n"])
def test_bad_events(data: bytes) -> None:
    with pytest.raises(BadArtifact):
        parse_events(data)


def test_log_and_parts() -> None:
    results = parse_log(
        b"=== RUN a\n--- PASS: a (1s)\n    --- SKIP: b/one\n\t--- PASS: b/two\n--- SKIP: c/x\n | --- FAIL: no\n"
    )
    assert [results.ending(name) for name in "abcd"] == [P, P, S, None]


def test_nothing_takes_back_a_failure() -> None:
    assert parse_log(b"--- FAIL: a\n--- PASS: a\n").failures == ("a",)


@pytest.mark.parametrize(
    ("path", "expected"), [("junit.xml", True), ("x/JUNIT.XML", True), ("junit_01.xml", False), ("e2e.log.md", False)]
)
def test_only_three_names_are_parsed(path: str, expected: bool) -> None:
    assert is_artifact(path) is expected


@given(st.sampled_from(["junit.xml", "results.json", "e2e.log"]), st.binary(max_size=300))
def test_whatever_comes_is_read_or_bad(name: str, data: bytes) -> None:
    with contextlib.suppress(BadArtifact):
        assert parse(name, data).tests is not None
