"""Parts that are equal become one, and nothing else changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.cluster.decode import page_reader
from seatrial.cluster.likeness import Likeness
from seatrial.model.fact import Fact, Obj


def pod(name: str, **more: object) -> Obj:
    container = {
        "name": "main",
        "image": "server:1",
        "env": [{"name": "LEVEL", "value": "info"}],
        "resources": {"limits": {"cpu": "4"}, "requests": {"cpu": "2"}},
        "livenessProbe": {"periodSeconds": 10},
    }
    since = "2026-01-01T00:00:00Z"
    return {
        "metadata": {"name": name, "uid": f"u-{name}", "labels": {"app": "server"}, "creationTimestamp": since},
        "spec": {"containers": [container], "tolerations": [{"key": "gpu", "operator": "Exists"}]} | more,
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}]},
    }


def page(*pods: Obj) -> bytes:
    return msgspec.json.encode({"items": pods, "metadata": {}})


def read(*pods: Obj) -> list[Pod]:
    return page_reader(Pod)(page(*pods)).items or []


def test_equal_parts_become_one() -> None:
    one, two = read(pod("a"), pod("b"))
    assert one.metadata.labels is not two.metadata.labels
    Likeness().share([one, two])
    assert one.metadata.labels is two.metadata.labels
    assert one.spec.tolerations is two.spec.tolerations
    ours, theirs = one.spec.containers[0], two.spec.containers[0]
    assert ours.env is theirs.env
    assert ours.liveness_probe is theirs.liveness_probe
    assert ours.resources.requests is theirs.resources.requests
    assert ours.resources.requests is not ours.resources.limits


def test_what_they_say_stays_as_it_was() -> None:
    pods = [pod("a"), pod("b", nodeName="n", tolerations=[]), pod("c", hostNetwork=True, containers=[])]
    shared = read(*pods)
    Likeness().share(shared)
    assert shared == read(*pods)
    assert [one.name for one in shared] == ["a", "b", "c"]
    assert shared[1].spec.tolerations == ()
    assert shared[0].status.conditions[0].last_transition_time == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def test_what_cannot_be_looked_up_is_left_alone() -> None:
    class Odd(Fact, frozen=True):
        of = "odd"
        rows: list[str] = []
        tables: dict[str, list[str]] = {}
        deep: dict[str, Any] = {}
        sizes: dict[str, str | int] = {}

    def odd() -> Odd:
        data = {"rows": ["a"], "tables": {"a": ["b"]}, "deep": {"a": {"b": []}}, "sizes": {"a": 1}}
        return msgspec.convert(data, Odd)

    one, two = odd(), odd()
    Likeness().share([one, two])
    assert one == two == odd()
    assert one.sizes is two.sizes
    assert one.rows is not two.rows
    assert one.tables is not two.tables
