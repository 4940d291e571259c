"""bench serve --service: the way to a service inside a cluster, through its API server, with what the kubeconfig gives.

The API server passes streams on as they come; its time is part of what is measured, and the result says so by its address.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from seatrial.app.reach import connect_to
from seatrial.app.target import Target as Cluster
from seatrial.cluster.access import Access
from seatrial.cluster.client import Client
from seatrial.cluster.credentials import Identity
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError
from seatrial.model.load import Target, Tls

_TOKEN = "SEATRIAL_LOAD_AUTHORIZATION"  # in the environment of the processes that send
_SERVICE = re.compile(
    r"(?P<namespace>[a-z0-9-]{1,63})/(?P<name>[a-z0-9-]{1,63})(?::(?P<port>[a-z0-9-]{1,15}))?", re.ASCII
)
_PROXIED = re.compile(r"/api/v1/namespaces/[^/]+/services/[^/]+/proxy$")


@contextmanager
def through(cluster: Cluster, service: str, target: Target) -> Iterator[Target]:
    """``target`` as it is reached there, while the block runs: keys lie in files of this user alone until then."""
    match = _named(service)
    if any(name.lower() == "authorization" for name, _ in (*target.headers, *target.secret_headers)):
        raise UsageError(
            "the API server takes the Authorization header for itself", way_out="name the service's own address instead"
        )
    client = connect_to(cluster)
    access = client.access
    if access.proxy:
        raise UsageError("load does not go through a proxy", way_out="name the service's own address instead")
    identity = asyncio.run(access.credential.identity())
    port = f":{match['port']}" if match["port"] else ""
    path = f"/api/v1/namespaces/{match['namespace']}/services/{match['name']}{port}/proxy"
    with tempfile.TemporaryDirectory(prefix="seatrial-load-") as folder, _token(identity):
        yield msgspec.structs.replace(
            target,
            url=access.server.rstrip("/") + path,
            headers=(*target.headers, *access.impersonate),
            secret_headers=(*target.secret_headers, *((("Authorization", _TOKEN),) if identity.authorization else ())),
            tls=_tls(access, identity, Path(folder)),
        )


def is_proxied(target: Target) -> bool:
    return _PROXIED.search(target.url) is not None


def bare(target: Target) -> Target:
    """As it was before ``through``."""
    return msgspec.structs.replace(
        target,
        headers=tuple(one for one in target.headers if not one[0].lower().startswith("impersonate-")),
        secret_headers=tuple(one for one in target.secret_headers if one[1] != _TOKEN),
        tls=Tls(),
    )


async def inside(client: Client, service: str) -> str:
    """Its address for pods of the cluster: that of the Service itself, so that nothing has to know names."""
    match = _named(service)
    namespace, name, wanted = match["namespace"], match["name"], match["port"]
    found = await client.get((await client.resource("services")).path(namespace=namespace, name=name))
    if found is None:
        raise UsageError(f"there is no service {namespace}/{name}", way_out="kubectl get services --all-namespaces")
    spec = found.get("spec", {})
    ports = [one for one in spec.get("ports", ()) if wanted in (None, one.get("name"), str(one.get("port")))]
    if len(ports) != 1:
        there = ", ".join(one_line(str(one.get("name") or one.get("port"))) for one in spec.get("ports", ()))
        raise UsageError(
            f"service {namespace}/{name} has the ports {there or '(none)'}", way_out="name one of them, as :PORT"
        )
    address = str(spec.get("clusterIP") or "None")
    if address == "None":
        address = f"{name}.{namespace}.svc"
    return f"http://{f'[{address}]' if ':' in address else address}:{int(ports[0]['port'])}"


def _named(service: str) -> re.Match[str]:
    match = _SERVICE.fullmatch(service)
    if match is None:
        raise UsageError(f"{service!r} is no service", way_out="write NAMESPACE/NAME or NAMESPACE/NAME:PORT")
    return match


@contextmanager
def _token(identity: Identity) -> Iterator[None]:
    if identity.authorization:
        os.environ[_TOKEN] = identity.authorization
    try:
        yield
    finally:
        os.environ.pop(_TOKEN, None)


def _tls(access: Access, identity: Identity, folder: Path) -> Tls:
    files = {"ca.crt": access.authority, "client.crt": identity.certificate, "client.key": identity.key}
    for name, data in files.items():
        if data:
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes(data)
    return Tls(
        ca=str(folder / "ca.crt") if access.authority else None,
        certificate=str(folder / "client.crt") if identity.certificate else None,
        key=str(folder / "client.key") if identity.certificate else None,
        verify=access.verify,
        name=access.server_name or None,
    )
