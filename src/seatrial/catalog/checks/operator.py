"""Operators: what they are given reconciles, and what makes no sense is refused before it is stored."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from seatrial.catalog.checks.stage import is_let_in
from seatrial.catalog.checks.webhooks import endpoints_of, webhooks_of
from seatrial.catalog.roles import AIOperator, OperatorObjects, TrainingJob
from seatrial.catalog.systems.kubernetes.core import Node, runs_containers
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge, Rejected, Unreachable
from seatrial.model.fact import All, Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed
from seatrial.model.workbench import Observation, Workbench

PODS, SECONDS = 2, 1
_DENIED = re.compile(r'admission webhook "([^"]+)" denied the request')
_SILENT = re.compile(r'failed calling webhook "([^"]+)"')


@check("operator.reconciles-good-and-refuses-wrong", severity=Severity.HIGH, creates=("pods",), uses=("log",))
async def reconciles_good_and_refuses_wrong(operator: AIOperator, nodes: All[Node], bench: Workbench) -> Verdict:
    """An AI operator makes running pods of an object that is right, and its webhook refuses one that makes no sense.

    Why: an operator whose webhook is not asked stores mistakes that surface in the middle of a training run, and one that
    is blind leaves jobs that nobody works on; both look installed.
    Fix: look whether its Deployment is available, whether its webhook's Service has endpoints, whether its webhook
    configuration carries the authority that signed its certificate, and at its log.
    """
    trial = _Trial(operator, {node.name for node in nodes if runs_containers(node)}, bench)
    try:
        problems = [*await trial.is_defined(), *await trial.is_asked()]
        refused = await trial.admits_good()
        problems += refused or [*await trial.refuses_wrong(), *await trial.reconciles_good()]
    except Unreachable as error:
        silent = _SILENT.search(error.what)
        if silent is None or silent[1] not in trial.webhooks:
            raise
        problems = [f"its webhook {silent[1]} does not answer, so nothing of its kind can be stored"]
    return failed("; ".join(problems)) if problems else passed(trial.story)


class _Trial:
    """One operator: its kind, its webhook, an object that is wrong, and the same without the mistake."""

    def __init__(self, operator: AIOperator, hosts: set[str], bench: Workbench) -> None:
        self.operator, self.hosts, self.bench = operator, hosts, bench
        self.webhooks: set[str] = set()
        self.objects: OperatorObjects = operator.dialect(
            TrainingJob("good", bench.namespace, pods=PODS, image=bench.image, seconds=SECONDS), bench.apis
        )
        self.kind, self.story, self.refusal = self.objects.good["kind"], "", ""

    async def is_defined(self) -> list[str]:
        group, _, plural = self.operator.resource.rpartition("/")
        name = f"{plural}.{group}"
        definition = await self.bench.read("apiextensions.k8s.io/customresourcedefinitions", name)
        if definition is None:
            return [f"there is no definition {name}"]
        return [] if _says(definition, "Established") else [f"the definition {name} is not established"]

    async def is_asked(self) -> list[str]:
        """Webhooks with rules for this kind, whether the API server can trust them, and who stands behind them."""
        group, _, plural = self.operator.resource.rpartition("/")
        found = await webhooks_of(self.bench, group)
        self.webhooks = {webhook.name for webhook in found}
        validating = [webhook for webhook in found if webhook.validates and webhook.is_asked_about(plural)]
        self.bench.note("its webhooks", webhooks=[msgspec.to_builtins(webhook) for webhook in found])
        if not validating:
            return [f"no validating webhook has a rule for {self.operator.resource}"]
        problems = [f"its webhook {one.name} names no authority (caBundle)" for one in validating if not one.trusted]
        for namespace, name in sorted({one.service for one in validating if one.service}):
            ready = await endpoints_of(self.bench, namespace, name)
            self.bench.note("who stands behind its webhook", service=f"{namespace}/{name}", ready=ready)
            problems += [] if ready else [f"the Service {namespace}/{name} of its webhook has no ready endpoint"]
        return problems

    async def admits_good(self) -> list[str]:
        """The control: without the mistake it is let in, so it is the mistake that is refused."""
        for obj in self.objects.first:
            await self.bench.create(obj)
        admitted = await is_let_in(self.bench, self.objects.good, self.bench.window)
        self.bench.control(f"a {self.kind} that is right, by a dry run", admitted=admitted)
        return [] if admitted else [f"a {self.kind} that is right is refused: {await self._denial(self.objects.good)}"]

    async def refuses_wrong(self) -> list[str]:
        admitted = await self.bench.admits(self.objects.wrong)
        self.refusal = "" if admitted else await self._denial(self.objects.wrong)
        what = f"the same {self.kind} but for this: {self.objects.mistake}"
        self.bench.control(what, refused=bool(self.refusal), words=self.refusal)
        return [] if self.refusal else [f"a {self.kind} is let in although {self.objects.mistake}"]

    async def _denial(self, obj: Obj) -> str:
        """The words of its own webhook; empty where only the dry run refuses the object. Nobody else's words count."""
        try:
            await self.bench.create(obj)
        except Rejected as error:
            denied = _DENIED.search(error.what)
            if denied is None or denied[1] not in self.webhooks:
                raise CannotJudge(
                    f"a {self.kind} was refused, and not by a webhook of its operator: {error.what}"
                ) from error
            return error.what
        await self.bench.remove(self.operator.resource, obj["metadata"]["name"])
        await self._until_gone(self.operator.resource)
        return ""

    async def reconciles_good(self) -> list[str]:
        created = await self.bench.create(self.objects.good)
        name = created["metadata"]["name"]
        seen = await self.bench.until(
            self.operator.resource,
            lambda objs: any(one["metadata"]["name"] == name and _says(one, self.operator.reconciled) for one in objs),
            within=self.bench.patience,
            what=f"{self.kind} {name} says {self.operator.reconciled}",
        )
        made = {resource: await self.bench.list(resource) for resource in self.operator.makes}
        ran = [pod for pod in made["pods"] if _ran(pod)]
        self.bench.note("what became of it", **{resource: len(objs) for resource, objs in made.items()}, ran=len(ran))
        problems = [f"it made no {resource}" for resource, objs in made.items() if not objs]
        if len(ran) != self.objects.pods:
            problems.append(f"of the {self.objects.pods} pods of a {self.kind} {len(ran)} ran")
        if not seen.met:
            problems.append(
                f"a {self.kind} does not say {self.operator.reconciled}; it says {_conditions(seen.objects)}"
            )
        if problems:
            return problems
        return [*await self._looked_into(ran), *await self._takes_with_it(name, seen.seconds)]

    async def _looked_into(self, pods: Sequence[Obj]) -> list[str]:
        """Where containers really run, what they say is there to be read."""
        real = [pod for pod in pods if pod["spec"].get("nodeName") in self.hosts]
        if not real:
            self.bench.note("its pods are on simulated nodes, so nothing could be looked into")
        silent = [
            pod["metadata"]["name"]
            for pod in real
            if '"event":"started"' not in await self.bench.logs(pod["metadata"]["name"])
        ]
        return [f"nothing shows that the program in {', '.join(silent)} ran"] if silent else []

    async def _takes_with_it(self, name: str, seconds: float) -> list[str]:
        await self.bench.remove(self.operator.resource, name)
        gone = [await self._until_gone(resource) for resource in self.operator.makes]
        left = [
            f"{len(seen.objects)} {resource}"
            for resource, seen in zip(self.operator.makes, gone, strict=True)
            if not seen.met
        ]
        if left:
            return [f"after a {self.kind} is deleted, {', '.join(left)} of it stay"]
        denied = _DENIED.search(self.refusal)
        self.story = (
            f"a {self.kind} became {self.objects.pods} running pod{'s' * (self.objects.pods > 1)} and said {self.operator.reconciled} after "
            f"{seconds:.1f} s, and took all that it made with it; one that differs in that {self.objects.mistake} was "
            f"refused by {denied[1] if denied else 'its webhook'}"
        )
        return []

    async def _until_gone(self, resource: str) -> Observation:
        what = f"all {resource} are gone"
        return await self.bench.until(resource, lambda objs: not objs, within=self.bench.patience, what=what)


def _says(obj: Obj, condition: str) -> bool:
    return any(one.get("type") == condition and one.get("status") == "True" for one in _stated(obj))


def _stated(obj: Obj) -> list[Obj]:
    conditions = obj.get("status", {}).get("conditions")
    return conditions if isinstance(conditions, list) else []


def _conditions(objs: Sequence[Obj]) -> str:
    said = [
        f"{one.get('type')}={one.get('status')} {one.get('message', '')}".strip()
        for obj in objs
        for one in _stated(obj)
    ]
    return "; ".join(said) or "nothing"


def _ran(pod: Obj) -> bool:
    """Every container of it runs, or has ended well."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    states = [status.get("state", {}) for status in statuses]
    return bool(states) and all("running" in one or one.get("terminated", {}).get("exitCode") == 0 for one in states)
