"""Audit: whether anybody could say afterwards who had which accelerator, and whether anybody is told when one breaks.

Without a record an incident cannot be told from a rumour: high. What is recorded too coarsely, or not for long, is medium and
low. Telemetry is no audit: DCGM and its like tell how busy a device is, never who opened it. What can be audited are the
requests to the API server about pods and claims; opens of device files take a watcher in the node's kernel, which is not
judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.alerts import PrometheusRule
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.views.api_servers import ApiServer
from seatrial.catalog.views.tenants import AcceleratorNamespace
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_POLICY, _LOG, _WEBHOOK, _AGE = "audit-policy-file", "audit-log-path", "audit-webhook-config-file", "audit-log-maxage"
_ELSEWHERE = ("openshift-config", "config")  # flags of builds that take all others from a file
_DAYS = 30  # of the CIS benchmark for Kubernetes
_IS_POLICY = re.compile(r"audit\.k8s\.io/")
_GROUP = "resource.k8s.io"
_LEVELS = ("None", "Metadata", "Request", "RequestResponse")
_OWED = (
    ("create", _GROUP, "resourceclaims", "Request"),
    ("update", _GROUP, "resourceclaims/status", "Request"),
    ("create", "", "pods", "Metadata"),
)
_BROKEN = re.compile(
    r"(?i)\b(?:DCGM_\w*(?:XID|HEALTH|ECC|ROW_REMAP|RETIRED)\w*|gpu_ecc_uncorrect\w*|gpu_health\w*|gpu_bad_page\w*"
    r"|habanalabs_\w*ecc\w*|neuron_?\w*error\w*|xpum_\w*error\w*|device_taint\w*|hw_\w*errors\w*)\b"
)


@check("audit.api-server-keeps-a-log", severity=Severity.HIGH)
def api_server_keeps_a_log(started: All[ApiServer]) -> Verdict:
    """The API server writes down who asked it for what.

    Why: who created the claim that opened a device, and who gave admin access to it, is in no object and no metric.
    Fix: start it with `--audit-policy-file` and `--audit-log-path`, or `--audit-webhook-config-file`. On a managed platform turn
    on audit logs there; that is not seen in the API.
    """
    servers = _servers(started)
    if not servers:
        return unknown("no pod is the API server, so how it was started is not seen")
    if any(name in flags for flags in servers.values() for name in _ELSEWHERE):
        return unknown("it takes its settings from a file that is not read")
    bad = [one for one, flags in servers.items() if _POLICY not in flags or not {_LOG, _WEBHOOK} & flags.keys()]
    return failed(f"no audit log: {some(bad)}") if bad else passed(f"{some(servers)} keeps one")


@check("audit.logs-are-kept", severity=Severity.LOW)
def logs_are_kept(started: All[ApiServer]) -> Verdict:
    """What the API server wrote down is kept for thirty days.

    Why: who took weights or prompts is looked for weeks later. Thirty days are what the CIS benchmark asks for.
    Fix: set `--audit-log-maxage=30` or more, with enough `--audit-log-maxbackup` and `--audit-log-maxsize`; or send the log away.
    """
    logging = {one: flags for one, flags in _servers(started).items() if _LOG in flags}
    if not logging:
        return unknown("no pod is an API server that writes its audit log to a file")
    ages = {one: flags.get(_AGE, "0") for one, flags in logging.items()}
    if odd := [age for age in ages.values() if not age.isdecimal() or len(age) > 6]:
        return unknown(f"--{_AGE} is {some(odd)}, which is no number")
    bad = [f"{one}: {age} days" for one, age in ages.items() if 0 < int(age) < _DAYS]
    return failed(some(bad)) if bad else passed(f"{some(ages)} keeps it for {_DAYS} days, or as long as there is room")


@check("audit.policy-records-claims", severity=Severity.MEDIUM)
def policy_records_claims(configs: All[ConfigMap]) -> Verdict:
    """The audit policy records claims of devices with what was asked for, and who creates pods.

    Why: at level Metadata a record says that somebody created a claim, and not for which device or with admin access; at None
    it says nothing.
    Fix: add a rule of level Request for `resourceclaims`, `resourceclaimtemplates` and `resourceclaims/status` of the group
    `resource.k8s.io` before those that say less.
    """
    found = [(one, key) for one in configs for key, text in one.data.items() if _IS_POLICY.search(text[:4000])]
    policies: dict[str, Sequence[Mapping[str, Any]]] = {}
    for config, key in found:
        try:
            document = settings(config, key)
        except BadSettings as error:
            return unknown(f"an audit policy could not be read: {error}")
        if document.get("kind") == "Policy":
            rules = document.get("rules")
            policies[f"{config.subject} {key}"] = (
                [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
            )
    if not policies:
        return unknown("no ConfigMap holds an audit policy; one on the disk of the control plane is not read")
    bad = [f"{name}: {short}" for name, rules in policies.items() for short in _short(rules)]
    return failed(some(bad), policies=sorted(policies)) if bad else passed(f"{some(policies)} does")


@check("audit.failures-raise-an-alert", severity=Severity.MEDIUM)
def failures_raise_an_alert(rules: All[PrometheusRule], tenants: All[AcceleratorNamespace]) -> Verdict:
    """Somebody is told when an accelerator breaks.

    Why: a device with uncorrectable errors goes on taking pods, and computes wrong numbers, or takes a job of a thousand others
    down with it.
    Fix: create a PrometheusRule with an alert on `DCGM_EXP_XID_ERRORS_COUNT` or `DCGM_EXP_GPU_HEALTH_STATUS`, for AMD on
    `gpu_ecc_uncorrect_total` or `gpu_health`, or on taints of devices. XIDs 13, 31, 43, 45, 68 and 109 are of applications.
    """
    if not tenants:
        return not_applicable("no tenant uses accelerators")
    alerts = [alert for rule in rules for alert in rule.alerts]
    found = [alert.alert for alert in alerts if _BROKEN.search(str(alert.expr))]
    return (
        passed(f"by {some(found)}") if found else failed(f"none of {len(alerts)} alerts is about broken accelerators")
    )


def _servers(servers: All[ApiServer]) -> dict[str, dict[str, str]]:
    return {one.subject: one.flags for one in servers}


def _short(rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for verb, group, resource, owed in _OWED:
        level = next((str(rule.get("level")) for rule in rules if _is_about(rule, verb, group, resource)), "None")
        if level not in _LEVELS or _LEVELS.index(level) < _LEVELS.index(owed):
            yield f"{verb} {resource} at {level}"


def _is_about(rule: Mapping[str, Any], verb: str, group: str, resource: str) -> bool:
    """Rules for some users or namespaces are left out: they may say less about those alone."""
    if any(rule.get(key) for key in ("users", "userGroups", "namespaces", "nonResourceURLs")):
        return False
    if rule.get("verbs") and not {verb, "*"} & set(_strings(rule["verbs"])):
        return False
    if not rule.get("resources"):
        return True
    wanted = {resource, "*", f"{resource.partition('/')[0]}/*"} if "/" in resource else {resource, "*"}
    groups = (one for one in rule["resources"] if isinstance(one, dict)) if isinstance(rule["resources"], list) else ()
    return any(
        one.get("group", "") in (group, "*") and (not one.get("resources") or wanted & set(_strings(one["resources"])))
        for one in groups
    )


def _strings(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
