"""Snapshots go into files and come out the same; whatever else a file may hold ends in one clear line."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.cluster import snapshots
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import UsageError
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Meta, Shape, Snapshot


class Env(Shape, frozen=True):
    name: str
    value: str = ""


class Pod(Fact, frozen=True):
    of = "pods"

    env: list[Env] = []
    args: list[str] = []
    secret_name: str = ""


class Other(Fact, frozen=True):
    of = "example.com/others"


def a_snapshot(**pod: Any) -> Snapshot:
    born = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    meta = Meta(name="a", namespace="n", creation_timestamp=born, annotations=pod.pop("annotations", {}))
    return Snapshot(
        taken_at=dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC),
        cluster=ClusterIdentity("u", "v1.37.1", "linux/amd64"),
        apis=Apis({"pods": ("v1",)}),
        facts={"pods": (Pod(metadata=meta, **pod), Pod(metadata=Meta(name="b")))},
        gaps={"secrets": Gap("secrets", GapReason.FORBIDDEN, "not for us")},
    )


def written(path: Path, value: Any) -> Path:
    path.write_bytes(gzip.compress(json.dumps(value).encode()))
    return path


def content(**more: Any) -> dict[str, Any]:
    return {
        "schema": "seatrial.dev/snapshot/v1",
        "taken_at": "2026-06-01T12:00:00Z",
        "cluster": {},
        "apis": {"served": {}},
        "gaps": {},
        "facts": {},
        **more,
    }


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    snapshots.save(a_snapshot(), tmp_path / "s")
    assert snapshots.load(tmp_path / "s", [Pod]) == a_snapshot()
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["s"]


def test_the_same_snapshot_makes_the_same_bytes(tmp_path: Path) -> None:
    snapshots.save(a_snapshot(), tmp_path / "one")
    snapshots.save(a_snapshot(), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_kind_that_is_not_in_the_file_was_not_collected(tmp_path: Path) -> None:
    snapshots.save(a_snapshot(), tmp_path / "s")
    gap = snapshots.load(tmp_path / "s", [Pod, Other]).gap(Other)
    assert gap is not None
    assert gap.reason is GapReason.NOT_COLLECTED


def test_no_credential_is_in_the_file(tmp_path: Path) -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"password":"hush-1"}', "note": "kept"}
    env = [Env("API_TOKEN", "hush-2"), Env("DSN_URL", "postgres://me:hush-3@db/x"), Env("MODE", "fast")]
    args = ["--password=hush-4", "--api-key", "hush-5", "serve"]
    snapshots.save(a_snapshot(annotations=annotations, env=env, args=args, secret_name="tls-of-a"), tmp_path / "s")
    plain = gzip.decompress((tmp_path / "s").read_bytes()).decode()
    assert "hush" not in plain
    pod = snapshots.load(tmp_path / "s", [Pod]).all(Pod)[0]
    assert [one.name for one in pod.env] == ["API_TOKEN", "DSN_URL", "MODE"]
    assert pod.env[2].value == "fast"
    assert pod.secret_name == "tls-of-a"
    assert pod.metadata.annotations["note"] == "kept"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (content(schema="seatrial.dev/snapshot/v9"), "snapshot/v9"),
        ({}, "schema"),
        ([], "Expected `object`"),
        (content(taken_at="yesterday"), r"\$\.taken_at"),
        (content(facts={"pods": [{"metadata": {"name": 3}}]}), r"facts\.pods: Expected `str`.*\$\[0\]\.metadata\.name"),
        (content(gaps={"pods": {"resource": "pods", "reason": "mood", "detail": ""}}), "reason"),
    ],
)
def test_a_file_of_another_shape_is_named_with_its_field(tmp_path: Path, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        snapshots.load(written(tmp_path / "odd", value), [Pod])
    assert str(tmp_path / "odd") in caught.value.what


def test_truncated(tmp_path: Path) -> None:
    snapshots.save(a_snapshot(), tmp_path / "s")
    whole = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="ends too early"):
        snapshots.load(tmp_path / "s", [Pod])


def test_not_gzip_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("{}")
    with pytest.raises(UsageError, match="not a snapshot"):
        snapshots.load(tmp_path / "s", [Pod])
    with pytest.raises(UsageError, match="no such snapshot"):
        snapshots.load(tmp_path / "nowhere", [Pod])
    with pytest.raises(UsageError, match="cannot be read"):
        snapshots.load(tmp_path, [Pod])


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(gzip.compress(b" " * (9 << 20)))
    with pytest.raises(UsageError, match="more than 8 MiB"):
        snapshots.load(tmp_path / "bomb", [Pod], largest=8 << 20)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        snapshots.save(a_snapshot(), tmp_path / "no" / "s")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.fixed_dictionaries({}, optional=dict.fromkeys(content(), ANY)) | ANY, damage=st.binary(max_size=20))
def test_no_file_ends_in_a_traceback(tmp_path: Path, value: Any, damage: bytes) -> None:
    data = gzip.compress(json.dumps(value).encode())
    for variant in (data, data[: len(data) - len(damage)], data[:12] + damage + data[12:], damage):
        (tmp_path / "any").write_bytes(variant)
        with contextlib.suppress(UsageError):
            assert isinstance(snapshots.load(tmp_path / "any", [Pod]), Snapshot)


class Few(Fact, frozen=True):
    of = "things"
    most = 2


@pytest.mark.parametrize(("many", "read"), [(2, True), (3, False), (5000, False)])
def test_of_a_kind_without_bounds_no_more_is_read_than_has_room(tmp_path: Path, many: int, read: bool) -> None:
    path = tmp_path / "snapshot"
    facts = tuple(msgspec.convert({"metadata": {"name": f"f{number}"}}, Few) for number in range(many))
    snapshots.save(Snapshot(FakeClock().now(), ClusterIdentity(), Apis(), {"things": facts}, {}), path)
    found = snapshots.load(path, [Few])
    assert len(found.all(Few)) == (many if read else 0)
    gap = found.gap(Few)
    assert (gap is None) is read
    assert gap is None or (gap.reason, "more than 2 objects of things" in gap.detail) == (GapReason.UNREADABLE, True)
