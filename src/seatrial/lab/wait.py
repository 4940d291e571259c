"""Waiting for a lab's programs: each says in its Service how one sees that it is ready."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from seatrial.lab.process import Service, last_words
from seatrial.lab.site import Site
from seatrial.model.errors import LabError

_NO_INSTANCES, _INSTANCES = "too many open files", "fs.inotify.max_user_instances"


async def ready(site: Site, service: Service, process: subprocess.Popen[bytes] | None) -> None:
    """Return once the service is ready; a process that ended, or took too long, is a LabError with its last words."""
    if not service.ready:
        return
    deadline = time.monotonic() + service.patience
    while not await asyncio.to_thread(_answers, site, service.ready):
        if process is not None and process.poll() is not None:
            raise LabError(_ended(site, service, process), way_out=_way_out(site, service))
        if time.monotonic() > deadline:
            raise LabError(
                _story(site, service, f"was not ready after {service.patience:.0f} s"), way_out=_way_out(site, service)
            )
        await asyncio.sleep(0.05)


async def answers(site: Site, url: str, *, within: float) -> None:
    """Return once something answers there. A Service has addresses a moment before the node knows the way to them."""
    deadline = time.monotonic() + within
    while not await asyncio.to_thread(_answers, site, url):
        if time.monotonic() > deadline:
            raise LabError(f"nothing answers at {url} after {within:.0f} s", way_out=f"seatrial lab status {site.name}")
        await asyncio.sleep(0.05)


def alive(site: Site, started: Iterable[tuple[Service, subprocess.Popen[bytes]]]) -> None:
    """A LabError with the last words of the first that has ended: what nobody asks whether it is ready may end unseen."""
    for service, process in started:
        if process.poll() is not None:
            raise LabError(_ended(site, service, process), way_out=_way_out(site, service))


def _ended(site: Site, service: Service, process: subprocess.Popen[bytes]) -> str:
    return _story(site, service, f"ended with code {process.returncode}")


def _story(site: Site, service: Service, what: str) -> str:
    return f"{service.name} {what}. It last said:\n{last_words(site.root, service.name)}"


def _way_out(site: Site, service: Service) -> str:
    if _NO_INSTANCES in last_words(site.root, service.name):
        return (
            f"sysctl -w {_INSTANCES}=1024: programs that follow their files take more of them than this machine allows"
        )
    return f"seatrial lab logs {service.name} --name {site.name}"


def _answers(site: Site, probe: str) -> bool:
    if probe.startswith("file:"):
        return Path(probe.removeprefix("file:")).exists()
    url = urlsplit(probe)
    connection = _connection(site, url.scheme, str(url.hostname), url.port or 443)
    try:
        connection.request("GET", url.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False  # not yet
    finally:
        connection.close()


def _connection(site: Site, scheme: str, host: str, port: int) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=2)
    context = ssl.create_default_context(cafile=site.path("keys", "ca.crt"))
    context.load_cert_chain(site.path("keys", "admin.crt"), site.path("keys", "admin.key"))
    return http.client.HTTPSConnection(host, port, timeout=2, context=context)
