"""Operators that are installed and do not work."""

from __future__ import annotations

from seatrial.catalog.faults.changes import leaves_out, sets
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

WORKS = "operator.reconciles-good-and-refuses-wrong"


OPERATOR_WEBHOOK_UNREGISTERED = Fault(
    id="operator-webhook-unregistered",
    title="JobSet's validating webhook is registered nowhere, so nobody asks it",
    fails=(f"{WORKS}@jobset",),
    change=leaves_out("ValidatingWebhookConfiguration/jobset-validating-webhook-configuration"),
    needs=("jobset",),
)

TRAINER_WEBHOOK_UNREGISTERED = Fault(
    id="trainer-webhook-unregistered",
    title="Trainer's validating webhook is registered nowhere, so nobody asks it",
    fails=(f"{WORKS}@trainer",),
    change=leaves_out("ValidatingWebhookConfiguration/trainer-validating-webhook-configuration"),
    needs=("jobset", "trainer"),
)

OPERATOR_DEAD = Fault(
    id="operator-dead",
    title="LeaderWorkerSet's program does not run, while its definitions and webhooks are there",
    fails=(f"{WORKS}@lws",),
    change=leaves_out("lws"),
    needs=("lws",),
)

OPERATOR_BLIND = Fault(
    id="operator-blind",
    title="KubeRay watches a namespace that nobody uses; its webhook answers as ever",
    fails=(f"{WORKS}@kuberay",),
    change=sets("kuberay", watch_namespace="nowhere"),
    needs=("kuberay",),
    level=LabLevel.NODE,
)
