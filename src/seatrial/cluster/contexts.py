"""What kubeconfig files say, several of them merged into one, and the one context that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from seatrial.cluster.credentials import PluginSpec
from seatrial.cluster.decode import without_nulls
from seatrial.kit import text, yaml
from seatrial.model.errors import UsageError

_LARGEST = 16 << 20


class Cluster(msgspec.Struct, frozen=True, rename="kebab"):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    extensions: list[dict[str, Any]] = []


class User(msgspec.Struct, frozen=True, rename="kebab"):
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    exec: PluginSpec | None = None
    auth_provider: dict[str, Any] | None = None
    as_: str = msgspec.field(default="", name="as")
    as_uid: str = ""
    as_groups: list[str] = []
    as_user_extra: dict[str, list[str]] = {}


class Context(msgspec.Struct, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(msgspec.Struct, frozen=True):
    name: str
    cluster: Cluster = Cluster()


class _NamedUser(msgspec.Struct, frozen=True):
    name: str
    user: User = User()


class _NamedContext(msgspec.Struct, frozen=True):
    name: str
    context: Context = Context()


class _Config(msgspec.Struct, frozen=True, rename="kebab"):
    clusters: list[_NamedCluster] = []
    users: list[_NamedUser] = []
    contexts: list[_NamedContext] = []
    current_context: str = ""


V = TypeVar("V")


@dataclass(frozen=True)
class Entry(Generic[V]):
    """One entry, and the file that it stands in: relative paths in it start at that file's folder."""

    value: V
    name: str
    file: Path
    what: str

    @property
    def where(self) -> str:
        return f"{self.file}: {self.what} {text.one_line(self.name)!r}"

    def read(self, path: str, field: str) -> bytes:
        return read_file(self.file.parent / path, f"{self.where}: {field}")


@dataclass(frozen=True)
class Chosen:
    context: Entry[Context]
    cluster: Entry[Cluster]
    user: Entry[User]


@dataclass
class Merged:
    """Several files as one: whoever says something first is right."""

    files: list[Path] = field(default_factory=list)
    clusters: dict[str, Entry[Cluster]] = field(default_factory=dict)
    users: dict[str, Entry[User]] = field(default_factory=dict)
    contexts: dict[str, Entry[Context]] = field(default_factory=dict)
    current: str = ""

    def choose(self, name: str | None) -> Chosen:
        name = name or self.current
        if name not in self.contexts:
            what = f"there is no context {text.one_line(name)!r}" if name else "no context is chosen"
            raise UsageError(
                f"{', '.join(map(str, self.files))}: {what}; {_those(self.contexts)}",
                way_out="choose one with --context",
            )
        context = self.contexts[name]
        return Chosen(
            context,
            _named(self.clusters, context, "cluster", context.value.cluster),
            _named(self.users, context, "user", context.value.user),
        )


def merge(files: Sequence[Path]) -> Merged:
    merged = Merged(files=list(files))
    for file in files:
        config = _read(file)
        merged.current = merged.current or config.current_context
        _add(merged.clusters, [Entry(item.cluster, item.name, file, "cluster") for item in config.clusters])
        _add(merged.users, [Entry(item.user, item.name, file, "user") for item in config.users])
        _add(merged.contexts, [Entry(item.context, item.name, file, "context") for item in config.contexts])
    return merged


def read_file(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(f"{where}: {path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _add(known: dict[str, Entry[V]], found: list[Entry[V]]) -> None:
    seen: set[str] = set()
    for entry in found:
        if entry.name in seen:
            raise UsageError(f"{entry.where} stands there twice", way_out="remove one of the two")
        seen.add(entry.name)
        known.setdefault(entry.name, entry)


def _named(known: dict[str, Entry[V]], context: Entry[Context], what: str, name: str) -> Entry[V]:
    if name not in known:
        raise UsageError(
            f"{context.where} names the {what} {text.one_line(name)!r}, which is not there; {_those(known)}"
        )
    return known[name]


def _those(known: dict[str, Entry[V]]) -> str:
    return "there is: " + (", ".join(sorted(map(text.one_line, known))) or "none")


def _read(file: Path) -> _Config:
    data = read_file(file, "kubeconfig")
    if len(data) > _LARGEST:
        raise UsageError(f"{file}: {len(data)} bytes are too many for a kubeconfig")
    try:
        said = yaml.load(data, name=str(file))
        return msgspec.convert({} if said is None else without_nulls(said), _Config)
    except yaml.YamlError as error:
        raise UsageError(str(error), way_out="a kubeconfig is one YAML document") from error
    except msgspec.ValidationError as error:
        what = f"{file}: {text.one_line(str(error))}"
        raise UsageError(what, way_out="compare it with the output of: kubectl config view") from error
