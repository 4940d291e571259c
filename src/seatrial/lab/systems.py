"""Runs a system's Recipe: the objects it wants in the cluster, and its programs as processes beside the API server.

Everything up to ``install`` is data in, data out. No Deployment, Service, RBAC or APIService is taken over from the
manifests: the programs run on this host, so webhooks are called by URL on loopback. A program that insists on a Service, as
it writes rules and authority into its webhooks itself, gets one that leads to it.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import functools
import ipaddress
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from seatrial.kit import digest
from seatrial.lab.process import Service
from seatrial.model.api import Api
from seatrial.model.errors import LabError
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Recipe

_CRD = "CustomResourceDefinition"
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_FIELD = re.compile(r"\{(folder|kubeconfig|namespace|address|ca|port:[a-z]+)\}")  # other braces are the program's own
_USES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)  # some programs talk to each other by it
_ESTABLISHED_WITHIN, _PAUSE = 60.0, 0.05
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_DIGEST = "seatrial.dev/digest"  # an annotation: what was applied


class Identity(msgspec.Struct, frozen=True):
    """A serving certificate and its key, as PEM."""

    certificate: str
    key: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where one system lives in one lab."""

    system: str
    folder: Path  # of its configuration and certificate
    kubeconfig: Path
    address: str = "127.0.0.1"  # where its programs listen: loopback, or the node's own address for those inside it
    ports: Mapping[str, int]  # what ``{port:…}`` stands for
    programs: Mapping[str, Path]
    identity: Identity
    service: str = ""  # by which its webhooks are called, instead of by URL

    @property
    def namespace(self) -> str:
        return f"{self.system}-system"


def identity(system: str, folder: Path, address: str = "127.0.0.1") -> Identity:
    """The system's certificate: made once, RSA as the programs that manage their own insist on, and its own root.

    Whoever trusts it trusts nothing else, and no key that could sign another certificate gets into the cluster. Besides
    its address it carries the names that a program asks for before it accepts a certificate that it did not make itself.
    """
    certificate, key = folder / "tls.crt", folder / "tls.key"
    if not certificate.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = (f"{system}-webhook-service.{system}-system.svc", f"{system}-ca", f"{system}.{system}-system.svc")
        made = _self_signed(f"{system}-ca", names, address)
        for path, text in ((key, made.key), (certificate, made.certificate)):
            path.touch(mode=0o600)
            path.write_text(text)
    return Identity(certificate.read_text(), key.read_text())


def _self_signed(name: str, hosts: tuple[str, ...], address: str) -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.IPAddress(ipaddress.ip_address(address)), *map(x509.DNSName, hosts)]
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(_USES), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return Identity(certificate.public_bytes(pem).decode(), key.private_bytes(pem, *plain).decode())


def ports(recipe: Recipe) -> tuple[str, ...]:
    """The ports that a recipe speaks of, by name; the lab chooses their numbers."""
    texts = [*_configuration(recipe, {}).values(), msgspec.json.encode(recipe.overlay).decode()]
    texts += [text for one in recipe.processes for text in (*one.args, *one.env.values(), one.ready)]
    named = {name.removeprefix("port:") for name in _FIELD.findall("\n".join(texts)) if ":" in name}
    return tuple(sorted(named - set(recipe.ports)))


def services(recipe: Recipe, place: Place, settings: Mapping[str, Any]) -> tuple[Service, ...]:
    """The processes of a system. ``settings`` go over the recipe's own; a change of them changes the service."""
    texts = {name: _fill(text, place) for name, text in _configuration(recipe, settings).items()}
    where = f"{recipe.certificates}/" if recipe.certificates else ""
    own = place.identity.certificate, place.identity.certificate, place.identity.key  # it is its own authority
    texts |= {f"{where}{name}": text for name, text in zip(("ca.crt", "tls.crt", "tls.key"), own, strict=True)}
    return tuple(
        Service(
            name=process.name or process.program,
            argv=(str(place.programs[process.program]), *(_fill(arg, place) for arg in process.args)),
            # never the user's own kubeconfig, whatever a program falls back to
            env={"KUBECONFIG": str(place.kubeconfig)} | {key: _fill(text, place) for key, text in process.env.items()},
            files={str(place.folder / name): text for name, text in texts.items()},
            ready=_fill(process.ready, place),
            inside=recipe.level is LabLevel.NODE,
        )
        for process in recipe.processes
    )


def _configuration(recipe: Recipe, settings: Mapping[str, Any]) -> Mapping[str, str]:
    unknown = sorted(set(settings) - set(recipe.settings))
    if unknown:
        raise LabError(
            f"{recipe.module} has no setting {', '.join(unknown)}",
            way_out=f"settings are: {', '.join(sorted(recipe.settings)) or 'none'}",
        )
    return recipe.configure({**recipe.settings, **settings}) if recipe.configure else {}


def _fill(text: str, place: Place) -> str:
    return _FIELD.sub(lambda match: str(_known(match[1], place)), text)


def _known(field: str, place: Place) -> str | int:
    """``{folder}`` and ``{kubeconfig}`` are paths, ``{address}`` is where its programs listen, ``{port:NAME}`` a port of its own,
    ``{namespace}`` its namespace, ``{ca}`` its certificate as Kubernetes wants to see it."""
    match field:
        case "folder" | "kubeconfig" | "namespace" | "address":
            return str(getattr(place, field))
        case "ca":
            return base64.b64encode(place.identity.certificate.encode()).decode()
        case _:
            return place.ports[field.removeprefix("port:")]


def _filled(value: Any, place: Place) -> Any:
    """An object of the overlay with its fields filled in; a text that is nothing but a port becomes a number."""
    match value:
        case dict():
            return {key: _filled(one, place) for key, one in value.items()}
        case list() | tuple():
            return [_filled(one, place) for one in value]
        case str():
            whole = _FIELD.fullmatch(value)
            return _known(whole[1], place) if whole else _fill(value, place)
        case _:
            return value


def read(recipe: Recipe, source: Path) -> tuple[Obj, ...]:
    """The documents of the recipe's manifests, from the folder of its unpacked module."""
    found: list[Obj] = []
    for name in recipe.manifests:
        path = source / name
        try:
            found += _documents(path)
        except (OSError, yaml.YAMLError) as error:
            raise LabError(f"{path}: {error}", way_out=f"look whether {recipe.module} still has this file") from error
    return tuple(found)


@functools.cache
def _documents(path: Path) -> tuple[Obj, ...]:
    """Of a file that was unpacked or built once and never changes: a large one takes seconds to read."""
    return tuple(one for one in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader) if one)


def objects(recipe: Recipe, place: Place, manifests: Iterable[Obj]) -> tuple[Obj, ...]:
    """What the system needs in the cluster before it starts, in the order in which to apply it."""
    merged: dict[tuple[str, str], Obj] = {}
    overlay = tuple(_filled(obj, place) for obj in recipe.overlay)
    for obj in (*manifests, *overlay):
        key = (obj["kind"], obj["metadata"]["name"])
        merged[key] = merge(merged[key], obj) if key in merged else obj
    kinds = {_CRD: _definition, **dict.fromkeys(_WEBHOOKS, _configured)}
    upstream = [kinds[kind](obj, place) for (kind, _), obj in merged.items() if kind in kinds]
    others = [obj for obj in overlay if obj["kind"] not in kinds]
    definitions = [obj for obj in upstream if obj["kind"] == _CRD]
    webhooks = [obj for obj in upstream if obj["kind"] != _CRD]
    return (*definitions, *_own(place), *others, *webhooks)


def merge(under: Any, over: Any) -> Any:
    """Lay one document over another, as kustomize does: fields by name, list items that have a name by that name."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: merge(under.get(key), value) for key, value in over.items()}}
    if isinstance(under, list) and isinstance(over, list) and all(map(_has_name, (*under, *over))):
        patches = {item["name"]: item for item in over}
        kept = [merge(item, patches.pop(item["name"], {})) for item in under]
        return [*kept, *patches.values()]
    return over


def _has_name(item: Any) -> bool:
    return isinstance(item, dict) and "name" in item


def _definition(obj: Obj, place: Place) -> Obj:
    """Where no program of the system listens, nobody converts: each version shows what is stored."""
    conversion = obj["spec"].get("conversion", {})
    if "webhook" not in conversion:
        return obj
    if "webhook" not in place.ports:
        return {**obj, "spec": {**obj["spec"], "conversion": {"strategy": "None"}}}
    webhook = conversion["webhook"]
    pointed = {**conversion, "webhook": {**webhook, "clientConfig": _client(webhook["clientConfig"], place)}}
    return {**obj, "spec": {**obj["spec"], "conversion": pointed}}


def _configured(obj: Obj, place: Place) -> Obj:
    """The name gets the prefix that upstream's kustomization gives it: two systems call theirs the same.

    What a program fills in itself it knows by upstream's name.
    """
    outside = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", place.namespace]}
    webhooks = [
        {"namespaceSelector": {"matchExpressions": [outside]}}
        | webhook
        | {"clientConfig": _client(webhook["clientConfig"], place)}
        for webhook in obj["webhooks"]
    ]
    prefix = "" if place.service else f"{place.system}-"
    metadata = {**obj["metadata"], "name": f"{prefix}{obj['metadata']['name']}"}
    return {**obj, "metadata": metadata, "webhooks": webhooks}


def _client(config: Obj, place: Place) -> Obj:
    if place.service:
        return {"service": {"name": place.service, "namespace": place.namespace, "port": place.ports["webhook"]}}
    return {
        "url": f"https://{place.address}:{place.ports['webhook']}{config['service'].get('path', '/')}",
        "caBundle": _known("ca", place),
    }


def _own(place: Place) -> tuple[Obj, ...]:
    """The namespace and, where there are webhooks, the Secret in which a program that manages its own certificates keeps them.

    It finds one there that it accepts, certificate and authority in one, and leaves it as it is.
    """
    namespace: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place.namespace}}
    if place.service:
        service: Obj = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": place.service, "namespace": place.namespace},
            "spec": {"type": "ExternalName", "externalName": place.address},
        }
        return (namespace, service)
    if "webhook" not in place.ports:
        return (namespace,)
    parts = {"crt": place.identity.certificate, "key": place.identity.key}
    texts = {f"{role}.{part}": text for role in ("ca", "tls") for part, text in parts.items()}
    secret: Obj = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{place.system}-webhook-server-cert", "namespace": place.namespace},
        "data": {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()},
    }
    return (namespace, secret)


def without(names: Iterable[str], objs: Iterable[Obj]) -> tuple[tuple[Obj, ...], tuple[Obj, ...]]:
    """Of a system's objects those that the lab is to have, and those that it names as left out, as ``Kind/name``."""
    names, objs = set(names), tuple(objs)
    left_out = tuple(obj for obj in objs if f"{obj['kind']}/{obj['metadata']['name']}" in names)
    return tuple(obj for obj in objs if obj not in left_out), left_out


async def install(api: Api, objs: Iterable[Obj]) -> None:
    """Apply a system's objects. Nothing after the definitions is applied before those are served."""
    objs = tuple(objs)
    definitions = [obj for obj in objs if is_definition(obj)]
    for obj in definitions:
        await _define(api, obj)
    for obj in definitions:
        await _established(api, obj["metadata"]["name"])
    for obj in objs:
        if not is_definition(obj):
            await api.apply(obj)


def is_definition(obj: Obj) -> bool:
    return bool(obj["kind"] == _CRD)


async def _define(api: Api, obj: Obj) -> None:
    """Only what is new: the API server takes long to merge a large definition, even with itself."""
    said = digest.of_value(obj)
    marked = merge(obj, {"metadata": {"annotations": {_DIGEST: said}}})
    there = await api.get(f"{_DEFINITIONS}/{obj['metadata']['name']}")
    if there is None:
        await api.create(marked)
    elif (there["metadata"].get("annotations") or {}).get(_DIGEST) != said:
        await api.apply(marked)


async def _established(api: Api, name: str) -> None:
    """Each has its own time: the API server takes seconds for a large one."""
    path, deadline = f"{_DEFINITIONS}/{name}", time.monotonic() + _ESTABLISHED_WITHIN
    while not _is_established(await api.get(path)):
        if time.monotonic() > deadline:
            raise LabError(
                f"{name} was not served after {_ESTABLISHED_WITHIN:.0f} s", way_out="seatrial lab logs kube-apiserver"
            )
        await asyncio.sleep(_PAUSE)


def _is_established(obj: Obj | None) -> bool:
    conditions = (obj or {}).get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


async def remove(api: Api, objs: Iterable[Obj]) -> None:
    """Take a system's objects away, webhooks first: nobody answers them any more."""
    for obj in reversed(tuple(objs)):
        await api.delete(obj)
