"""The systems of the lab are the real ones: they do their work, and their webhooks refuse what is wrong."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from seatrial.lab import site as sites


def kubectl(name: str, *args: str, text: str = "") -> subprocess.CompletedProcess[str]:
    site = sites.need(name)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *args]
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=120)


def jobset(name: str, *, success: str = "All") -> dict[str, Any]:
    pod = {
        "restartPolicy": "Never",
        "nodeSelector": {"seatrial.dev/product": "h100"},
        "containers": [
            {"name": "work", "image": "nowhere/simulated:v1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
        ],
    }
    job = {"parallelism": 2, "completions": 2, "template": {"spec": pod}}
    return {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": name},
        "spec": {
            "successPolicy": {"operator": success, "targetReplicatedJobs": ["workers"]},
            "replicatedJobs": [{"name": "workers", "replicas": 2, "template": {"spec": job}}],
        },
    }


def test_a_jobset_runs_to_its_end(whole_lab: str) -> None:
    made = kubectl(whole_lab, "apply", "-f", "-", text=json.dumps(jobset("test-runs")))
    assert made.returncode == 0, made.stderr
    done = kubectl(whole_lab, "wait", "jobset/test-runs", "--for=condition=Completed", "--timeout=60s")
    assert done.returncode == 0, done.stderr
    pods = json.loads(
        kubectl(whole_lab, "get", "pods", "-l", "jobset.sigs.k8s.io/jobset-name=test-runs", "-o", "json").stdout
    )
    assert len(pods["items"]) == 4
    kubectl(whole_lab, "delete", "jobset", "test-runs")


@pytest.mark.parametrize(
    ("obj", "says"),
    [
        (jobset("x" * 60), "JobSet name is too long"),
        (
            {
                "apiVersion": "kueue.x-k8s.io/v1beta2",
                "kind": "ClusterQueue",
                "metadata": {"name": "test-wrong"},
                "spec": {
                    "resourceGroups": [
                        {
                            "coveredResources": ["cpu"],
                            "flavors": [
                                {"name": "a", "resources": [{"name": "cpu", "nominalQuota": "1", "lendingLimit": "2"}]}
                            ],
                        }
                    ]
                },
            },
            'admission webhook "vclusterqueue.kb.io" denied the request',
        ),
    ],
)
def test_what_a_schema_allows_and_makes_no_sense_is_refused_by_the_webhook(whole_lab: str, obj: Any, says: str) -> None:
    made = kubectl(whole_lab, "apply", "-f", "-", text=json.dumps(obj))
    assert made.returncode != 0
    assert says in made.stderr
