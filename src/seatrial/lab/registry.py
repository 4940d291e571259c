"""The lab's registry of images: its address, why its node trusts it, and how an image gets there.

It speaks TLS with the certificate of its own system, on an address that the lab itself made.
"""

from __future__ import annotations

import http.client
import json
import ssl
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from seatrial.lab.site import Site
from seatrial.model.errors import LabError

SYSTEM = "lab-registry"
_PORT = f"{SYSTEM}:registry"
_PATIENCE = 30.0


def host(site: Site) -> str:
    """Host and port, as references begin with them; empty where the lab has no registry."""
    return f"{site.node_address}:{site.ports[_PORT]}" if SYSTEM in site.programs else ""


def certificate(site: Site) -> Path:
    """What it shows, and its own authority."""
    return site.path("systems", SYSTEM, "tls.crt")


def trusted(site: Site) -> str:
    """For containerd: this registry is at this address, and shows this certificate."""
    url = f"https://{host(site)}"
    return f'server = "{url}"\n\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n  ca = "{certificate(site)}"\n'


def push(site: Site, archive: Path, name: str) -> str:
    """Push an archive that ``images.archive`` wrote, and return its reference by digest."""
    where = host(site)
    if not where:
        raise LabError("the lab has no registry", way_out=f"seatrial lab up --with {SYSTEM}")
    manifest, blobs = _read(archive)
    named = json.loads(blobs[manifest])
    peer = _Peer(where, certificate(site), name)
    try:
        for part in (named["config"], *named["layers"]):
            peer.blob(part["digest"], blobs[part["digest"]])
        peer.manifest(manifest, named["mediaType"], blobs[manifest])
    except (OSError, http.client.HTTPException) as error:
        raise LabError(f"the registry at {where} did not take {name}: {error}", way_out=_way_out(site)) from error
    finally:
        peer.close()
    return f"{where}/{name}@{manifest}"


def _way_out(site: Site) -> str:
    return f"seatrial lab logs {SYSTEM} --name {site.name}"


def _read(archive: Path) -> tuple[str, Mapping[str, bytes]]:
    """The digest of the one manifest, and every blob by its digest."""
    with tarfile.open(archive) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar.getmembers()}
        content = {name: file.read() for name, file in files.items() if file is not None}
    index: Any = json.loads(content["index.json"])
    blobs = {
        f"sha256:{name.rpartition('/')[2]}": blob for name, blob in content.items() if name.startswith("blobs/sha256/")
    }
    return str(index["manifests"][0]["digest"]), blobs


class _Peer:
    """One repository of the registry, by the protocol of OCI distribution."""

    def __init__(self, where: str, certificate: Path, name: str) -> None:
        self.base = f"/v2/{name}"
        context = ssl.create_default_context(cafile=certificate)
        self.connection = http.client.HTTPSConnection(where, timeout=_PATIENCE, context=context)

    def blob(self, digest: str, content: bytes) -> None:
        location = self._send("POST", f"{self.base}/blobs/uploads/", 202)
        url = urlsplit(urljoin(self.base, location))
        query = f"{url.query}&" if url.query else ""
        kind = {"Content-Type": "application/octet-stream"}
        self._send("PUT", f"{url.path}?{query}digest={digest}", 201, content, kind)

    def manifest(self, digest: str, media: str, content: bytes) -> None:
        self._send("PUT", f"{self.base}/manifests/{digest}", 201, content, {"Content-Type": media})

    def close(self) -> None:
        self.connection.close()

    def _send(
        self, method: str, path: str, wanted: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> str:
        """The ``Location`` of the answer, which has to be the one that is wanted."""
        self.connection.request(method, path, body=body, headers=dict(headers or {}))
        answer = self.connection.getresponse()
        said = answer.read(1000)
        if answer.status != wanted:
            raise http.client.HTTPException(f"{method} {path}: {answer.status} {said.decode(errors='replace')}")
        return answer.headers.get("Location", "")
