"""APIs that a program of the lab serves beside the API server: a Service that leads to it, and the announcement."""

from __future__ import annotations

from seatrial.model.fact import Obj


def aggregated(name: str, *, group: str, version: str, priority: int) -> tuple[Obj, Obj]:
    """It is answered at the port ``secure`` of the program, with the system's own certificate."""
    service: Obj = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "{namespace}"},
        "spec": {"type": "ExternalName", "externalName": "{address}"},
    }
    announced: Obj = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": priority,
            "caBundle": "{ca}",
            "service": {"name": name, "namespace": "{namespace}", "port": "{port:secure}"},
        },
    }
    return service, announced
