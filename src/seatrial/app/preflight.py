"""What cannot be proven on a cluster, and why, before anything is created there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from seatrial.app.reach import Ground
from seatrial.catalog.checks.preflight import AREA, HOLDS_BACK, FreshNamespace, Permission
from seatrial.cluster import marks
from seatrial.cluster.client import Client
from seatrial.cluster.decode import fact_from
from seatrial.engine.catalog import Catalog
from seatrial.engine.docket import finding
from seatrial.engine.judge import judge
from seatrial.engine.permissions import USES
from seatrial.engine.plan import Act, plan
from seatrial.kit.clock import Clock
from seatrial.kit.together import together
from seatrial.model.check import Check
from seatrial.model.errors import CannotJudge, Refused, Unreachable
from seatrial.model.fact import Fact, Gap, GapReason, Obj, Snapshot
from seatrial.model.verdict import Finding, Outcome, unknown

_VERBS = ("create", "delete")
_WITH_SUBRESOURCE = ("pods/", "services/")  # of the core group, so that the first part is no group
_REASONS = 3  # that are quoted for one proof


class Preflight(msgspec.Struct, frozen=True):
    """``findings`` on the ground itself; ``held`` for each proof that is not to begin, the reason as its finding."""

    findings: tuple[Finding, ...] = ()
    held: tuple[Finding, ...] = ()

    def going(self, checks: Iterable[Check]) -> tuple[Check, ...]:
        held = {one.check for one in self.held}
        return tuple(check for check in checks if check.id not in held)

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """What failed of the preflight. Only that is kept beside the proofs: a passing one would make a pass of nothing."""
        return tuple(one for one in self.findings if one.fix)


def checks_for(catalog: Catalog, proofs: Iterable[Check]) -> tuple[Check, ...]:
    """The preflight checks; none where nothing would be created."""
    if not any(proof.active for proof in proofs):
        return ()
    return tuple(check for check in catalog.checks.values() if check.area == AREA)


async def look_ahead(catalog: Catalog, proofs: Sequence[Check], ground: Ground, clock: Clock) -> Preflight:
    """Judge the ground. A proof that failing checks hold back is unknown, for their reasons."""
    acts = plan(catalog, proofs, ground.snapshot).acts
    snapshot = ground.snapshot
    if ground.client is not None and acts:
        snapshot = await _asked(ground.client, acts, snapshot)
    judged = await judge(catalog, checks_for(catalog, proofs), snapshot, open_bench=None, clock=clock)
    held: list[Finding] = []
    blamed: set[str] = set()
    for check in {act.check.id: act.check for act in acts}.values():
        holding = [list(_holding(act, judged.findings)) for act in acts if act.check is check]
        if all(holding):  # one system that can be shown is worth beginning for
            blamed |= {one.key for those in holding for one in those}
            reasons = dict.fromkeys(one.because for those in holding for one in those)
            held.append(finding(check, "", unknown(f"cannot be proven here: {'; '.join(list(reasons)[:_REASONS])}")))
    return Preflight(tuple(_told(one, holds=one.key in blamed) for one in judged.findings), tuple(held))


def _holding(act: Act, findings: Iterable[Finding]) -> Iterator[Finding]:
    for one in findings:
        holds = HOLDS_BACK.get(one.check)
        if (
            one.outcome is Outcome.FAIL
            and holds is not None
            and holds(act.check, {resource for _, resource in _needs(act)}, one.seen)
        ):
            yield one


def _needs(act: Act) -> frozenset[tuple[str, str]]:
    """(verb, resource): what tells whether the proof could begin, do its work, and clean up."""
    changed = {(verb, resource) for verb in _VERBS for resource in ("namespaces", *act.creates)}
    used = {
        (verbs[0], f"{group}/{plural}".lstrip("/")) for (group, plural), verbs in map(USES.__getitem__, act.check.uses)
    }
    return frozenset(changed | used)


def _told(one: Finding, *, holds: bool) -> Finding:
    """That the ground is not good enough is no failure of the platform; it is why something is not known."""
    if one.outcome is not Outcome.FAIL:
        return one
    return msgspec.structs.replace(one, outcome=Outcome.UNKNOWN if holds else Outcome.NOT_APPLICABLE)


async def _asked(client: Client, acts: Iterable[Act], snapshot: Snapshot) -> Snapshot:
    """The snapshot with what only the API server can tell: what we may do, and what it makes of a fresh namespace."""
    wanted = sorted({need for act in acts for need in _needs(act)})
    facts, gaps = dict(snapshot.facts), dict(snapshot.gaps)
    for kind, questions in (
        (Permission, [_may(client, verb, resource) for verb, resource in wanted]),
        (FreshNamespace, [_fresh_namespace(client)]),
    ):
        gaps.pop(kind.of, None)
        try:
            facts[kind.of] = tuple(await together(*questions))
        except CannotJudge as error:
            facts.pop(kind.of, None)
            reason = GapReason.FORBIDDEN if isinstance(error, Refused) else GapReason.UNREACHABLE
            gaps[kind.of] = Gap(kind.of, reason, error.what)
    return msgspec.structs.replace(snapshot, facts=facts, gaps=gaps)


async def _may(client: Client, verb: str, resource: str) -> Fact:
    """Asked for every namespace: nobody knows yet what the namespace of a proof will be called."""
    path, _, subresource = resource.partition("/") if resource.startswith(_WITH_SUBRESOURCE) else (resource, "", "")
    group, _, name = path.rpartition("/")
    attributes = {"verb": verb, "group": group, "resource": name, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return _fact(Permission, {**await client.create(review), "spec": review["spec"]})


async def _fresh_namespace(client: Client) -> Fact:
    name = marks.new_namespace(AREA)
    plain = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return _fact(
        FreshNamespace, await client.create(marks.marked(plain, bench=name, run="", namespace=""), dry_run=True)
    )


def _fact(kind: type[Fact], obj: Obj) -> Fact:
    try:
        return fact_from(kind, obj)
    except msgspec.ValidationError as error:
        raise Unreachable(f"the API server answers {kind.of} in a shape that is not known here: {error}") from error
