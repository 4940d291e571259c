"""From kubeconfig files, or the service account of the pod that we run in, to an Access."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seatrial.cluster.access import Access, proxy_from, require_proxy
from seatrial.cluster.contexts import Chosen, Cluster, Entry, User, merge, read_file
from seatrial.cluster.credentials import (
    Credential,
    Fixed,
    Identity,
    TokenFile,
    basic,
    bearer,
    from_base64,
    require_valid,
)
from seatrial.cluster.plugin import Plugin
from seatrial.kit import text
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.errors import UsageError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def load(
    path: Path | None,
    context: str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    as_user: str = "",
    as_groups: Sequence[str] = (),
    namespace: str = "",
    clock: Clock | None = None,
    service_account: Path = _SERVICE_ACCOUNT,
) -> Access:
    """The access that a person means: this file, else KUBECONFIG, else ~/.kube/config, else the pod's service account."""
    env = os.environ if env is None else env
    files = _files(path, env)
    if files:
        access = _access(merge(files).choose(context), env, clock or SystemClock())
    else:
        access = _in_cluster(env, service_account)
    if as_user or as_groups:
        access = replace(access, impersonate=_impersonation(as_user, as_groups))
    return replace(access, namespace=namespace or access.namespace)


def _files(path: Path | None, env: Mapping[str, str]) -> list[Path]:
    if path is not None:
        if not path.exists():
            raise UsageError(f"{path}: there is no such kubeconfig", way_out="give another one with --kubeconfig")
        return [path]
    if env.get("KUBECONFIG"):
        named = [Path(item) for item in env["KUBECONFIG"].split(os.pathsep) if item]
    else:
        named = [Path(env.get("HOME") or Path.home()) / ".kube" / "config"]
    return [item for item in named if item.exists()]


def _access(chosen: Chosen, env: Mapping[str, str], clock: Clock) -> Access:
    cluster, user = chosen.cluster, chosen.user
    server = _server(cluster)
    return Access(
        name=chosen.context.name,
        server=server,
        credential=_credential(user, cluster, env, clock),
        namespace=chosen.context.value.namespace or "default",
        authority=_authority(cluster),
        verify=not cluster.value.insecure_skip_tls_verify,
        server_name=cluster.value.tls_server_name,
        proxy=require_proxy(cluster.value.proxy_url or proxy_from(env, server), cluster.where),
        impersonate=_impersonation(
            user.value.as_, user.value.as_groups, user.value.as_uid, user.value.as_user_extra, where=f"{user.where}: "
        ),
    )


def _server(cluster: Entry[Cluster]) -> str:
    server = cluster.value.server
    try:
        url = urlsplit(server)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable or not server.isprintable() or " " in server or "?" in server:
        raise UsageError(f"{cluster.where}: server {text.one_line(server)!r} is not an address like https://host:6443")
    return server.rstrip("/")


def _authority(cluster: Entry[Cluster]) -> bytes | None:
    said = cluster.value
    if said.insecure_skip_tls_verify:
        if said.certificate_authority or said.certificate_authority_data:
            raise UsageError(f"{cluster.where}: certificate-authority and insecure-skip-tls-verify exclude each other")
        return None
    if said.certificate_authority_data:
        return from_base64(said.certificate_authority_data, f"{cluster.where}: certificate-authority-data")
    if said.certificate_authority:
        return cluster.read(said.certificate_authority, "certificate-authority")
    return None


def _credential(user: Entry[User], cluster: Entry[Cluster], env: Mapping[str, str], clock: Clock) -> Credential:
    said = user.value
    if said.auth_provider is not None:
        name = text.one_line(str(said.auth_provider.get("name", "")))
        raise UsageError(
            f"{user.where}: auth-provider {name!r} is a mechanism that Kubernetes has removed",
            way_out="use the credential plugin that took its place (exec), such as gke-gcloud-auth-plugin or kubelogin",
        )
    certificate = _pem(user, said.client_certificate_data, said.client_certificate, "client-certificate")
    key = _pem(user, said.client_key_data, said.client_key, "client-key")
    if bool(certificate) != bool(key):
        raise UsageError(f"{user.where}: a client certificate and a client key come together; one is missing")
    if certificate:
        require_valid(certificate, user.where, clock.now())
    if said.exec is not None:
        told = _cluster_info(cluster)
        return Plugin(said.exec, folder=user.file.parent, where=user.where, cluster=told, env=env, clock=clock)
    if said.token_file:
        return TokenFile(user.file.parent / said.token_file, Identity("", certificate, key))
    authorization = bearer(said.token, user.where) if said.token else ""
    if not authorization and said.username:
        authorization = basic(said.username, said.password)
    return Fixed(Identity(authorization, certificate, key))


def _pem(user: Entry[User], data: str, file: str, field: str) -> bytes:
    if data:
        return from_base64(data, f"{user.where}: {field}-data")
    return user.read(file, field) if file else b""


def _cluster_info(cluster: Entry[Cluster]) -> dict[str, Any]:
    """What a credential plugin is told about the cluster, where it asks to be."""
    said = cluster.value
    extensions = {item.get("name"): item.get("extension") for item in said.extensions}
    told: dict[str, Any] = {
        "server": said.server,
        "tls-server-name": said.tls_server_name,
        "insecure-skip-tls-verify": said.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(_authority(cluster) or b"").decode(),
        "proxy-url": said.proxy_url,
        "config": extensions.get("client.authentication.k8s.io/exec"),
    }
    return {key: value for key, value in told.items() if value}


def _impersonation(
    user: str,
    groups: Sequence[str] = (),
    uid: str = "",
    extra: Mapping[str, Sequence[str]] | None = None,
    *,
    where: str = "",
) -> tuple[tuple[str, str], ...]:
    if not user:
        if groups or uid or extra:
            raise UsageError(
                f"{where}impersonating a group, uid or extra takes a user as well", way_out="add --as USER"
            )
        return ()
    headers = [("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)]
    headers += [("Impersonate-Uid", uid)] if uid else []
    for key, values in (extra or {}).items():
        headers += [(f"Impersonate-Extra-{_header_key(key)}", value) for value in values]
    for name, value in headers:
        if not value.isprintable():
            raise UsageError(f"{where}{name}: the value has characters that cannot go into a header")
    return tuple(headers)


def _header_key(key: str) -> str:
    return re.sub(rb"[^A-Za-z0-9!#$&'*+.^_`|~-]", lambda match: b"%%%02X" % match[0][0], key.encode()).decode()


def _in_cluster(env: Mapping[str, str], folder: Path) -> Access:
    host, port = env.get("KUBERNETES_SERVICE_HOST", ""), env.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (folder / "token").exists():
        tried = f"KUBECONFIG={text.one_line(env['KUBECONFIG'])}" if env.get("KUBECONFIG") else "~/.kube/config"
        raise UsageError(
            f"no kubeconfig: {tried} is not there, and this is not a pod of a cluster",
            way_out="give one with --kubeconfig or KUBECONFIG, or use --lab, --snapshot or --manifests",
        )
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    where = "the pod's service account"
    namespace = folder / "namespace"
    return Access(
        name="in-cluster",
        server=server,
        credential=TokenFile(folder / "token", Identity()),
        namespace=read_file(namespace, where).decode(errors="replace").strip() if namespace.exists() else "default",
        authority=read_file(folder / "ca.crt", where),
        proxy=require_proxy(proxy_from(env, server), "HTTPS_PROXY"),
    )
