"""harden: fixes for what fails, as files for Git. Nothing is written into a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from seatrial.app import directories, saved
from seatrial.app.asking import Consent, asked
from seatrial.app.check import choose
from seatrial.app.reach import Ground, reach
from seatrial.app.target import Target
from seatrial.bundle.chosen import Chosen
from seatrial.bundle.hardening import INDEX, files, index
from seatrial.engine.catalog import Catalog
from seatrial.engine.judge import judge
from seatrial.engine.plan import plan
from seatrial.kit.clock import Clock, SystemClock
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError
from seatrial.model.fact import Snapshot, sources
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.remedy import Remedy
from seatrial.model.run import Environment, EnvironmentKind
from seatrial.model.verdict import Finding, Outcome
from seatrial.report.hostile import json_text


class Hardened(msgspec.Struct, frozen=True):
    """The files, and what they leave open."""

    chosen: tuple[Chosen, ...]
    files: dict[str, bytes]
    left_out: tuple[tuple[str, str], ...]  # remedies that are called for, each with why it cannot be had here
    unanswered: tuple[str, ...]  # checks that fail, and no remedy was made for
    unknown: tuple[str, ...]  # checks that would call for a remedy, and could not judge


async def harden(
    target: Target,
    *,
    only: tuple[str, ...] = (),
    run: Path | None = None,
    consent: Consent | None = None,
    tell: Tell = silent,
    clock: Clock | None = None,
) -> Hardened:
    """``only`` names remedies. ``run`` is a saved Run whose failures count, instead of judging anew.

    With ``consent`` the API server is asked what its policies would do.
    """
    catalog = Catalog.installed()
    remedies = tuple(map(catalog.remedy, only)) if only else tuple(catalog.remedies.values())
    checks = choose(catalog, ())
    facts = plan(catalog, checks).facts
    needed = [kind for remedy in remedies for asked in remedy.reads for kind in sources(asked)]
    tell(Event("read", State.BEGUN))
    async with reach(target, catalog, (*facts, *needed)) as ground:
        tell(Event("read", State.DONE, ground.told))
        if run is not None:
            findings = saved.findings(run, ground.environment)
        else:
            judged = await judge(
                catalog, checks, ground.snapshot, open_bench=None, clock=clock or SystemClock(), tell=tell
            )
            findings = judged.findings
        hardened = _hardened(remedies, findings, ground, named=bool(only))
        if consent is None:
            return hardened
        if ground.client is None:
            raise UsageError("only a cluster can be asked", way_out="leave --ask out, or name a cluster")
        told = await asked(
            ground.client, ground.snapshot, hardened.chosen, consent=consent, clock=clock or SystemClock()
        )
        return msgspec.structs.replace(hardened, chosen=told, files=files(told, of=_told(ground.environment)))


def write(out: Path, hardened: Hardened, *, force: bool) -> None:
    directories.write(out, hardened.files, force=force, mark=INDEX)


def as_json(hardened: Hardened) -> str:
    """The index of the folder, and what is left open."""
    left = [{"id": id, "because": why} for id, why in hardened.left_out]
    told = index(hardened.chosen, leftOut=left, unanswered=hardened.unanswered, unknown=hardened.unknown)
    return json_text(told.decode())


def _hardened(remedies: Sequence[Remedy], findings: Sequence[Finding], ground: Ground, *, named: bool) -> Hardened:
    failures = saved.failures(findings)
    chosen: list[Chosen] = []
    left_out: list[tuple[str, str]] = []
    for remedy in remedies:
        called_by = tuple(one for one in failures if one.check in remedy.answers)
        if not called_by:
            continue
        if why := _why_not(remedy, ground, named=named):
            left_out.append((remedy.id, why))
            continue
        fix = remedy.render(ground.snapshot, called_by)
        if not fix.is_empty:
            chosen.append(Chosen(remedy, fix.about if fix.about is not None else called_by, fix))
    answered = {(one.check, one.subject) for each in chosen for one in each.findings}
    waiting = {check for remedy in remedies for check in remedy.answers}
    return Hardened(
        chosen=tuple(chosen),
        files=files(chosen, of=_told(ground.environment)),
        left_out=tuple(left_out),
        unanswered=_names(one for one in failures if (one.check, one.subject) not in answered),
        unknown=_names(one for one in findings if one.outcome is Outcome.UNKNOWN and one.check in waiting),
    )


def _why_not(remedy: Remedy, ground: Ground, *, named: bool) -> str:
    """Files do not say what is served, or which systems are there: who writes for one of these names the remedy."""
    if ground.environment.kind is EnvironmentKind.MANIFESTS:
        needs = "" if named else ", ".join(remedy.needs)
        return (
            f"files do not say whether {needs} is in the cluster; --only {remedy.id} takes it as there" if needs else ""
        )
    apis = ground.snapshot.apis
    if unsure := [one for one in remedy.serves if not apis.versions(one) and apis.why_broken(one)]:
        return f"whether the cluster has {', '.join(unsure)} is not known"
    missing = [resource for resource in remedy.serves if not _serves(ground.snapshot, resource)]
    there = {one.id for one in ground.environment.systems if one.there}
    missing += [system for system in remedy.needs if system not in there]
    return f"the cluster has no {', '.join(missing)}" if missing else ""


def _serves(snapshot: Snapshot, resource: str) -> bool:
    return bool(snapshot.apis.versions(resource))


def _names(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({one.check for one in findings}))


def _told(environment: Environment) -> str:
    version = f", Kubernetes {environment.cluster.version}" if environment.cluster.version else ""
    return one_line(f"{environment.kind.value} {environment.name}{version}", limit=200)
