"""One waiting pod: which constraint fails on how many nodes, by our own arithmetic and in the scheduler's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from seatrial.catalog.waits.advice import CLAIMED, Case, advise
from seatrial.catalog.waits.attachments import ELSEWHERE, FULL, UNBOUND
from seatrial.catalog.waits.neighbours import APART, NEAR, REPELLED, SPREAD
from seatrial.catalog.waits.room import PORT
from seatrial.model.wait import Explanation, Trial

_AVAILABLE = re.compile(
    r"0/(?P<all>\d+) nodes are available: (?P<why>.*?)(?:\. (?:preemption|no new claims|still)|\.?$)", re.DOTALL
)
_REASON = re.compile(r"(\d+) (.+)", re.DOTALL)
_SPLIT = re.compile(r", (?=\d+ )")
# How the scheduler says it, and how we do.
_WORDS = (
    ("had untolerated taint", "untolerated taint"),
    ("didn't match Pod's node affinity/selector", "node affinity or selector"),
    ("were unschedulable", "cordoned"),
    ("Too many pods", "insufficient pods"),
    ("didn't have free ports", PORT),
    ("didn't match pod topology spread constraints", SPREAD),
    ("didn't match pod affinity rules", NEAR),
    ("didn't match pod anti-affinity rules", APART),
    ("didn't satisfy existing pods anti-affinity rules", REPELLED),
    ("didn't match PersistentVolume's node affinity", ELSEWHERE),
    ("had volume node affinity conflict", ELSEWHERE),
    ("had no available volume zone", ELSEWHERE),
    ("didn't find available persistent volumes to bind", UNBOUND),
    ("exceed max volume count", FULL),
    ("cannot allocate all claims", CLAIMED),
)

_COMPUTED = frozenset(ours for _, ours in _WORDS)
_OLD = "the scheduler looked at {then} nodes and there are {now} now, so its counts are not compared"


def explain(case: Case) -> Explanation:
    pod, nodes = case.pod, len(case.floor.nodes)
    fails, fits = case.fails, case.fits
    advice = advise(case)
    scheduled = pod.status.condition("PodScheduled")
    message = scheduled.message if scheduled is not None and scheduled.status == "False" else ""
    theirs = said(message)
    old = theirs is not None and theirs[""] != nodes
    differs: tuple[str, ...] = ()
    if theirs is not None:
        differs = (_OLD.format(then=theirs[""], now=nodes),) if old else _differences(fails, theirs)
    return Explanation(
        subject=pod.subject,
        nodes=nodes,
        fits=fits,
        fails=tuple(
            Trial(constraint=name, nodes=fails[name]) for name in sorted(fails, key=lambda one: (-fails[one], one))
        ),
        first=advice.first,
        needs=advice.needs,
        actions=advice.actions,
        scheduler=message,
        agrees=None if theirs is None or old else not differs,
        differs=differs,
    )


def said(message: str) -> dict[str, int] | None:
    """The scheduler's count of nodes for each reason, in our words where we have some; ``None`` where it counts none."""
    found = _AVAILABLE.match(message)
    if found is None:
        return None
    counts: dict[str, int] = {"": int(found["all"])}
    for part in _SPLIT.split(found["why"].rstrip(".")):
        reason = _REASON.fullmatch(part.strip())
        if reason is not None:
            name = _ours(reason[2])
            counts[name] = counts.get(name, 0) + int(reason[1])
    return counts if len(counts) > 1 else None


def _ours(text: str) -> str:
    if text.startswith("Insufficient "):
        return f"insufficient {text.removeprefix('Insufficient ')}"
    return next((word for theirs, word in _WORDS if theirs in text), text)


def _differences(fails: Mapping[str, int], theirs: dict[str, int]) -> tuple[str, ...]:
    """Of what both count. Where the scheduler names another constraint, that node failed there first, or nobody computes it here."""
    ours = {name for name in theirs if name.startswith("insufficient ") or name in _COMPUTED}
    found = []
    for name in sorted({*fails, *ours}):
        mine, other = fails.get(name, 0), theirs.get(name, 0)
        if mine != other:
            found.append(f"{name}: {mine} nodes by our arithmetic, {other} by the scheduler")
    return tuple(found)
