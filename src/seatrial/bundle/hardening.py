"""The folder that ``harden`` writes: a Kustomize base with two overlays for each remedy, and both steps of all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from seatrial.bundle import impact, pages
from seatrial.bundle.chosen import STEPS, Chosen
from seatrial.bundle.document import documents, kustomization
from seatrial.model.fact import Obj

INDEX = "remedies.json"
SCHEMA = "seatrial.dev/remedies/v1"


def files(chosen: Sequence[Chosen], *, of: str) -> dict[str, bytes]:
    """By their paths; none where nothing is chosen. ``of`` says in words what was looked at."""
    if not chosen:
        return {}
    inside = {f"{one.remedy.id}/{name}": data for one in chosen for name, data in _of_one(one)}
    both = {
        f"{step}/kustomization.yaml": kustomization(*(f"../{one.remedy.id}/{step}" for one in with_step))
        for step in STEPS
        if (with_step := [one for one in chosen if step in one.steps])
    }
    written = {**inside, **both, "README.md": pages.front(chosen, of=of, index=INDEX), INDEX: index(chosen)}
    return dict(sorted(written.items()))


def _of_one(one: Chosen) -> Iterator[tuple[str, bytes]]:
    yield "README.md", pages.page(one)
    yield from ((name, documents([obj])) for name, obj in one.fix.beside.items())
    if one.fix.base:
        yield from _folder("base", one.fix.base, ())
    below = ("../base",) if one.fix.base else ()
    for step in one.steps:
        yield from _folder(step, one.fix.audit if step == "audit" else one.fix.enforce, below)


def _folder(name: str, objects: Sequence[Obj], below: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """A file for each kind; objects' own names come from clusters, and are no names for files."""
    kinds: dict[str, list[Obj]] = defaultdict(list)
    for obj in objects:
        kinds[f"{obj['kind'].lower()}.yaml"].append(obj)
    yield f"{name}/kustomization.yaml", kustomization(*below, *sorted(kinds))
    for file, alike in sorted(kinds.items()):
        yield f"{name}/{file}", documents(alike)


def index(chosen: Sequence[Chosen], **more: Any) -> bytes:
    """For machines; ``more`` is said beside the remedies."""
    rows = [
        {
            "id": one.remedy.id,
            "title": one.remedy.title,
            "steps": one.steps,
            "cures": one.remedy.cures,
            "eases": one.remedy.eases,
            "findings": [{"check": finding.check, "subject": finding.subject} for finding in one.findings],
            "refusesThem": one.remedy.refuses,
            "impact": impact.row(one.fix.impact) if one.fix.impact is not None else None,
        }
        for one in chosen
    ]
    return msgspec.json.format(msgspec.json.encode({"schema": SCHEMA, "remedies": rows, **more}), indent=2) + b"\n"
