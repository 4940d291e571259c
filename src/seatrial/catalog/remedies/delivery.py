"""Data and images that are where the accelerators are before these wait for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seatrial.catalog.remedies.parts import served_as
from seatrial.catalog.systems.dragonfly import SEED, Registry, dfinit_of, is_part
from seatrial.catalog.systems.fluid import DataLoad, Dataset
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap
from seatrial.catalog.systems.kubernetes.pods import registry_of
from seatrial.catalog.views.tenants import TenantWorkload
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

VALUES = "values.yaml"
_HUB, _HUB_SERVER = "docker.io", "https://index.docker.io"
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?")
_SEEDS = 2


def _loaded(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    failing = {one.subject for one in findings}
    version = served_as(snapshot, DataLoad.of, "v1alpha1")
    cold = [one for one in snapshot.all(Dataset) if one.subject in failing]
    return Fix(enforce=tuple(_load(one, version) for one in sorted(cold, key=lambda one: one.subject)))


def _load(dataset: Dataset, version: str) -> Obj:
    home = dataset.metadata.namespace
    return {
        "apiVersion": version,
        "kind": "DataLoad",
        "metadata": {"name": dataset.name, "namespace": home},
        "spec": {
            "dataset": {"name": dataset.name, "namespace": home},
            "loadMetadata": True,
            "target": [{"path": "/", "replicas": 1}],
        },
    }


DATA_LOADS = Remedy(
    id="data-loads",
    title="Data sets that accelerators read are loaded into their caches beforehand",
    why="A cache knows what was read once. The first pods wait for the store as if there were none, with their accelerators held.",
    effect=(
        "Fluid loads each of these data sets once, as a whole, into its cache: the store is read at full speed for that long, and a"
        " cache that is too small throws out what it had. Where only a part is read, name it in `spec.target[].path`; where the data"
        " changes, set `policy: Cron` with a `schedule`."
    ),
    cures=("fluid.datasets-are-loaded-beforehand",),
    serves=(DataLoad.of,),
    needs=("fluid",),
    reads=(Dataset, DataLoad),
    render=_loaded,
)


def _shared(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    registries = {one.host_namespace: _verified(one) for one in _told(snapshot)}
    for host in sorted(_used(snapshot)):
        registries.setdefault(host, _registry(host))
    few = any(is_part(dict(one.labels), SEED) and one.wanted < _SEEDS for one in snapshot.all(Workload))
    if not registries:
        return Fix()
    runtime = {"containerd": {"enable": True, "registries": [registries[host] for host in sorted(registries)]}}
    values: Obj = {"client": {"dfinit": {"enable": True, "config": {"containerRuntime": runtime}}}}
    return Fix(beside={VALUES: {**values, **({"seedClient": {"replicas": _SEEDS}} if few else {})}})


def _told(snapshot: Snapshot) -> Iterator[Registry]:
    """Registries that dfinit knows already."""
    for config in snapshot.all(ConfigMap):
        try:
            found = dfinit_of(config)
        except BadSettings:
            continue  # the check has said so
        yield from found.container_runtime.containerd.registries if found is not None else ()


def _used(snapshot: Snapshot) -> set[str]:
    images = [image for one in snapshot.all(TenantWorkload) if one.uses_accelerators for image in one.spec.images]
    return {host for host in map(_host, images) if _HOST.fullmatch(host)}


def _host(image: str) -> str:
    """Where a name does not begin with a host it is Docker Hub's."""
    return registry_of(image) or _HUB


def _registry(host: str) -> Obj:
    server = _HUB_SERVER if host == _HUB else f"https://{host}"
    return {
        "hostNamespace": host,
        "serverAddr": server,
        "capabilities": ["pull", "resolve"],
        "skipVerify": False,
    }


def _verified(one: Registry) -> Obj:
    usual = _registry(one.host_namespace)
    server = one.server_addr or usual["serverAddr"]
    return {**usual, "serverAddr": server, "capabilities": list(one.capabilities) or usual["capabilities"]}


PEERS = Remedy(
    id="image-peers",
    title="Nodes ask Dragonfly for the images of pods with accelerators, and verify who answers",
    why=(
        "Dragonfly's client does nothing on a node whose container runtime does not ask it, and its chart turns off the"
        " verification of the registries in its example."
    ),
    effect=(
        f"`{VALUES}` is for `helm upgrade --reuse-values -f`, of Dragonfly's chart, and no object: `dfinit` then writes containerd's"
        " `hosts.toml` on each node for the registries of these pods. It starts containerd anew on each node where"
        " `config_path` was not set before; running containers go on. Certificates are verified: one that the node does not trust"
        " is refused, and the image then comes from the registry itself."
    ),
    undo="- `helm rollback`, and remove what dfinit wrote below `/etc/containerd/certs.d` of the nodes.",
    cures=(
        "dragonfly.container-runtimes-ask-it",
        "dragonfly.registries-are-verified",
        "dragonfly.seeds-have-a-second",
    ),
    needs=("dragonfly",),
    reads=(ConfigMap, Workload, TenantWorkload),
    render=_shared,
)
