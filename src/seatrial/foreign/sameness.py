"""Whether two results are about one cluster. Where nothing tells, that is unknown, and never yes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from seatrial.foreign.results import Identity
from seatrial.model.run import Run
from seatrial.model.verdict import Verdict, failed, passed, unknown

_MINOR = re.compile(r"v?(\d+)\.(\d+)")
_KEYS = ("node", "nodes")
_SHOWN = 3


def of_run(run: Run) -> Identity:
    """What a Run tells of its cluster: who it says it is, and the nodes that its evidence names."""
    cluster = run.environment.cluster
    nodes = frozenset(name for one in run.evidence for entry in one.entries for name in _nodes(entry.detail))
    return Identity(cluster.uid, cluster.version, nodes)


def same_cluster(one: Identity, other: Identity) -> Verdict:
    """By the UID of kube-system where both tell it; else by the version, which can only contradict, and by nodes."""
    if one.uid and other.uid:
        if one.uid == other.uid:
            return passed(f"both name the kube-system namespace {one.uid}")
        return failed(f"one is about the cluster {one.uid}, the other about {other.uid}")
    if (mine := minor(one.version)) and (theirs := minor(other.version)) and mine != theirs:
        return failed(f"one is about Kubernetes {one.version}, the other about {other.version}")
    if shared := sorted(one.nodes & other.nodes):
        more = f" and {len(shared) - _SHOWN} more" if len(shared) > _SHOWN else ""
        return passed(f"both name the nodes {', '.join(shared[:_SHOWN])}{more}; a UID would be stronger")
    known = [what for what, there in _both(one, other) if there]
    but = f"; of what both tell, {', '.join(known)} fits more clusters than one" if known else ""
    return unknown(f"nothing in them tells whether they are about one cluster{but}")


def minor(version: str) -> str:
    """``1.37`` of ``v1.37.2+k0s``; empty where there is none."""
    match = _MINOR.match(version)
    return f"{match[1]}.{match[2]}" if match else ""


def _both(one: Identity, other: Identity) -> Iterator[tuple[str, bool]]:
    yield "the version", bool(one.version and other.version)
    yield "node names, none of them shared,", bool(one.nodes and other.nodes)


def _nodes(detail: Any) -> Iterator[str]:
    """Names of nodes anywhere in the detail of an entry."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            if key in _KEYS:
                yield from (
                    name for name in (value if isinstance(value, list | tuple) else [value]) if isinstance(name, str)
                )
            else:
                yield from _nodes(value)
    elif isinstance(detail, list | tuple):
        for item in detail:
            yield from _nodes(item)
