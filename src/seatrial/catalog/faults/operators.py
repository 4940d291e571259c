"""Operators that are installed and do not work."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec

WORKS = "operator.reconciles-good-and-refuses-wrong"


def _without(*names: str) -> Callable[[LabSpec], LabSpec]:
    def change(spec: LabSpec) -> LabSpec:
        return msgspec.structs.replace(spec, without=(*spec.without, *names))

    return change


def _blind(spec: LabSpec) -> LabSpec:
    theirs = {**spec.settings.get("kuberay", {}), "watch_namespace": "nowhere"}
    return msgspec.structs.replace(spec, settings={**spec.settings, "kuberay": theirs})


OPERATOR_WEBHOOK_UNREGISTERED = Fault(
    id="operator-webhook-unregistered",
    title="JobSet's validating webhook is registered nowhere, so nobody asks it",
    fails=(f"{WORKS}@jobset",),
    change=_without("ValidatingWebhookConfiguration/jobset-validating-webhook-configuration"),
    needs=("jobset",),
)

TRAINER_WEBHOOK_UNREGISTERED = Fault(
    id="trainer-webhook-unregistered",
    title="Trainer's validating webhook is registered nowhere, so nobody asks it",
    fails=(f"{WORKS}@trainer",),
    change=_without("ValidatingWebhookConfiguration/trainer-validating-webhook-configuration"),
    needs=("jobset", "trainer"),
)

OPERATOR_DEAD = Fault(
    id="operator-dead",
    title="LeaderWorkerSet's program does not run, while its definitions and webhooks are there",
    fails=(f"{WORKS}@lws",),
    change=_without("lws"),
    needs=("lws",),
)

OPERATOR_BLIND = Fault(
    id="operator-blind",
    title="KubeRay watches a namespace that nobody uses; its webhook answers as ever",
    fails=(f"{WORKS}@kuberay",),
    change=_blind,
    needs=("kuberay",),
    level=LabLevel.NODE,
)
