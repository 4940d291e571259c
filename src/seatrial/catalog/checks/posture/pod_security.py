"""Pod security for workloads with accelerators: what the kernel, the API server and a thief find in their pods.

Nothing here opens a device by itself, and each is one wall less between a model's code and the node: medium. A filter that
somebody turned off, and a secret that everybody may read who may read pods, are high.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.pods import Container
from seatrial.catalog.views.tenants import AcceleratorNamespace, TenantWorkload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed

_FILTERED = ("RuntimeDefault", "Localhost")
_ENFORCE, _VERSION = "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version"
_SECRET_NAME = re.compile(
    r"(?i)(?:^|.*[-_.])(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|secret[-_]?key|private[-_]?key"
    r"|credentials?)$"
)
_SECRET_SHAPE = re.compile(r"\b(?:hf_|sk-|nvapi-|gh[pousr]_|glpat-|AKIA)[A-Za-z0-9_-]{16,}")
_FLAG = re.compile(r"--?(?P<name>[A-Za-z][\w.-]*)(?:=(?P<value>.*))?", re.DOTALL)
_NO_SECRET = re.compile(r"\s*|\d{1,9}|true|false|none|/.*|\$\(.*\)|file:.*", re.IGNORECASE)


@check("pod-security.system-calls-are-not-unfiltered", severity=Severity.HIGH)
def system_calls_are_not_unfiltered(workload: TenantWorkload) -> Verdict:
    """No container of a pod with accelerators turns the filter for system calls off.

    Why: `Unconfined` opens the whole kernel to code that came with a model. The default filter does not stop escapes through
    a driver, since it lets `ioctl` through; it stops most others.
    Fix: set `securityContext.seccompProfile.type: RuntimeDefault`.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    bad = [one.name for one in workload.spec.every_container if _profile(workload, one) == "Unconfined"]
    return failed(f"Unconfined: {some(bad)}", containers=bad) if bad else passed("no container does")


@check("pod-security.system-calls-are-filtered", severity=Severity.MEDIUM)
def system_calls_are_filtered(workload: TenantWorkload) -> Verdict:
    """Every container of a pod with accelerators asks for a filter for system calls.

    Why: without one in the pod it has none, unless every kubelet runs with `seccompDefault`, which cannot be read here.
    Fix: set `spec.securityContext.seccompProfile.type: RuntimeDefault`, or `Localhost` with a profile of your own.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    bad = [one.name for one in workload.spec.every_container if _profile(workload, one) not in _FILTERED]
    return failed(f"no filter: {some(bad)}", containers=bad) if bad else passed("each container has one")


@check("pod-security.root-is-not-used", severity=Severity.LOW)
def root_is_not_used(workload: TenantWorkload) -> Verdict:
    """No container of a pod with accelerators runs as root of its node.

    Why: an escape through a driver or a runtime lands with the rights that the process had.
    Fix: set `runAsNonRoot: true` and `runAsUser`, or give the pod a user namespace by `hostUsers: false`.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    if workload.spec.host_users is False:
        return passed("root in it is nobody on the node: it has a user namespace")
    bad = [one.name for one in workload.spec.every_container if _may_be_root(workload, one)]
    return failed(f"may run as root: {some(bad)}", containers=bad) if bad else passed("none may")


@check("pod-security.tokens-are-not-handed-out", severity=Severity.LOW)
def tokens_are_not_handed_out(workload: TenantWorkload) -> Verdict:
    """A pod with accelerators carries no token of its service account unless it has one of its own.

    Why: whoever makes a model run code has the token, too, and may ask the API server for whatever `default` may do.
    Fix: set `automountServiceAccountToken: false`, or give the workload a service account with only what it needs.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    spec = workload.spec
    if spec.automount_service_account_token is False:
        return passed("it takes none")
    if spec.service_account_name not in ("", "default"):
        return passed(f"it has a service account of its own, {spec.service_account_name}")
    return failed("it takes the token of the service account default")


@check("pod-security.secrets-are-referred-to", severity=Severity.HIGH)
def secrets_are_referred_to(workload: TenantWorkload) -> Verdict:
    """No secret stands in a pod's environment or arguments.

    Why: everybody who may read pods, events or a backup reads it there; tokens for model stores open private models and data.
    Fix: put it into a Secret, and refer to it by `valueFrom.secretKeyRef` or mount it. Then change it: it was readable.
    """
    bad = [place for one in workload.spec.every_container for place in _secrets(one)]
    return (
        failed(f"a secret is written out in {some(bad)}", places=sorted(set(bad))) if bad else passed("none was found")
    )


@check("pod-security.namespaces-enforce-a-standard", severity=Severity.MEDIUM)
def namespaces_enforce_a_standard(namespace: Namespace, tenants: All[AcceleratorNamespace]) -> Verdict:
    """A namespace that uses accelerators enforces the baseline or the restricted Pod Security Standard.

    Why: without it privileged pods and paths of the node are let in, whatever the workloads that are there now ask for.
    Fix: label it `pod-security.kubernetes.io/enforce: restricted`, or `baseline` for pods that need IPC_LOCK. Another admission
    policy that does the same is not recognised here: accept this finding then.
    """
    if namespace.name not in {one.name for one in tenants}:
        return not_applicable("no tenant uses accelerators in it")
    level = namespace.metadata.labels.get(_ENFORCE, "")
    if level in ("baseline", "restricted"):
        return passed(f"it enforces {level}")
    return failed(f"it enforces {level}" if level else "it enforces no standard")


@check("pod-security.standards-are-of-a-version", severity=Severity.INFO)
def standards_are_of_a_version(namespace: Namespace, tenants: All[AcceleratorNamespace]) -> Verdict:
    """Where a Pod Security Standard is enforced, it is that of a named version.

    Why: `latest` changes with the cluster: an upgrade may refuse the pods of a job that restarts.
    Fix: label the namespace `pod-security.kubernetes.io/enforce-version` with the version of the cluster, such as `v1.37`.
    """
    labels = namespace.metadata.labels
    if namespace.name not in {one.name for one in tenants} or not labels.get(_ENFORCE):
        return not_applicable("no tenant uses accelerators in it under a standard")
    version = labels.get(_VERSION, "latest")
    return failed("its standard is the latest") if version == "latest" else passed(f"its standard is of {version}")


def _profile(workload: TenantWorkload, container: Container) -> str:
    if container.security_context.privileged:
        return "Unconfined"  # the runtime filters nothing then
    profile = container.security_context.seccomp_profile or workload.spec.security_context.seccomp_profile
    return profile.type if profile else ""


def _may_be_root(workload: TenantWorkload, container: Container) -> bool:
    own, shared = container.security_context, workload.spec.security_context
    user = shared.run_as_user if own.run_as_user is None else own.run_as_user
    checked = shared.run_as_non_root if own.run_as_non_root is None else own.run_as_non_root
    return not user and not checked


def _secrets(container: Container) -> Iterator[str]:
    """Where they stand, and never what they are."""
    for entry in container.env:
        if _is_secret(entry.name, entry.value):
            yield f"{container.name}: {entry.name}"
    words = (*container.command, *container.args)
    for place, word in enumerate(words):
        after = words[place + 1] if place + 1 < len(words) else ""
        flag = _FLAG.fullmatch(word)
        if flag and _is_secret(flag["name"], flag["value"] if flag["value"] is not None else after):
            yield f"{container.name}: --{flag['name']}"
        elif not flag and _SECRET_SHAPE.search(word):
            yield f"{container.name}: its arguments"


def _is_secret(name: str, value: str) -> bool:
    named = _SECRET_NAME.fullmatch(name) is not None and not value.startswith("-")
    return bool(_SECRET_SHAPE.search(value)) or (named and _NO_SECRET.fullmatch(value) is None)
