"""From files to Results: told apart by what is in them, never by their names, and never written to disk."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from seatrial.foreign import ginkgo, gotest, junit
from seatrial.foreign.archive import Member, members
from seatrial.foreign.results import Identity, Results
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError

LIMIT = 64 * 1024 * 1024  # bytes of one file; the logs of real runs have 3 to 10 MiB

_GZIP = b"\x1f\x8b"
_RESULTS = re.compile(r"(?:.*/)?(?:e2e\.log|junit[^/]*\.xml|results\.json)")
_SERVER = re.compile(r"(?:.*/)?serverversion\.json")
_NODES = re.compile(r"(?:.*/)?resources/cluster/(?:core_v1_)?nodes\.json", re.IGNORECASE)
_NAMESPACES = re.compile(r"(?:.*/)?resources/cluster/(?:core_v1_)?namespaces\.json", re.IGNORECASE)
_ABOUT_THE_CLUSTER = (_SERVER, _NODES, _NAMESPACES)

_KNOWN = "JUnit XML, `go test -json`, the log of `go test -v` or of the Kubernetes e2e suite, or a .tar.gz of those"


def read(path: Path) -> tuple[Results, ...]:
    """The results in one file; several where it is an archive."""
    data = _bytes(path)
    if not data.startswith(_GZIP):
        return (_told(data, str(path)),)
    wanted = (_RESULTS, *_ABOUT_THE_CLUSTER)
    found = members(data, file=str(path), wanted=lambda name: any(p.fullmatch(name) for p in wanted), limit=LIMIT)
    about = Identity()
    for member in found:
        about |= _identity(member)
    told = [_told(one.data, f"{path}:{one.name}") for one in found if _RESULTS.fullmatch(one.name)]
    if not told:
        raise UsageError(f"{path} has no results: no e2e.log, junit*.xml or results.json in it", way_out=_way_out())
    return tuple(msgspec.structs.replace(one, identity=about | one.identity) for one in told)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", way_out="name a file with results") from error
    if len(data) > LIMIT:
        raise UsageError(f"{path} is over {LIMIT} bytes, more than any results", way_out=_way_out())
    return data


def _told(data: bytes, file: str) -> Results:
    file = one_line(file, limit=300)
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return junit.read(data.removeprefix(b"\xef\xbb\xbf").lstrip(), file=file)
    if head.startswith(b"{") and b'"Action"' in head:
        return gotest.read_events(data, file=file)
    if re.search(rb"^(?:Running Suite: |Will run -?\d+ of )", data, re.MULTILINE):
        return ginkgo.read(data.decode("utf-8", "replace"), file=file)
    if re.search(rb"^(?:=== RUN |--- (?:PASS|FAIL|SKIP): )", data, re.MULTILINE):
        return gotest.read_log(data.decode("utf-8", "replace"), file=file)
    raise UsageError(
        f"{file} is empty" if not head else f"{file}:1: no results in a format that is known here", way_out=_way_out()
    )


def _way_out() -> str:
    return f"name {_KNOWN}"


class _Meta(msgspec.Struct, frozen=True):
    name: str = ""
    uid: str = ""


class _Object(msgspec.Struct, frozen=True):
    metadata: _Meta = _Meta()


class _List(msgspec.Struct, frozen=True):
    items: tuple[_Object, ...] = ()


class _Server(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str = ""


def _identity(member: Member) -> Identity:
    """What Sonobuoy asked the cluster itself. A part that is not as it should be says nothing."""
    try:
        if _SERVER.fullmatch(member.name):
            version = msgspec.json.decode(member.data, type=_Server).git_version
            return Identity(version=one_line(version, limit=100))
        if _NODES.fullmatch(member.name):
            names = (one_line(one.metadata.name, limit=300) for one in _objects(member.data))
            return Identity(nodes=frozenset(name for name in names if name))
        if _NAMESPACES.fullmatch(member.name):
            uids = [one.metadata.uid for one in _objects(member.data) if one.metadata.name == "kube-system"]
            return Identity(uid=one_line(uids[0], limit=100) if uids else "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # its absence is told where it matters: whether this is the same cluster is unknown then
    return Identity()


def _objects(data: bytes) -> tuple[_Object, ...]:
    """Sonobuoy writes a plain list; kubectl writes a List."""
    found = msgspec.json.decode(data, type=_List | tuple[_Object, ...])
    return found.items if isinstance(found, _List) else found
