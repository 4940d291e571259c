"""The limit: the control plane's own programs, with the lab's own arguments, and nothing else done."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from seatrial.lab import controlplane
from seatrial.lab.process import Service, running, stop
from seatrial.lab.site import Site


def bare_start(site: Site) -> float:
    """Seconds from the first start until the API server, the controllers and the scheduler say that they are ready."""
    import asyncio

    services = controlplane.services(site)
    names = [service.name for service in services]
    asyncio.run(stop(site.root, ("kwok", *reversed(names)), grace=2))
    assert not running(site.root)
    shutil.rmtree(site.path("etcd"))
    begun = time.perf_counter()
    server = f"{site.server}/readyz"
    others = [f"https://127.0.0.1:{site.ports[name]}/healthz" for name in names[2:]]
    processes = []
    try:
        # The controllers and the scheduler give up where no API server answers, so they come second.
        for step, urls in ((services[:2], [server]), (services[2:], others)):
            processes += [_start(service, site) for service in step]
            _ready(site, urls)
        return time.perf_counter() - begun
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _start(service: Service, site: Site) -> subprocess.Popen[bytes]:
    return subprocess.Popen(service.argv, cwd=site.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _ready(site: Site, urls: list[str], within: float = 60.0) -> None:
    trust = ssl.create_default_context(cafile=site.path("keys", "ca.crt"))
    trust.load_cert_chain(site.path("keys", "admin.crt"), site.path("keys", "admin.key"))
    theirs = ssl._create_unverified_context()  # noqa: S323 - they sign their own, on loopback
    deadline = time.perf_counter() + within
    for url in urls:
        while not _answers(url, trust if url.startswith(site.server) else theirs):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{url} did not answer within {within:.0f} s")
            time.sleep(0.02)


def _answers(url: str, context: ssl.SSLContext) -> bool:
    try:
        with urllib.request.urlopen(url, context=context, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
