"""Facts go into rows and come out the same, what they have alike once; other rows end in one clear line."""

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

from seatrial.catalog.systems.kubernetes.pods import Condition, Container, EnvVar, Pod, PodSpec, PodStatus, Volume
from seatrial.cluster import rows, snapshots
from seatrial.model.errors import UsageError
from seatrial.model.fact import Apis, ClusterIdentity, Meta, Snapshot

BORN = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
SERVER = (Container(name="main", image="server:1", env=(EnvVar(name="API_TOKEN", value="hush"),)),)


def pod(number: int, **spec: Any) -> Pod:
    labels = {"app": "server"}
    return Pod(
        metadata=Meta(name=f"server-{number}", uid=f"u-{number}", labels=labels, creation_timestamp=BORN),
        spec=PodSpec(**({"node_name": f"node-{number}", "containers": SERVER} | spec)),
        status=PodStatus(phase="Running", conditions=(Condition(type="Ready", last_transition_time=BORN),)),
    )


def through(*pods: Pod) -> list[Pod]:
    reader = rows.Reader(Pod)
    return [one for page in rows.pages(pods) for one in reader.page(page)]


def clean(one: Pod) -> Pod:
    hidden = tuple(
        msgspec.structs.replace(each, env=(EnvVar(name="API_TOKEN", value="<removed>"),)) if each.env else each
        for each in one.spec.containers
    )
    return msgspec.structs.replace(one, spec=msgspec.structs.replace(one.spec, containers=hidden))


def test_what_goes_in_comes_out_without_credentials() -> None:
    pods = [pod(1), pod(2, host_network=True), pod(3, containers=(), volumes=(Volume(name="a"),)), Pod()]
    assert through(*pods) == [clean(one) for one in pods]


def test_what_is_alike_is_written_and_read_once() -> None:
    pods = [pod(number) for number in range(4500)]
    written = b"".join(rows.pages(pods))
    assert written.count(b"server:1") == 1
    assert b"hush" not in written
    found = through(*pods)
    assert found == [clean(one) for one in pods]
    assert found[0].spec.containers is found[-1].spec.containers
    assert found[0].metadata.labels is found[-1].metadata.labels


def page(**more: Any) -> bytes:
    alike = {"metadata": [{"labels": {"a": "b"}}], "spec": [{"containers": [{"name": "main"}]}]}
    return json.dumps({"alike": alike, "rows": [], **more}).encode()


def test_a_section_may_stand_in_full_or_have_more_put_in() -> None:
    spec = {"containers": [{"name": "other"}], "nodeName": "n"}
    full, more = rows.Reader(Pod).page(
        page(rows=[{"spec": spec}, {"spec": {"alike": 0, "hostNetwork": True, "nodeName": "m"}}])
    )
    assert (full.spec.containers[0].name, full.spec.node_name, full.metadata) == ("other", "n", Meta())
    assert (more.spec.containers[0].name, more.spec.node_name, more.spec.host_network) == ("main", "m", True)


@pytest.mark.parametrize("number", [1, -1, "0", None, 1 << 80])
def test_a_number_that_nobody_knows_is_told(number: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        rows.Reader(Pod).page(page(rows=[{"spec": {"alike": number}}]))


def test_old_and_new_files_say_the_same(tmp_path: Path) -> None:
    taken = Snapshot(
        taken_at=BORN, cluster=ClusterIdentity("u"), apis=Apis({"pods": ("v1",)}), facts={"pods": (Pod(),)}, gaps={}
    )
    head = {"schema": "seatrial.dev/snapshot/v1", "facts": {"pods": [{}]}, "taken_at": "2026-05-01T00:00:00Z"}
    more = {"cluster": {"uid": "u"}, "apis": {"served": {"pods": ["v1"]}}, "gaps": {}}
    (tmp_path / "old").write_bytes(gzip.compress(json.dumps(head | more).encode()))
    snapshots.save(taken, tmp_path / "new")
    assert snapshots.load(tmp_path / "old", [Pod]) == snapshots.load(tmp_path / "new", [Pod]) == taken


HEAD = {"schema": snapshots.SCHEMA, "taken_at": "2026-05-01T00:00:00Z", "cluster": {}, "apis": {}, "gaps": {}}
ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.sampled_from(["alike", "rows"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["alike", "rows", "metadata", "spec", "name"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(pages=st.integers(-1, 3), lines=st.lists(ANY | st.just(json.loads(page())), max_size=3))
def test_no_file_ends_in_a_traceback(tmp_path: Path, pages: int, lines: list[Any]) -> None:
    said = [HEAD, {"of": "pods", "pages": pages}, *lines]
    (tmp_path / "any").write_bytes(gzip.compress(b"\n".join(json.dumps(one).encode() for one in said)))
    with contextlib.suppress(UsageError):
        assert isinstance(snapshots.load(tmp_path / "any", [Pod]), Snapshot)
