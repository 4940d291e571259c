"""TLS on both sides of a Gateway, as `harden` writes it, in the real Envoy Gateway with the real Envoy: who is let in, and whom it trusts.

Envoy Gateway runs as a process that reads its objects from files, so no cluster is needed.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import datetime as dt
import http.client
import json
import re
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from seatrial.catalog.remedies.gateways import BACKEND_CA, CLIENT_CA
from seatrial.catalog.systems.gateway_objects import Gateway, HTTPRoute
from seatrial.catalog.systems.prometheus import Service as Door
from seatrial.lab.process import Service
from seatrial.lab.systems import merge
from seatrial.model.fact import Fact, Obj
from tests.live import beside
from tests.unit.catalog.test_remedies import REMEDIES, failing, gpu_pod, snapshot

HOME, HOST = "team-a", "models.example.com"
CONTROLLER, GATEWAYS = "gateway.envoyproxy.io/gatewayclass-controller", "gateway.networking.k8s.io/v1"
SERVERS = ("right", "other-name", "other-authority", "cleartext")


class Authority:
    """Signs, and is trusted by its own certificate alone."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._made(self._name, self._key, (), ca=True)
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def pair(self, folder: Path, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._made(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, (name,), ca=False)
        private = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        paths = folder / f"{name}.crt", folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
        return paths

    def _made(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], *, ca: bool
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=5))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self._key, hashes.SHA256())


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(pair: tuple[Path, Path] | None) -> Iterator[int]:
    """A model server, by TLS where it has a certificate."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        if pair is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def obj(api: str, kind: str, name: str, **parts: Any) -> Obj:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": HOME}, **parts}


def front(port: int) -> Obj:
    tls = {"mode": "Terminate", "certificateRefs": [{"name": "front"}]}
    listener = {"name": "https", "port": port, "protocol": "HTTPS", "tls": tls}
    return obj(GATEWAYS, "Gateway", "front", spec={"gatewayClassName": "own", "listeners": [listener]})


def routed(ports: dict[str, int]) -> Iterator[Obj]:
    """A Service for each server, by its path."""
    for name, port in ports.items():
        spec = {"selector": {"app": "a"}, "ports": [{"port": port}]}
        yield obj("v1", "Service", name, spec=spec)
        match = [{"path": {"type": "PathPrefix", "value": f"/{name}"}}]
        rule = {"matches": match, "backendRefs": [{"kind": "Service", "name": name, "port": port}]}
        yield obj(GATEWAYS, "HTTPRoute", name, spec={"parentRefs": [{"name": "front"}], "rules": [rule]})


def without_services(objects: list[Obj]) -> list[Obj]:
    """Envoy Gateway reads no Services from files: its own kind of backend stands for each, under the same name."""
    told = json.dumps([one for one in objects if one["kind"] != "Service"])
    stands_for = {"group": "gateway.envoyproxy.io", "kind": "Backend"}
    changed: list[Obj] = json.loads(
        told, object_hook=lambda one: {**one, **stands_for} if one.get("kind") == "Service" else one
    )
    for one in objects:
        if one["kind"] == "Service":
            endpoint = {"ip": {"address": "127.0.0.1", "port": one["spec"]["ports"][0]["port"]}}
            changed.append(
                obj(
                    "gateway.envoyproxy.io/v1alpha1", "Backend", one["metadata"]["name"], spec={"endpoints": [endpoint]}
                )
            )
    return changed


def platform(version: str, pair: tuple[Path, Path]) -> Iterator[Obj]:
    provider = {"type": "Host", "host": {"envoyVersion": version}}
    proxy = "gateway.envoyproxy.io/v1alpha1"
    yield obj(proxy, "EnvoyProxy", "own", spec={"provider": provider})
    reference = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "own", "namespace": HOME}
    spec = {"controllerName": CONTROLLER, "parametersRef": reference}
    yield {"apiVersion": GATEWAYS, "kind": "GatewayClass", "metadata": {"name": "own"}, "spec": spec}
    data = {
        name: base64.b64encode(path.read_bytes()).decode()
        for name, path in zip(("tls.crt", "tls.key"), pair, strict=True)
    }
    yield obj("v1", "Secret", "front", type="kubernetes.io/tls", data=data)


def authority(name: str, pem: str) -> Obj:
    return obj("v1", "ConfigMap", name, data={"ca.crt": pem})


def fixed(id: str, check: str, given: list[Obj]) -> list[Obj]:
    """What the remedy makes of a cluster that has these."""
    kinds: dict[str, type[Fact]] = {"Gateway": Gateway, "HTTPRoute": HTTPRoute, "Service": Door}
    at = snapshot(gpu_pod("a"), *((kinds[one["kind"]], one) for one in given if one["kind"] in kinds))
    return list(REMEDIES[id].render(at, [failing(check, f"gateway.networking.k8s.io/gateways/{HOME}/front")]).enforce)


class Running:
    """Envoy Gateway with a folder of objects, and a client of the Gateway."""

    def __init__(self, folder: Path, port: int, trusted: str) -> None:
        self.objects = folder / "objects"
        self.objects.mkdir()
        self.port, self._trusted = port, trusted

    def give(self, objects: list[Obj]) -> None:
        text = "---\n".join(json.dumps(one) + "\n" for one in without_services(objects))
        beside_it = self.objects.with_name("next.yaml")
        beside_it.write_text(text)
        beside_it.replace(self.objects / "all.yaml")

    def ask(self, path: str, pair: tuple[Path, Path] | None = None) -> str:
        """The status, or ``refused`` where the connection does not come to a request."""
        context = ssl.create_default_context(cadata=self._trusted)
        if pair is not None:
            context.load_cert_chain(*pair)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30)
        raw = connection._create_connection(("127.0.0.1", self.port), 30)  # type: ignore[attr-defined]
        try:
            connection.sock = context.wrap_socket(raw, server_hostname=HOST)
            connection.request("GET", path, headers={"Host": HOST})
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException):
            return "refused"
        finally:
            connection.close()
            raw.close()

    def until(self, wanted: dict[str, str], ask: Callable[[str], str]) -> None:
        end = time.monotonic() + 180
        while (found := {path: self._or_refused(ask, path) for path in wanted}) != wanted:
            assert time.monotonic() < end, found
            time.sleep(0.5)

    def _or_refused(self, ask: Callable[[str], str], path: str) -> str:
        try:
            return ask(path)
        except OSError:
            return "refused"


@contextmanager
def envoy_gateway(folder: Path, objects: Path) -> Iterator[str]:
    """The version of Envoy that it is to run; it finds that one where it would have put it itself."""
    programs = asyncio.run(beside.obtained("envoy-gateway"))
    said = subprocess.run([programs["envoy"], "--version"], check=True, capture_output=True, text=True).stdout
    version = re.findall(r"/(\d+\.\d+\.\d+)", said)[0]
    there = folder / "data/envoy-versions" / version / "bin/envoy"
    there.parent.mkdir(parents=True)
    there.symlink_to(programs["envoy"])
    homes = {"configHome": "config", "dataHome": "data", "stateHome": "state", "runtimeDir": "run"}
    host = {name: str(folder / place) for name, place in homes.items()}
    custom = {
        "resource": {"type": "File", "file": {"paths": [str(objects)]}},
        "infrastructure": {"type": "Host", "host": host},
    }
    config = {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyGateway",
        "gateway": {"controllerName": CONTROLLER},
        "provider": {"type": "Custom", "custom": custom},
        "extensionApis": {"enableBackend": True},
    }
    certificates = (programs["envoy-gateway"], "certgen", "--local", f"--config-home={folder / 'config'}")
    subprocess.run(certificates, check=True, capture_output=True, timeout=120)
    path = folder / "gateway.yaml"
    service = Service(
        name="envoy-gateway",
        argv=(str(programs["envoy-gateway"]), "server", f"--config-path={path}"),
        files={str(path): json.dumps(config)},
    )
    with beside.running(service) as (process,):
        yield version
        assert process.poll() is None, beside.log_of(service).read_text()[-2000:]


@pytest.fixture
def authorities() -> dict[str, Authority]:
    return {name: Authority(name) for name in ("front", "clients", "servers", "stranger")}


def test_clients_and_servers_are_verified_once_harden_has_been_applied(
    tmp_path: Path, authorities: dict[str, Authority]
) -> None:
    names = {name: f"{name}.{HOME}.svc" for name in SERVERS}
    pairs = {
        "right": authorities["servers"].pair(tmp_path, names["right"]),
        "other-name": authorities["servers"].pair(tmp_path, "somebody-else"),
        "other-authority": authorities["stranger"].pair(tmp_path, names["other-authority"]),
        "cleartext": None,
    }
    client, stranger = (
        authorities["clients"].pair(tmp_path, "client"),
        authorities["stranger"].pair(tmp_path, "stranger"),
    )
    with ExitStack() as stack:
        ports = {name: stack.enter_context(serving(pair)) for name, pair in pairs.items()}
        port = beside.free_port()
        running = Running(tmp_path, port, authorities["front"].pem)
        running.give([])
        version = stack.enter_context(envoy_gateway(tmp_path, running.objects))
        given = [
            *platform(version, authorities["front"].pair(tmp_path, HOST)),
            front(port),
            *routed(ports),
            authority(CLIENT_CA, authorities["clients"].pem),
            authority(BACKEND_CA, authorities["servers"].pem),
        ]
        running.give(given)
        running.until({"/cleartext": "200"}, running.ask)  # the control: anybody is let in
        assert running.ask("/right") != "200"  # and servers are spoken to in the clear

        policies = fixed("backend-tls", "interception.backends-are-encrypted", given)
        assert sorted(one["metadata"]["name"] for one in policies) == sorted(SERVERS)
        running.give([*given, *policies])
        told = {"/right": "200", "/other-name": "503", "/other-authority": "503", "/cleartext": "503"}
        running.until(told, running.ask)

        (part,) = fixed("gateway-clients", "interception.clients-are-verified", given)
        changed = [merge(one, {"spec": part["spec"]}) if one["kind"] == "Gateway" else one for one in given]
        running.give([*copy.deepcopy(changed), *policies])
        running.until({"/right": "refused"}, running.ask)
        assert running.ask("/right", stranger) == "refused"
        running.until(told, lambda path: running.ask(path, client))
        after = msgspec.convert(changed[[one["kind"] for one in changed].index("Gateway")], Gateway)
        assert after.validation(port) is not None
