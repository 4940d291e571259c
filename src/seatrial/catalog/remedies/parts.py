"""Parts of objects that somebody else made: what is applied is a few fields of theirs, and they are never deleted with it."""

from __future__ import annotations

from seatrial.model.fact import Fact, Obj, Snapshot

STAY = {  # what is taken out of Git must not be taken out of the cluster, since it is not ours
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}
YOURS = (
    "- Never `kubectl delete -k`: the objects are your own, of which a few fields are set here. Restore those fields from your"
    " history. Argo CD and Flux are told so by annotations."
)
OVER = "Where these objects are in your Git already, use the files as Kustomize patches there, so that two tools do not set one field."


def served_as(snapshot: Snapshot, resource: str, otherwise: str) -> str:
    """Group and version as the API server prefers it; files do not say, and are taken to be for one that has what is usual."""
    group = resource.rpartition("/")[0]
    versions = snapshot.apis.versions(resource)
    return f"{group}/{versions[0] if versions else otherwise}"


def part(of: Fact, kind: str, api_version: str, spec: Obj) -> Obj:
    """Of an object that is there the fields that are to be otherwise."""
    metadata = {"name": of.name, "namespace": of.metadata.namespace, "annotations": dict(STAY)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
