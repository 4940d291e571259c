"""The Run as objects of OpenReports (``openreports.io/v1alpha1``), for ``kubectl apply``: what dashboards of policies read.

One Report for each namespace of which there are findings, one ClusterReport for the rest. An unknown is an error there:
it could not be judged. What somebody answers for is a warning, which does not score.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import yaml

from seatrial.kit.text import one_line
from seatrial.model.fact import Obj
from seatrial.model.run import Run
from seatrial.report.outline import SIMULATED, Shown, Standing, outline

_GROUPS = frozenset(("apps", "batch", "autoscaling", "policy"))  # those without a dot
_RESULTS = {
    Standing.FAIL: "fail",
    Standing.ERROR: "error",
    Standing.UNKNOWN: "error",
    Standing.NOT_COVERED: "skip",
    Standing.ACCEPTED: "warn",
    Standing.NOT_GIVEN: "skip",
    Standing.PASS: "pass",
    Standing.NOT_APPLICABLE: "skip",
}
_MOST = 2000  # results of one object; etcd holds no larger ones


def render(run: Run) -> str:
    by_namespace: dict[str, list[Shown]] = defaultdict(list)
    for topic in outline(run).topics:
        for shown in topic.shown:
            by_namespace[_parts(shown.finding.subject)[1]].append(shown)
    objects = [_report(run, namespace, shown) for namespace, shown in sorted(by_namespace.items())]
    return yaml.dump_all(objects, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=False)


def _report(run: Run, namespace: str, shown: list[Shown]) -> Obj:
    told = shown[:_MOST]
    caveat = SIMULATED.get(run.environment.simulated, "")
    counts = Counter(_RESULTS[one.standing] for one in told)
    notes = {"seatrial.dev/accelerators": caveat, "seatrial.dev/left-out": str(len(shown) - len(told))}
    metadata: Obj = {
        "name": "seatrial",
        "labels": {"app.kubernetes.io/managed-by": "seatrial"},
        "annotations": {key: text for key, text in notes.items() if text not in ("", "0")},
    }
    return {
        "apiVersion": "openreports.io/v1alpha1",
        "kind": "Report" if namespace else "ClusterReport",
        "metadata": metadata | ({"namespace": namespace} if namespace else {}),
        "source": "seatrial",
        "summary": {result: counts[result] for result in ("pass", "fail", "warn", "error", "skip")},
        "results": [_result(run, one) for one in told],
    }


def _result(run: Run, shown: Shown) -> dict[str, Any]:
    finding = shown.finding
    resource, namespace, name = _parts(finding.subject)
    about = {"resources": [{"name": name} | ({"namespace": namespace} if namespace else {})]} if name else {}
    properties = {"resource": resource, "fix": one_line(finding.fix, limit=1000), "run": run.id}
    return {
        "source": "seatrial",
        "policy": finding.check,
        "category": finding.check.partition(".")[0],
        "severity": finding.severity.value,
        "result": _RESULTS[shown.standing],
        "scored": shown.standing is not Standing.ACCEPTED,
        "timestamp": {"seconds": int(run.finished_at.timestamp()), "nanos": 0},
        "message": one_line(shown.because, limit=1000),
        **about,
        "properties": {key: text for key, text in properties.items() if text},
    }


def _parts(subject: str) -> tuple[str, str, str]:
    """Resource, namespace and name of ``apps/deployments/team-a/web``; empty where there is none."""
    parts = one_line(subject, limit=600).split("/")
    of = 2 if "." in parts[0] or parts[0] in _GROUPS else 1
    resource, rest = "/".join(parts[:of]), parts[of:]
    if len(rest) >= 2:
        return resource, rest[0], "/".join(rest[1:])
    return resource, "", rest[0] if rest else ""
