"""What the API server itself would do to the pods that are there, asked with somebody's leave.

Each policy is put in force in a fresh namespace and nowhere else, and one pod of each kind is offered there as a dry run:
nothing is stored of it, nobody else is judged by the policy, and everything is removed at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from seatrial.bundle.chosen import Chosen
from seatrial.catalog.remedies.impact import OVER, together
from seatrial.catalog.systems.kubernetes.pods import Container, PodSpec
from seatrial.catalog.views.workloads import Workload
from seatrial.cluster.bench import Bench, open_bench
from seatrial.cluster.client import Client
from seatrial.kit.clock import Clock
from seatrial.model.errors import CannotJudge, ConsentRefused, Rejected
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Hit, Impact, Trial

Consent = Callable[[Sequence[str]], bool]
_AT_ONCE = 8
_HEEDED_WITHIN, _PAUSE = 60.0, 0.3  # seconds; nothing that the API server shows tells when admission heeds a policy
_NOT_OFFERED = (
    "nodeName",
    "serviceAccount",
    "serviceAccountName",
    "priority",
    "preemptionPolicy",
    "ephemeralContainers",
)


class _Kind(msgspec.Struct, frozen=True):
    """Pods of one workload that fare alike by what was read; the first of them is offered."""

    subject: str
    namespace: str
    pod: str
    count: int


async def asked(
    client: Client, snapshot: Snapshot, chosen: Sequence[Chosen], *, consent: Consent, clock: Clock
) -> tuple[Chosen, ...]:
    """The same choices; of those whose policies are about pods the impact is in the API server's words."""
    policies = {one.remedy.id: one for one in chosen if _probe(one) is not None}
    if not policies:
        return tuple(chosen)
    intended = [f"{name}: its policy, in force in a fresh namespace alone, and dry runs there" for name in policies]
    if not consent(intended):
        raise ConsentRefused("nothing was created, because there was no leave to", way_out="give it with --yes")
    answers: dict[str, Impact] = {}
    for id, one in policies.items():  # each in a namespace of its own, or the one would answer for the other
        async with open_bench(client, check="harden", subject="", image="", clock=clock) as bench:
            answers[id] = await _impact(client, bench, snapshot, one)
        if bench.leftovers:
            raise CannotJudge(f"could not be removed: {'; '.join(bench.leftovers)}", way_out="delete it by hand")
    return tuple(_with(one, answers[one.remedy.id]) if one.remedy.id in answers else one for one in chosen)


def _probe(one: Chosen) -> Trial | None:
    """A pod that its policy refuses, which shows that the policy is heeded."""
    if one.fix.impact is None or one.fix.impact.of != "pods" or not one.fix.audit or not _policies(one.fix):
        return None
    return next((trial for trial in one.remedy.trials if trial.refused and not trial.user), None)


def _with(one: Chosen, impact: Impact) -> Chosen:
    return Chosen(one.remedy, one.findings, msgspec.structs.replace(one.fix, impact=impact))


async def _impact(client: Client, bench: Bench, snapshot: Snapshot, one: Chosen) -> Impact:
    foretold, probe = one.fix.impact, _probe(one)
    assert foretold is not None
    assert probe is not None
    await _put_in_force(client, bench, one.fix, probe)
    offered = kinds(snapshot, _left_alone(one.fix))
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(kind: _Kind) -> str | None:
        async with turns:
            return await _answer(client, bench.namespace, kind)

    answers = await asyncio.gather(*map(ask, offered))
    messages = _messages(one.fix)
    hits, unknown = [], []
    for kind, answer in zip(offered, answers, strict=True):
        said = tuple(message for message in messages if answer and message in answer)
        if said:
            hits.append(
                Hit(
                    subject=kind.subject,
                    namespace=kind.namespace,
                    fate=Fate.REFUSED,
                    because=said,
                    objects=kind.count,
                )
            )
        elif answer:
            unknown.append(f"{kind.subject}: something else refused it: {answer}")
        elif answer is None:
            unknown.append(f"{kind.subject}: its pod was gone before it could be asked about")
    looked_at = sum(kind.count for kind in offered)
    if missing := foretold.looked_at - looked_at:
        unknown.append(f"{missing} pods are not made yet, and nothing could be offered for them")
    return Impact(of="pods", looked_at=looked_at, hits=together(hits), unknown=tuple(unknown), by_server=True)


async def _put_in_force(client: Client, bench: Bench, fix: Fix, probe: Trial) -> None:
    """Under names of the bench, for its namespace alone, and denying: a dry run does not tell of warnings."""
    here = {"matchLabels": {"kubernetes.io/metadata.name": bench.namespace}}
    (policy,) = _policies(fix)
    (binding,) = fix.audit
    name = f"{bench.namespace}-{policy['metadata']['name']}"
    constraints = {**policy["spec"]["matchConstraints"], "namespaceSelector": here}
    await bench.create(
        {**policy, "metadata": {"name": name}, "spec": {**policy["spec"], "matchConstraints": constraints}}
    )
    spec = {**binding["spec"], "policyName": name, "validationActions": ["Deny"]}
    await bench.create({**binding, "metadata": {"name": name}, "spec": spec})
    pod = {**probe.obj, "metadata": {"name": "probe", "namespace": bench.namespace}}
    for _ in range(int(_HEEDED_WITHIN / _PAUSE)):
        if probe.refused in await _refusal(client, pod):
            return
        await asyncio.sleep(_PAUSE)
    raise CannotJudge(
        f"the policy {policy['metadata']['name']} was not heeded after {_HEEDED_WITHIN:.0f} s",
        way_out="without --ask what the policies would do is told from what was read",
    )


def kinds(snapshot: Snapshot, left_alone: Sequence[str]) -> list[_Kind]:
    """One for each workload and template that its pods have."""
    found: list[_Kind] = []
    for workload in snapshot.all(Workload):
        alike: dict[bytes, list[tuple[str, str]]] = {}
        for pod in workload.pods:
            if pod.status.phase not in OVER and pod.metadata.namespace not in left_alone:
                place = (pod.metadata.namespace, pod.name)
                alike.setdefault(msgspec.json.encode(_told_apart(pod.spec)), []).append(place)
        found += [_Kind(workload.subject, *places[0], len(places)) for places in alike.values()]
    return found


def _told_apart(spec: PodSpec) -> PodSpec:
    """All but where it runs, and what each pod of a controller has under a name of its own."""

    def bare(containers: tuple[Container, ...]) -> tuple[Container, ...]:
        return tuple(msgspec.structs.replace(one, volume_mounts=()) for one in containers)

    return msgspec.structs.replace(
        spec,
        node_name="",
        containers=bare(spec.containers),
        init_containers=bare(spec.init_containers),
        volumes=tuple(one for one in spec.volumes if one.host_path is not None or one.image is not None),
    )


def _policies(fix: Fix) -> list[Obj]:
    """Of Kubernetes itself: other engines' cannot be put in force in one namespace beside themselves."""
    return [one for one in fix.base if one["kind"] == "ValidatingAdmissionPolicy"]


def _left_alone(fix: Fix) -> list[str]:
    (policy,) = _policies(fix)
    selector = policy["spec"]["matchConstraints"].get("namespaceSelector") or {}
    return [
        name for one in selector.get("matchExpressions", ()) for name in one["values"] if one["operator"] == "NotIn"
    ]


def _messages(fix: Fix) -> list[str]:
    return [rule["message"] for one in fix.base for rule in one.get("spec", {}).get("validations", ())]


async def _answer(client: Client, namespace: str, kind: _Kind) -> str | None:
    """What it is refused with; empty where it is let in, and nothing where there is no such pod any more."""
    pods = await client.resource("pods")
    there = await client.get(pods.path(namespace=kind.namespace, name=kind.pod))
    if there is None:
        return None
    spec = {name: value for name, value in there["spec"].items() if name not in _NOT_OFFERED}
    metadata = {key: there["metadata"][key] for key in ("labels", "annotations") if key in there["metadata"]}
    anew: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "name": "asked", "namespace": namespace},
        "spec": spec,
    }
    return await _refusal(client, anew)


async def _refusal(client: Client, pod: Obj) -> str:
    try:
        await client.create(pod, dry_run=True)
    except Rejected as error:
        return error.what
    return ""
