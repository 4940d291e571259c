"""What the kernel of a node is shown by pods: Pod Security Standards by namespace, and filters for system calls."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seatrial.catalog.remedies.baseline import NOT_READ, broken
from seatrial.catalog.remedies.impact import on_pods, uses_accelerators
from seatrial.catalog.remedies.parts import STAY
from seatrial.catalog.remedies.pods import CONTAINERS, USES_ACCELERATORS, container, plain, pod
from seatrial.catalog.remedies.policies import (
    EPHEMERAL,
    MUTATING,
    PODS,
    VALIDATING,
    Demand,
    beside_the_platform,
    changed,
    denied,
)
from seatrial.catalog.remedies.subjects import namespaces
from seatrial.catalog.systems.kubernetes.pods import PodSpec, SecurityContext
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Remedy, Trial
from seatrial.model.verdict import Finding

_ENFORCED = "pod-security.namespaces-enforce-a-standard"
_VERSIONED = "pod-security.standards-are-of-a-version"
_UNCONFINED = "Unconfined"
_PREFIX = "pod-security.kubernetes.io/"


def _standards(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    match = re.match(r"v(\d{1,3}\.\d{1,3})\b", snapshot.cluster.version)
    version = {"-version": f"v{match[1]}"} if match else {}
    bare, floating = namespaces(findings, _ENFORCED), namespaces(findings, _VERSIONED)
    told = {f"{_PREFIX}{mode}{end}": value for mode in ("audit", "warn") for end, value in _level("baseline", version)}
    held = {f"{_PREFIX}enforce{end}": value for end, value in _level("baseline", version)}
    pinned = {f"{_PREFIX}enforce{end}": value for end, value in version.items()}
    return Fix(
        audit=tuple(labelled(name, told) for name in bare),
        enforce=(
            *(labelled(name, held) for name in bare),
            *(labelled(name, pinned) for name in floating if pinned and name not in bare),
        ),
        impact=on_pods(snapshot, lambda pod: broken(pod.spec), fate=Fate.REFUSED, within=bare, unknown=(NOT_READ,)),
    )


def _level(level: str, version: dict[str, str]) -> list[tuple[str, str]]:
    return [("", level), *version.items()]


def labelled(name: str, labels: dict[str, str]) -> Obj:
    """A namespace that is there, with these labels beside its own."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": dict(labels), "annotations": dict(STAY)},
    }


_HOST = [{"name": "host", "hostPath": {"path": "/srv"}}]

POD_SECURITY = Remedy(
    id="pod-security",
    title="Namespaces with accelerators enforce the baseline Pod Security Standard, of a named version",
    why=(
        "Without it privileged pods, namespaces of the node and paths of the node are let in, whatever the workloads that are there"
        " now ask for."
    ),
    effect=(
        "Pods that break the baseline are refused when they are created. `kubectl label --dry-run=server --overwrite namespace NAME"
        " pod-security.kubernetes.io/enforce=baseline` tells which of those that run would be, and writes nothing. Pods that need"
        " IPC_LOCK or paths of the node are among them. Where yours allow it, go on to `restricted`."
    ),
    undo=(
        "- `kubectl label namespace NAME pod-security.kubernetes.io/enforce- pod-security.kubernetes.io/enforce-version-`, and the"
        " same for `audit` and `warn`.\n- Never `kubectl delete -k`: the objects are the namespaces themselves, and all in them"
        " would be deleted. Argo CD and Flux are told so by annotations."
    ),
    cures=(_ENFORCED, _VERSIONED),
    reads=(Workload,),
    render=_standards,
    trials=(
        Trial(
            what="a path of the node, without an accelerator",
            obj=pod(containers=[plain()], volumes=_HOST),
            refused='violates PodSecurity "baseline',
        ),
        Trial(what="a pod with nothing of the node", obj=pod(containers=[plain()])),
    ),
)


def _would_be_filtered(spec: PodSpec) -> tuple[str, ...]:
    says_nothing = spec.security_context.seccomp_profile is None
    return ("gets the profile RuntimeDefault",) if uses_accelerators(spec) and says_nothing else ()


def _filtered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    return changed(
        "seatrial-system-calls",
        snapshot,
        when=(
            ("uses-accelerators", USES_ACCELERATORS),
            ("says-nothing", "!has(object.spec.securityContext) || !has(object.spec.securityContext.seccompProfile)"),
        ),
        configuration=(
            "Object{spec: Object.spec{securityContext: Object.spec.securityContext{\n"
            '    seccompProfile: Object.spec.securityContext.seccompProfile{type: "RuntimeDefault"}}}}'
        ),
        words=lambda pod: _would_be_filtered(pod.spec),
    )


def _with_profile(type: str) -> Obj:
    return {"seccompProfile": {"type": type}}


SYSTEM_CALLS = Remedy(
    id="system-calls",
    title="Pods with accelerators get the runtime's filter for system calls unless they name one",
    why=(
        "Without a filter the whole kernel is open to code that came with a model. The default one does not stop escapes through a"
        " driver, since it lets `ioctl` through; it stops most others."
    ),
    effect=(
        "New pods with accelerators that say nothing run with `RuntimeDefault`. Debuggers and profilers that trace processes may"
        " need a profile of their own (`Localhost`)."
    ),
    cures=("pod-security.system-calls-are-filtered",),
    serves=(MUTATING,),
    reads=(Workload,),
    render=_filtered,
    trials=(
        Trial(
            what="a pod that says nothing",
            obj=pod(),
            becomes={"spec": {"securityContext": _with_profile("RuntimeDefault")}},
        ),
        Trial(
            what="a pod with a user and no profile",
            obj=pod(securityContext={"runAsUser": 1000}),
            becomes={"spec": {"securityContext": {"runAsUser": 1000, **_with_profile("RuntimeDefault")}}},
        ),
        Trial(
            what="a pod with a profile of its own",
            obj=pod(securityContext={"seccompProfile": {"type": "Localhost", "localhostProfile": "a.json"}}),
            becomes={"spec": {"securityContext": _with_profile("Localhost")}},
        ),
        Trial(
            what="a pod without an accelerator",
            obj=pod(containers=[plain()]),
            becomes={"spec": {"securityContext": {"seccompProfile": None}}},
        ),
    ),
)


def _is_unconfined(spec: PodSpec) -> bool:
    of_pod = _profile(spec.security_context)
    return any((_profile(one.security_context) or of_pod) == _UNCONFINED for one in spec.every_container)


def _profile(context: SecurityContext) -> str:
    return context.seccomp_profile.type if context.seccomp_profile is not None else ""


def _confined(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    return denied(
        "seatrial-unconfined",
        snapshot,
        rules=(PODS, EPHEMERAL),
        variables=(
            ("containers", CONTAINERS),
            ("accelerators", USES_ACCELERATORS),
            ("profile", "object.spec.?securityContext.?seccompProfile.?type.orValue('')"),
        ),
        demands=(
            Demand(
                "!variables.accelerators || variables.containers.all(c,\n"
                "    c.?securityContext.?seccompProfile.?type.orValue(variables.profile) != 'Unconfined')",
                "a pod with accelerators does not turn the filter for system calls off",
                lambda spec: uses_accelerators(spec) and _is_unconfined(spec),
            ),
        ),
        namespaces=beside_the_platform(snapshot),
    )


UNCONFINED = Remedy(
    id="unconfined",
    title="Pods with accelerators do not turn the filter for system calls off",
    why="`Unconfined` opens the whole kernel to code that came with a model, on the nodes whose kernel runs the largest drivers.",
    effect="Pods with accelerators that say `Unconfined` are refused. A profile of their own (`Localhost`) is let in.",
    cures=("pod-security.system-calls-are-not-unfiltered",),
    refuses=True,
    serves=(VALIDATING,),
    reads=(Workload,),
    render=_confined,
    trials=(
        Trial(
            what="the whole pod unconfined",
            obj=pod(securityContext=_with_profile("Unconfined")),
            refused="does not turn the filter",
        ),
        Trial(
            what="one container unconfined in a pod that is not",
            obj=pod(
                securityContext=_with_profile("RuntimeDefault"),
                containers=[container(securityContext=_with_profile("Unconfined"))],
            ),
            refused="does not turn the filter",
        ),
        Trial(
            what="each container confined in a pod that is not",
            obj=pod(
                securityContext=_with_profile("Unconfined"),
                containers=[container(securityContext=_with_profile("RuntimeDefault"))],
            ),
        ),
        Trial(what="no accelerator", obj=pod(containers=[plain()], securityContext=_with_profile("Unconfined"))),
    ),
)
