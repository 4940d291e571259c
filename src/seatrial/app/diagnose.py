"""diagnose: why does it not run, or run badly. It reads, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

import seatrial
from seatrial.app.broken import FACTS, broken, standing, unseen
from seatrial.app.reach import reach
from seatrial.app.target import Target
from seatrial.catalog.systems.kubernetes.disruption import PodDisruptionBudget
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.advice import Case
from seatrial.catalog.waits.constraints import rules_of
from seatrial.catalog.waits.explaining import explain
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.shelf import Shelf
from seatrial.catalog.waits.wishes import open_requests
from seatrial.engine.catalog import Catalog
from seatrial.engine.waiting import diagnosis
from seatrial.model.errors import UsageError
from seatrial.model.fact import Fact, Snapshot
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.wait import Diagnosis, Explanation, Standing
from seatrial.report import waiting_html, waiting_text
from seatrial.report.hostile import json_text

FACES = ("text", "json", "html")
_MOST_EXPLAINED = 5  # pods that ask for different things, of what was asked about
_EXIT = {Standing.FLOWS: 0, Standing.STUCK: 1, Standing.BADLY: 1, Standing.BROKEN: 1, Standing.UNKNOWN: 3}


async def diagnose(
    target: Target, about: str = "", *, run: Path | None = None, tell: Tell = silent, command: str = "diagnose"
) -> Diagnosis:
    """Of everything that is stuck, or with ``about`` of one thing such as ``pods/team/trainer-0``.

    ``run`` is a saved Run whose failures are explained, too, as far as something explains them.
    """
    catalog = Catalog.installed()
    tell(Event("read", State.BEGUN))
    async with reach(target, catalog, facts(catalog)) as ground:
        snapshot = ground.snapshot
    tell(Event("read", State.DONE, ground.told))
    subject, names = _about(about, snapshot) if about else ("", frozenset())
    found = diagnosis.diagnose(catalog.sources.values(), snapshot, names)
    failing = broken(run, snapshot, ground.environment, names) if run is not None else ()
    stands, headline = standing(found.standing, found.headline, failing)
    return Diagnosis(
        seatrial=seatrial.__version__,
        command=command,
        taken_at=snapshot.taken_at,
        environment=msgspec.structs.replace(ground.environment, systems=()),
        about=subject,
        explanations=tuple(_explained(snapshot, names)),
        broken=failing,
        **{name: getattr(found, name) for name in found.__struct_fields__}
        | {"standing": stands, "headline": headline, "blind": (*found.blind, *unseen(snapshot, failing))},
    )


def facts(catalog: Catalog) -> tuple[type[Fact], ...]:
    kinds = {kind.of: kind for one in catalog.sources.values() for kind in one.reads}
    kinds[PodDisruptionBudget.of] = PodDisruptionBudget  # whom a preemption would disturb
    kinds |= {kind.of: kind for kind in FACTS}
    return tuple(kinds[of] for of in sorted(kinds))


def exit_code(found: Diagnosis) -> int:
    return _EXIT[found.standing]


def render(found: Diagnosis, face: str, *, colour: bool = False) -> str:
    if face == "json":
        return json_text(msgspec.json.format(msgspec.json.encode(found, order="sorted"), indent=2).decode()) + "\n"
    return waiting_html.render(found) if face == "html" else waiting_text.render(found, colour=colour)


def _about(about: str, snapshot: Snapshot) -> tuple[str, frozenset[str]]:
    """Its whole name, and all names under which it may wait: its own, its group's, and of a claim those who want it."""
    groups = snapshot.all(Group)
    known = {fact.subject for facts in snapshot.facts.values() for fact in facts}
    known |= {group.subject for group in groups}
    fits = sorted(one for one in known if one == about or one.endswith(f"/{about}"))
    if not fits:
        raise UsageError(
            f"nothing that was read is called {about!r}",
            way_out="name it as findings do: pods/NAMESPACE/NAME, jobs/NAMESPACE/NAME, resourceclaims/NAMESPACE/NAME",
        )
    if len(fits) > 1:
        raise UsageError(f"{about!r} may be {', '.join(fits[:5])}", way_out="write the whole name")
    subject = fits[0]
    users = {group.subject for group in groups if subject in _claimed(group)}
    return subject, frozenset({subject, *users, *_grouped(groups, subject)})


def _claimed(group: Group) -> set[str]:
    return {
        f"{ResourceClaim.of}/{pod.metadata.namespace}/{name}"
        for pod in group.pods
        for name in (
            *(one.resource_claim_name for one in pod.spec.resource_claims),
            *(one.get("resourceClaimName", "") for one in pod.status.resource_claim_statuses),
        )
        if name
    }


def _grouped(groups: tuple[Group, ...], subject: str) -> Iterator[str]:
    """Who holds this pod together with others; and for an object that made the pods of a group, that group."""
    kind, _, rest = subject.rpartition("/")[0].partition("/")
    made_by = (subject.rpartition("/")[2], rest.rpartition("/")[2])
    for group in groups:
        if any(pod.subject == subject for pod in group.pods):
            yield group.subject
        owner = group.pods[0].metadata.controller if group.pods else None
        if owner is not None and kind and (owner.name, group.metadata.namespace) == made_by:
            yield group.subject


def _explained(snapshot: Snapshot, names: frozenset[str]) -> Iterator[Explanation]:
    floor = next(iter(snapshot.all(Floor)), None)
    if floor is None or not names or snapshot.gap(Floor.drawn_from[0]) is not None:
        return
    asked = {name for name in names if name.startswith(f"{Pod.of}/")}
    seen: dict[object, Pod] = {}
    for group in snapshot.all(Group):
        for pod in group.unplaced if group.subject in names else ():
            if not asked or pod.subject in asked or len(group.pods) == 1:
                seen.setdefault(id(floor.look(pod)), pod)
    shelf = next(iter(snapshot.all(Shelf)), None)
    claims = {(one.metadata.namespace, one.name): one for one in snapshot.all(ResourceClaim)}
    for pod in list(seen.values())[:_MOST_EXPLAINED]:
        wants = tuple(want for _, want in open_requests(shelf, pod, claims)) if shelf is not None else ()
        budgets = snapshot.all(PodDisruptionBudget)
        rules = rules_of(pod, claims)
        yield explain(Case(pod, floor.look(pod), floor, snapshot.all(Group), budgets, shelf, wants, rules))
