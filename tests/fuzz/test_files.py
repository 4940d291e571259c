"""Files that a person hands in: exceptions, kubeconfigs, the results of other tools, saved Runs, YAML of any kind."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seatrial.app.importing import import_results
from seatrial.cluster import kubeconfig, manifests, recorded
from seatrial.engine import exceptions
from seatrial.engine.schema import read_run
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import SeatrialError
from tests.fuzz import half
from tests.fuzz.judging import CATALOG, KINDS
from tests.fuzz.shapes import anything, damaged, words

EXCEPTIONS = {
    "exceptions": [
        {
            "check": "quotas.containers-have-defaults",
            "subjects": ["namespaces/*"],
            "owner": "a",
            "until": "2027-01-31",
            "why": "b",
        }
    ]
}
KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "n"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443", "certificate-authority-data": "YQ==", "proxy-url": "socks5://h:1"}}],
    "users": [{"name": "u", "user": {"token": "t", "exec": {"command": "true", "apiVersion": "client.authentication.k8s.io/v1"}}}],
}  # fmt: skip
JUNIT = b"""<?xml version="1.0"?><testsuites><testsuite name="s" tests="2" failures="1">
<testcase name="[sig-ai] a [Conformance]" time="1.5"/><testcase name="b"><failure message="m">x</failure></testcase>
</testsuite></testsuites>"""
RUN = (Path(__file__).parent.parent / "faces" / "run.json").read_bytes()
DEPLOYMENT = b"""apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: b}
spec:
  template:
    spec:
      containers:
        - name: main
          resources: {limits: {nvidia.com/gpu: 1, memory: 1Gi}}
---
apiVersion: v1
kind: List
items: [{apiVersion: v1, kind: Pod, metadata: &m {name: x}}, {apiVersion: v1, kind: Service, metadata: *m}]
"""

DUMP = json.dumps(
    {
        "kind": "List",
        "apiVersion": "v1",
        "metadata": {"continue": "x"},
        "items": [
            {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "b", "resourceVersion": "7"}},
            {
                "kind": "Node",
                "apiVersion": "v1",
                "metadata": {"name": "n"},
                "status": {"nodeInfo": {"kubeletVersion": "v1.36.1"}},
            },
            {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system", "uid": "u"}},
            {"kind": "PodList", "apiVersion": "v1", "items": None},
        ],
    }
).encode()


def write_exceptions(path: Path) -> None:
    exceptions.read(path, CATALOG)


def read_kubeconfig(path: Path) -> None:
    kubeconfig.load(path, env={})


def import_file(path: Path) -> None:
    import_results([path], clock=FakeClock())


def read_saved(path: Path) -> None:
    read_run(path)


def load_manifests(path: Path) -> None:
    manifests.load([str(path)], KINDS.values(), clock=FakeClock())


def load_dump(path: Path) -> None:
    recorded.load(path, KINDS.values(), resources=("kueue.x-k8s.io/clusterqueues",), largest=10_000_000)


def packed(data: bytes) -> bytes:
    """In an archive, beside another file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("kube-system/replication-controllers.json", "dump/all.json", "resources/ns/a/core_v1_pods.json"):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def plain(value: Any) -> bytes:
    return yaml.safe_dump(value).encode()


@st.composite
def replaced(draw: st.DrawFn, whole: Any) -> bytes:
    """The file with one value in it replaced by anything."""
    found = json.loads(json.dumps(whole))
    place = found
    for _ in range(draw(st.integers(0, 6))):
        inner = [
            one
            for one in (place.values() if isinstance(place, dict) else place)
            if isinstance(one, dict | list) and one
        ]
        if not inner:
            break
        place = draw(st.sampled_from(inner))
    key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = draw(anything)
    return draw(st.sampled_from((plain, lambda value: json.dumps(value).encode())))(found)


def survives(read: Callable[[Path], object], data: bytes, name: str) -> None:
    """It is read, or an error of ours says which file is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        try:
            read(path)
        except SeatrialError as error:
            told(error)


def told(error: SeatrialError) -> None:
    """Something is said, and the exit code is of wrong input, or of what cannot be judged."""
    assert error.what.strip()
    assert error.exit_code in (2, 3)


@given(damaged(plain(EXCEPTIONS)) | replaced(EXCEPTIONS) | st.binary(max_size=60) | st.builds(plain, anything))
def test_exceptions(data: bytes) -> None:
    survives(write_exceptions, data, "exceptions.yaml")


@given(damaged(plain(KUBECONFIG)) | replaced(KUBECONFIG) | st.binary(max_size=60) | st.builds(plain, anything))
def test_kubeconfigs(data: bytes) -> None:
    survives(read_kubeconfig, data, "config")


@given(damaged(JUNIT) | replaced(json.loads(RUN)) | st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_results_of_other_tools(data: bytes) -> None:
    survives(import_file, data, "results.xml")


@half
@given(damaged(RUN) | replaced(json.loads(RUN)))
def test_saved_runs(data: bytes) -> None:
    survives(read_saved, data, "run.json")


@given(
    damaged(DEPLOYMENT)
    | st.builds(lambda value: DEPLOYMENT + b"---\n" + plain(value), anything)
    | words.map(lambda w: w.encode(errors="replace"))
)
def test_yaml_of_any_kind(data: bytes) -> None:
    survives(load_manifests, data, "a.yaml")


@given(
    damaged(DUMP)
    | replaced(json.loads(DUMP))
    | damaged(DEPLOYMENT)
    | st.binary(max_size=60)
    | st.builds(lambda value: DUMP + plain(value), anything)
)
def test_dumps_of_other_tools(data: bytes) -> None:
    survives(load_dump, data, "dump.json")


@half
@given(damaged(packed(DUMP)) | st.builds(packed, damaged(DUMP) | replaced(json.loads(DUMP))))
def test_archives_of_dumps(data: bytes) -> None:
    survives(load_dump, data, "dump.tar.gz")


def test_the_files_are_good_before_anything_is_done_to_them(tmp_path: Path) -> None:
    for data, read in (
        (plain(EXCEPTIONS), write_exceptions),
        (plain(KUBECONFIG), read_kubeconfig),
        (JUNIT, import_file),
        (DUMP, load_dump),
        (packed(DUMP), load_dump),
    ):
        path = tmp_path / "file"
        path.write_bytes(data)
        read(path)
    with pytest.raises(SeatrialError):
        read_kubeconfig(tmp_path / "none")
