"""Brings the node up in two steps: what needs no API server, so that it can run beside the control plane's start, and what does."""

from __future__ import annotations

from pathlib import Path

from seatrial.kit import digest
from seatrial.lab.fleet.objects import device_class
from seatrial.lab.images import archive
from seatrial.lab.node import namespaces, programs, remains, telemetry
from seatrial.lab.permissions import grant
from seatrial.lab.process import Service
from seatrial.lab.shell import run
from seatrial.lab.site import Site
from seatrial.model.fact import Obj

DRIVER_RULES = (
    {"apiGroups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": ["*"]},
    {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims/status"], "verbs": ["patch", "update"]},
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]},
)


def furnish(site: Site) -> None:
    """Namespaces are there: lay the cable, mount, make cgroups and links."""
    if not namespaces.is_furnished(site):
        namespaces.connect(site)
        namespaces.furnish(site)
    remains.make_cgroups(site.name)
    programs.link_programs(site)


def load_image(
    site: Site, reference: str, program: str, entrypoint: tuple[str, ...], beside: tuple[str, ...] = ()
) -> None:
    """Nothing is pulled: an image is written from programs and imported, once for each lab and each build of them."""
    one, *more = (Path(site.program(name)) for name in (program, *beside))
    built = digest.of_value([str(path.resolve()) for path in (one, *more)])[
        :12
    ]  # the cache names a build by its content
    done = site.path("node", f"{reference.replace('/', '_')}-{built}.tar")
    if done.exists():
        return
    file = done.with_suffix(".new")
    archive(one, reference, entrypoint, file, beside=tuple(more))
    import_image(site, file)
    file.rename(done)


def import_image(site: Site, file: Path) -> None:
    ctr = (site.program("ctr"), "--namespace", "k8s.io")
    run(*namespaces.enter(site), *ctr, "images", "import", "--local", str(file), within=60)


def with_api_server(site: Site) -> tuple[Service, ...]:
    return (programs.kubelet(site), programs.proxy(site), programs.accelerator(site), telemetry.exporter(site))


def objects(site: Site) -> tuple[Obj, ...]:
    return (
        *grant("seatrial:accelerator", DRIVER_RULES),
        *telemetry.objects(site),
        *map(device_class, programs.DRIVERS),
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "seatrial-kube-proxy"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-proxier"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:kube-proxy"}],
        },
    )
