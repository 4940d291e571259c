"""HAMi: several pods on one device, by limits that a library in the container keeps. That is a way to share, and no boundary.

Severities: a pod that slips past its scheduler takes a whole device that others believe to have parts of, and memory that is promised
twice ends one of its users: medium. A request in a wrong unit fits nowhere or is of no use: high. What is open to the outside is medium.
"""

from __future__ import annotations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.hami import COMPONENT, KEY, MEMORY, WEBHOOK, devices_of
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap
from seatrial.catalog.systems.kubernetes.governance import MutatingWebhook
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.workloads import Workload
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_LEAST, _MOST = 256, 512 * 1024  # MiB; less starts no framework, and no device has more. Both are proposals
_OPEN = ("NodePort", "LoadBalancer")


@check("hami.webhook-fails-closed", severity=Severity.MEDIUM)
def webhook_fails_closed(one: MutatingWebhook) -> Verdict:
    """No pod that asks for a part of a device goes past HAMi's webhook.

    Why: its chart sets `failurePolicy: Ignore`. While it does not answer, such pods go to the usual scheduler, which counts devices and
    not their memory.
    Fix: set `scheduler.admissionWebhook.failurePolicy: Fail` in the chart, with a namespaceSelector that leaves out kube-system and its own.
    """
    ours = [hook for hook in one.webhooks or () if hook.name == WEBHOOK]
    if not ours:
        return not_applicable("it is not HAMi's")
    if any(hook.failure_policy == "Ignore" for hook in ours):
        return failed("pods pass while it does not answer: failurePolicy is Ignore")
    return passed("pods are refused while it does not answer")


@check("hami.services-stay-inside", severity=Severity.MEDIUM)
def services_stay_inside(service: Service) -> Verdict:
    """HAMi's scheduler and monitor are reached from inside the cluster alone.

    Why: its chart makes both Services NodePorts. On every node's address anybody may ask the scheduler's extender, and read which pod
    has which device.
    Fix: set `scheduler.service.type` and `devicePlugin.service.type` to ClusterIP.
    """
    if service.metadata.labels.get("app.kubernetes.io/component", "") not in COMPONENT:
        return not_applicable("it is not HAMi's")
    kind = service.spec.type or "ClusterIP"
    return failed(f"it is a {kind}") if kind in _OPEN else passed(f"it is a {kind}")


@check("hami.memory-is-promised-once", severity=Severity.MEDIUM)
def memory_is_promised_once(config: ConfigMap) -> Verdict:
    """HAMi promises no more memory of a device than it has.

    Why: with `deviceMemoryScaling` above 1 pods that use what they were promised meet at the end of the memory, and one of them fails, or
    all wait for memory that is moved to the host.
    Fix: set `nvidia.deviceMemoryScaling` to 1, and divide devices by `deviceSplitCount`.
    """
    if KEY not in config.data:
        return not_applicable("it is not HAMi's")
    try:
        found = devices_of(config)
    except BadSettings as error:
        return unknown(str(error))
    scaling = found.nvidia.device_memory_scaling if found is not None else 1.0
    told = f"{scaling:g} times the memory of each device is promised"
    return failed(told) if scaling > 1 else passed(told)


@check("hami.memory-is-in-mebibytes", severity=Severity.HIGH)
def memory_is_in_mebibytes(workload: Workload) -> Verdict:
    """A request for `nvidia.com/gpumem` is a number of MiB.

    Why: 8 is 8 MiB, in which nothing starts, and 8589934592 is more than any device has, so that the pod waits for ever.
    Fix: write 8192 for 8 GiB. Amounts below 256 and above 524288 are taken for another unit, which is a proposal.
    """
    asked = {
        one.name: amount
        for one in workload.spec.every_container
        if (amount := {**one.resources.requests, **one.resources.limits}.get(MEMORY)) is not None
    }
    if not asked:
        return not_applicable(f"it asks for no {MEMORY}")
    try:
        wrong = [f"{name} asks for {amount}" for name, amount in asked.items() if not _LEAST <= whole(amount) <= _MOST]
    except ValueError as error:
        return unknown(str(error))
    return failed(f"{some(wrong)} MiB") if wrong else passed(f"{some(f'{one} MiB' for one in asked.values())}")
