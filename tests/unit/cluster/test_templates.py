"""Pages are read the same, whichever way; and what objects have alike is there once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.cluster.decode import page_reader
from seatrial.cluster.templates import long_list_reader
from seatrial.model.fact import Fact, Obj

SINCE = "2026-01-01T00:00:00Z"


def pod(name: str, token: str = "abcde", **more: object) -> Obj:
    volume = f"kube-api-access-{token}"
    container = {
        "name": "main",
        "image": "server:1",
        "env": [{"name": "LEVEL", "value": "info"}],
        "volumeMounts": [{"name": volume, "mountPath": "/var/run/secrets"}],
    }
    return {
        "metadata": {"name": name, "uid": f"u-{name}", "labels": {"app": "server"}, "creationTimestamp": SINCE},
        "spec": {"containers": [container], "volumes": [{"name": volume, "projected": {}}], "nodeName": f"on-{name}"}
        | more,
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "lastTransitionTime": SINCE}]},
    }


def page(*objects: Obj, more: str = "") -> bytes:
    return msgspec.json.encode({"items": objects, "metadata": {"continue": more}})


def read(*objects: Obj, kind: type[Fact] = Pod) -> list[Any]:
    """As objects of a list with a second page."""
    reads = long_list_reader(kind, page_reader(kind))
    first = reads(page(*objects, more="on")).items or []
    assert first == (reads(page(*objects)).items or [])
    return first


def plain(*objects: Obj, kind: type[Fact] = Pod) -> list[Any]:
    return page_reader(kind)(page(*objects)).items or []


def test_what_they_say_is_what_they_say_alone() -> None:
    objects = [pod("a"), pod("b"), pod("c", hostNetwork=True), pod("d", containers=[]), {"metadata": {"name": "e"}}, {}]
    assert read(*objects) == plain(*objects)


def test_what_is_alike_is_there_once() -> None:
    one, two, other = read(pod("a"), pod("b"), pod("c", containers=[]))
    assert one.spec.containers is two.spec.containers
    assert one.metadata.labels is two.metadata.labels is other.metadata.labels
    assert other.spec.containers == ()


def test_what_is_its_own_stays_its_own() -> None:
    unborn = {"metadata": {"name": "b", "labels": {"app": "server"}}, "spec": pod("b")["spec"] | {"nodeName": ""}}
    one, two = read(pod("a"), unborn)
    assert (one.name, one.metadata.uid, one.spec.node_name) == ("a", "u-a", "on-a")
    assert one.metadata.creation_timestamp == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert (two.name, two.metadata.uid, two.spec.node_name, two.metadata.creation_timestamp) == ("b", "", "", None)


def test_pods_that_differ_in_the_name_of_their_token_are_alike() -> None:
    pods = read(pod("a", "aaaaa"), pod("b", "bbbbb"), pod("c", "ccccc", hostPID=True), pod("d", "ddddd"))
    first, second, third, fourth = pods
    assert first.spec.containers is second.spec.containers is fourth.spec.containers
    assert third.spec.host_pid
    assert {one.spec.volumes[0].name == one.spec.containers[0].volume_mounts[0].name for one in pods} == {True}


def test_two_tokens_are_not_taken_for_one() -> None:
    def odd(name: str, mounted: str) -> Obj:
        mounts = [{"name": mounted, "mountPath": "/x"}]
        volumes = [{"name": "kube-api-access-aaaaa", "hostPath": {"path": "/"}}, {"name": "kube-api-access-bbbbb"}]
        return pod(name, containers=[{"name": "main", "volumeMounts": mounts}], volumes=volumes)

    objects = [odd("a", "kube-api-access-aaaaa"), odd("b", "kube-api-access-bbbbb")]
    assert [one.spec.containers[0].volume_mounts[0].name for one in read(*objects)] == [
        "kube-api-access-aaaaa",
        "kube-api-access-bbbbb",
    ]
    assert read(*objects) == plain(*objects)


def test_a_list_of_one_page_is_read_as_it_is() -> None:
    reads = long_list_reader(Pod, page_reader(Pod))
    one, two = reads(page(pod("a"), pod("b"))).items or []
    assert one.metadata.labels is not two.metadata.labels


def test_the_first_piece_of_a_long_list_is_read_by_templates_although_the_list_does_not_go_on() -> None:
    reads = long_list_reader(Pod, page_reader(Pod))
    one, *_, last = reads(page(*(pod(f"server-{number}") for number in range(1000)))).items or []
    assert one.metadata.labels is last.metadata.labels


def test_an_object_that_does_not_fit_is_left_out_and_the_others_are_not() -> None:
    reads = long_list_reader(Pod, page_reader(Pod))
    reads(page(pod("a"), more="on"))
    found = reads(page(pod("b"), pod("c", containers="many"), pod("d", tolerations=None)))
    assert [one.name for one in found.items or []] == ["b", "d"]
    assert len(found.left_out) == 1


def test_objects_that_are_all_different_are_read_all_the_same_and_what_is_alike_is_there_once() -> None:
    def odd(number: int) -> Obj:
        return pod(f"p{number}", nodeSelector={"only": str(number)})

    reads = long_list_reader(Pod, page_reader(Pod))
    pages = [[odd(number) for number in range(start, start + 300)] for start in range(0, 1800, 300)]
    found = [one for some in pages for one in reads(page(*some, more="on")).items or []]
    assert found == plain(*(one for some in pages for one in some))
    assert len({id(one.metadata.labels) for one in found}) == 1
    again = reads(page(*(pod(f"q{number}") for number in range(300)), more="on")).items or []
    assert again[0].spec.containers[0].env is again[-1].spec.containers[0].env


def test_other_kinds_too() -> None:
    node = {
        "metadata": {"name": "n"},
        "status": {"capacity": {"cpu": "8"}, "images": [{"names": ["a"], "sizeBytes": 3}]},
    }
    conditions = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": SINCE}]}
    nodes = [node, node | {"status": node["status"] | conditions}, {"metadata": {"name": "m"}}]
    assert read(*nodes, kind=Node) == plain(*nodes, kind=Node)
    parts = {"driver": "d", "devices": [{"name": "gpu-0", "attributes": {"uuid": {"string": "x"}}}]}
    slices = [{"metadata": {"name": "s"}, "spec": parts | {"nodeName": one}} for one in ("a", "b")]
    assert read(*slices, kind=ResourceSlice) == plain(*slices, kind=ResourceSlice)


_TEXT = st.text(alphabet='ab"\\\0\1é', max_size=4) | st.just("kube-api-access-abcde")
_PODS = st.builds(
    pod,
    _TEXT,
    st.sampled_from(["aaaaa", "bbbbb"]),
    hostNetwork=st.booleans(),
    nodeName=_TEXT,
    nodeSelector=st.dictionaries(_TEXT, _TEXT, max_size=2),
    serviceAccountName=_TEXT,
)


def _without_tokens(pods: list[Any]) -> str:
    """The name of a token is that of whoever was first."""
    said = repr(pods)
    for token in ("aaaaa", "bbbbb"):
        said = said.replace(f"kube-api-access-{token}", "token")
    return said


@settings(max_examples=60, deadline=None)
@given(st.lists(_PODS, max_size=6))
def test_any_pods(pods: list[Obj]) -> None:
    assert _without_tokens(read(*pods)) == _without_tokens(plain(*pods))
