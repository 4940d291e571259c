"""Where the projects publish their programs and the checksums of them, as data."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

import msgspec

from seatrial.lab.forge.recipes import CNI, CONTAINERD, RUNC, UPSTREAM, kube, pinned_version

# Each can be pointed at a mirror: SEATRIAL_MIRROR_KUBERNETES, SEATRIAL_MIRROR_GITHUB.
HOSTS = {"kubernetes": "https://dl.k8s.io", "github": "https://github.com"}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One published file with its checksum. ``programs`` says what to take: program → member, or "" for the file itself."""

    url: str
    checksum_url: str
    programs: Mapping[str, str]

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]


def host(name: str) -> str:
    return os.environ.get(f"SEATRIAL_MIRROR_{name.upper()}", HOSTS[name]).rstrip("/")


def architecture() -> str:
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def of_kubernetes(minor: str, programs: tuple[str, ...]) -> tuple[Release, ...]:
    whole = kube(minor)
    base = f"{host('kubernetes')}/release/{whole.version}/bin/linux/{architecture()}"
    plain = (name for name in UPSTREAM if name in programs and name != "etcd")
    releases = [
        Release(url=f"{base}/{name}", checksum_url=f"{base}/{name}.sha256", programs={name: ""}) for name in plain
    ]
    if "etcd" in programs:
        releases.append(_etcd(pinned_version(whole.pins, "go.etcd.io/etcd/server/v3")))
    return tuple(releases)


def of_node(id: str) -> tuple[Release, ...]:
    """The releases of what a real node needs; none where the project's own build is not what the lab wants."""
    make = {"containerd": _containerd, "cni": _cni, "runc": _runc}.get(id)
    return (make(),) if make else ()


def _etcd(version: str) -> Release:
    base, stem = _on_github("etcd-io/etcd", version), f"etcd-{version}-linux-{architecture()}"
    return Release(url=f"{base}/{stem}.tar.gz", checksum_url=f"{base}/SHA256SUMS", programs={"etcd": f"{stem}/etcd"})


def _containerd() -> Release:
    version = CONTAINERD.version
    url = (
        f"{_on_github('containerd/containerd', version)}/containerd-static-{version[1:]}-linux-{architecture()}.tar.gz"
    )
    return Release(
        url=url, checksum_url=f"{url}.sha256sum", programs={name: f"bin/{name}" for name in CONTAINERD.programs}
    )


def _cni() -> Release:
    version = CNI.version
    url = f"{_on_github('containernetworking/plugins', version)}/cni-plugins-linux-{architecture()}-{version}.tgz"
    return Release(url=url, checksum_url=f"{url}.sha256", programs={name: f"./{name}" for name in CNI.programs})


def _runc() -> Release:
    base = _on_github("opencontainers/runc", RUNC.version)
    return Release(url=f"{base}/runc.{architecture()}", checksum_url=f"{base}/runc.sha256sum", programs={"runc": ""})


def _on_github(project: str, version: str) -> str:
    return f"{host('github')}/{project}/releases/download/{version}"
