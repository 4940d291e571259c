from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.engine.schema import decode_run, read_run, schema
from seatrial.model.errors import UsageError
from seatrial.model.evidence import Entry, Evidence, Step
from seatrial.model.fact import ClusterIdentity, Gap, GapReason
from seatrial.model.run import SCHEMA, Environment, EnvironmentKind, Run
from seatrial.model.verdict import Finding, Outcome, Severity

DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ENTRY = Entry(DAY, 0.5, Step.SAW, "8 of 12", {"running": 8, "nested": {"a": [1, None]}})
RUN = Run(
    id="r1",
    seatrial="0",
    command="prove",
    started_at=DAY,
    finished_at=DAY,
    environment=Environment(kind=EnvironmentKind.LAB, simulated=None, cluster=ClusterIdentity("u")),
    findings=(
        Finding(check="a.b", subject="s", outcome=Outcome.FAIL, severity=Severity.HIGH, because="x", evidence="e"),
    ),
    evidence=(Evidence("e", "a.b", "s", True, (ENTRY,), "00"),),
    gaps=(Gap("pods", GapReason.FORBIDDEN, "no"),),
)
SAVED = msgspec.json.encode(RUN)


def test_a_saved_run_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(SAVED)
    assert read_run(path) == RUN


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(SAVED) | fields).encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (changed(schema="seatrial.dev/run/v9"), r"`\$\.schema` is 'seatrial\.dev/run/v9'"),
        (changed(findings="none"), r"\$\.findings"),
        (changed(environment={"kind": "moon", "simulated": None, "cluster": {}}), r"\$\.environment\.kind"),
        (changed(started_at=12), r"\$\.started_at"),
        (b"{}", "schema"),
        (b"[]", "object"),
        (b"", "truncated"),
        (b"\xff\xfe", "not a saved Run"),
        (b'{"schema": "' + SCHEMA.encode() + b'", "x": ' + b"[" * 100_000, "not a saved Run"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        decode_run(data, name="old.json")
    assert "old.json" in refused.value.what
    assert refused.value.way_out


@given(st.integers(min_value=0, max_value=len(SAVED) - 1))
def test_a_run_that_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(UsageError):
        decode_run(SAVED[:length], name="old.json")


@given(
    st.binary()
    | st.dictionaries(st.sampled_from(sorted(Run.__struct_fields__)), st.none() | st.text()).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_no_input_brings_another_error(data: bytes) -> None:
    with pytest.raises(UsageError):
        decode_run(data, name="old.json")


@pytest.mark.parametrize("name", ["gone.json", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_run(tmp_path / name)


def test_the_schema_names_its_version_and_every_field_of_a_run() -> None:
    body = schema()
    run = body["$defs"]["Run"]
    assert body["$id"].endswith(SCHEMA)
    assert set(run["properties"]) == set(Run.__struct_fields__)
    assert run["properties"]["schema"] == {"const": SCHEMA}
    assert "schema" in run["required"]
