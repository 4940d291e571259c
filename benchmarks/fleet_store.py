"""Puts a fleet into a lab's etcd, beneath its API server: a hundred thousand requests would take longer than what is measured.

The API server reads, keeps and serves these objects as it does any others. Nothing else of the lab runs meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import ssl
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from benchmarks.fleet_objects import PODS, Obj, objects
from seatrial.app import lab as labs
from seatrial.lab import site as sites
from seatrial.lab.process import running, stop
from seatrial.lab.site import Site
from seatrial.model.lab import LabLevel, LabSpec

NAME = "bench-fleet"
PATIENCE = 900.0  # seconds

_AT_ONCE = 100  # objects in one transaction; etcd takes 128
_FOLDERS = {"nodes": "minions"}
_LONGEST = ("/api/v1/pods", "/api/v1/nodes")


def up(nodes: int) -> Site:
    """A lab with a fleet in it; only its etcd and its API server still run."""
    asyncio.run(labs.up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE)))
    site = sites.need(NAME)
    others = [one.name for one in running(site.root) if one.name not in ("etcd", "kube-apiserver")]
    asyncio.run(stop(site.root, tuple(reversed(others)), grace=5))
    _fill(site, _known(site, objects(nodes)))
    _wait(site, nodes)
    return site


def down() -> None:
    asyncio.run(labs.down(NAME))


def context(site: Site, who: str) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=site.path("keys", "ca.crt"))
    made.load_cert_chain(site.path("keys", f"{who}.crt"), site.path("keys", f"{who}.key"))
    return made


def get(site: Site, path: str) -> Any:
    status, body = _answer(site, path)
    if status != 200:
        raise RuntimeError(f"{path}: {status}: {body[:300]!r}")
    return msgspec.json.decode(body)


def _answer(site: Site, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection("127.0.0.1", site.ports["kube-apiserver"], context=context(site, "admin"))
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def _known(site: Site, found: Iterable[tuple[str, Obj]]) -> Iterator[tuple[str, Obj]]:
    """In the versions that this API server knows; what it does not serve is left out."""
    versions: dict[str, str] = {}
    for of, obj in found:
        if of not in versions:
            versions[of] = _version(site, of) if "/" in of else "v1"
        if versions[of]:
            yield of, obj | {"apiVersion": versions[of]}


def _version(site: Site, of: str) -> str:
    group, _, plural = of.rpartition("/")
    for one in get(site, f"/apis/{group}")["versions"]:
        resources = get(site, f"/apis/{one['groupVersion']}")["resources"]
        if any(resource["name"] == plural for resource in resources):
            return str(one["groupVersion"])
    return ""


def _fill(site: Site, found: Iterator[tuple[str, Obj]]) -> None:
    etcd = http.client.HTTPSConnection("127.0.0.1", site.ports["etcd"], context=context(site, "etcd-client"))
    while batch := list(islice(found, _AT_ONCE)):
        puts = [
            {"requestPut": {"key": _text(_key(of, obj).encode()), "value": _text(msgspec.json.encode(obj))}}
            for of, obj in batch
        ]
        etcd.request("POST", "/v3/kv/txn", msgspec.json.encode({"success": puts}))
        answer = etcd.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"etcd: {answer.status}: {said[:300]!r}")
    etcd.close()


def _key(of: str, obj: Obj) -> str:
    plural = of.rpartition("/")[2]
    parts = (_FOLDERS.get(plural, plural), obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    return "/registry/" + "/".join(filter(None, parts))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _wait(site: Site, nodes: int) -> None:
    """Until the API server has heard of all of it, and its cache as well: lists are answered out of that."""
    deadline = time.monotonic() + PATIENCE
    while True:
        page = get(site, "/api/v1/pods?limit=1")
        there = len(page["items"]) + page["metadata"].get("remainingItemCount", 0)
        cached = f"?limit=1&resourceVersionMatch=NotOlderThan&resourceVersion={page['metadata']['resourceVersion']}"
        if there >= nodes * PODS and all(_answer(site, path + cached)[0] == 200 for path in _LONGEST):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"the API server does not show the whole fleet after {PATIENCE:.0f} s")
        time.sleep(0.2)
