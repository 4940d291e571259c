"""A field of another type is named with what stands in it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.cluster.decode import page_reader


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"priority": "high"}, 'at `$.spec.priority`, where "high" stands'),
        ({"containers": [{}, {"args": [3]}]}, "at `$.spec.containers[1].args[0]`, where 3 stands"),
        ({"nodeSelector": {"a.b/c": [1]}}, "at `$.spec.nodeSelector[...]`"),
        ({"containers": "\u202e" * 500}, r'where "\u202e\u202e'),
    ],
)
def test_a_field_of_another_type(spec: dict[str, Any], told: str) -> None:
    items = [{"metadata": {"name": "a", "namespace": "n"}, "spec": spec}, {"metadata": {"name": "b"}}]
    page = page_reader(Pod)(msgspec.json.encode({"items": items, "metadata": {}}))
    assert [one.name for one in page.items or ()] == ["b"]
    (left_out,) = page.left_out
    assert left_out.startswith("n/a: Expected")
    assert told in left_out
    assert len(left_out) < 400
