"""Files on disk become a Snapshot: YAML and JSON, one object or many, as one would hand them to ``kubectl apply``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from seatrial.cluster import unrendered
from seatrial.cluster.amounts import Sieve
from seatrial.cluster.decode import fact_from, unreadable, why
from seatrial.cluster.objects import Definition, is_list, is_object, resources, unlisted
from seatrial.cluster.unrendered import Unrendered
from seatrial.kit import text, yaml
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.errors import UsageError
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Obj, Snapshot

_ENDINGS = (".yaml", ".yml", ".json")
_LARGEST = 64 << 20  # bytes, of one file
_LARGEST_OF_ALL = 512 << 20
_MOST_FILES = 20_000
_DEEPEST_FOLDER = 32


class Place(msgspec.Struct, frozen=True):
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Manifests(Snapshot, frozen=True):
    """A Snapshot that knows where each of its objects stands."""

    places: dict[str, Place] = {}  # by the subject of a Fact

    def place(self, fact: Fact) -> str:
        return str(self.places.get(fact.subject, ""))


class _Found(msgspec.Struct, frozen=True):
    obj: Obj
    place: Place


def load(
    sources: Sequence[str], kinds: Iterable[type[Fact]], *, stdin: IO[bytes] | None = None, clock: Clock | None = None
) -> Manifests:
    """``sources`` are folders, files, or ``-``. A kind of which they have no object was not collected."""
    left_out: list[Unrendered] = []
    found = [item for name, data in _texts(sources, stdin, left_out) for item in _objects(name, data)]
    if left_out and not found:
        raise UsageError(f"{left_out[0].file}: is {left_out[0].what}, and no object yet", way_out=left_out[0].give)
    served = _served(found)
    facts: dict[str, tuple[Fact, ...]] = {}
    gaps: dict[str, Gap] = {}
    places: dict[str, Place] = {}
    for kind in kinds:
        mine = [item for item in found if kind.of in resources(item.obj["apiVersion"], item.obj["kind"])]
        if not mine:
            gaps[kind.of] = unrendered.gap(kind.of, left_out) or Gap(
                kind.of, GapReason.NOT_GIVEN, f"the files have no object of {kind.of}"
            )
            continue
        facts[kind.of], odd = _facts(kind, mine, places)
        if gap := unreadable(kind.of, odd) or unrendered.gap(kind.of, left_out):
            gaps[kind.of] = gap
        served.setdefault(kind.of, _versions(mine))
    return Manifests(
        taken_at=(clock or SystemClock()).now(),
        cluster=ClusterIdentity(),
        apis=Apis(served),
        facts=facts,
        gaps=gaps,
        places=places,
    )


def _facts(kind: type[Fact], found: list[_Found], places: dict[str, Place]) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    facts: list[Fact] = []
    left_out: list[str] = []
    sieve = Sieve(kind)
    for item in found:
        try:
            fact = fact_from(kind, item.obj)
        except msgspec.ValidationError as error:
            left_out.append(f"{item.place}: {why(error, item.obj)}")
            continue
        if wrong := sieve.why(fact):
            left_out.append(f"{item.place}: {wrong}")
            continue
        first = places.setdefault(fact.subject, item.place)
        if first is not item.place:
            raise UsageError(
                f"{item.place}: {text.one_line(fact.subject)} stands at {first} already",
                way_out="give only one of the two; overlays of one another are not merged",
            )
        facts.append(fact)
    return tuple(facts), tuple(left_out)


def _texts(sources: Sequence[str], stdin: IO[bytes] | None, left_out: list[Unrendered]) -> Iterator[tuple[str, bytes]]:
    """What has to be rendered first goes to ``left_out``."""
    left = _LARGEST_OF_ALL
    files = list(_files(sources))
    patches = unrendered.patches(files)
    for name, file in files:
        patch = patches.get(unrendered.placed(file)) if file is not None else None
        if patch is not None:
            left_out.append(patch)
            continue
        data = _read(name, file, stdin)
        if template := unrendered.template(name, file, data):
            left_out.append(template)
            continue
        left -= len(data)
        if left < 0:
            raise UsageError(f"{name}: with it the files have more than {_LARGEST_OF_ALL >> 20} MiB")
        yield name, data


def _files(sources: Sequence[str]) -> Iterator[tuple[str, Path | None]]:
    for source in sources:
        path = Path(source)
        if source == "-":
            yield "stdin", None
        elif path.is_dir():
            inside = list(_inside(path))
            if not inside:
                raise UsageError(f"{source}: no {', '.join(_ENDINGS)} file is in this folder")
            yield from ((str(file), file) for file in inside)
        elif path.exists():
            yield source, path
        else:
            raise UsageError(f"{source}: there is no such file or folder")


def _inside(folder: Path) -> Iterator[Path]:
    """Files in a stable order. Symbolic links to folders are not followed: they may lead in circles, or anywhere."""
    many = 0
    for at, folders, names in os.walk(folder, onerror=_cannot_read):
        if len(Path(at).relative_to(folder).parts) >= _DEEPEST_FOLDER:
            raise UsageError(f"{at}: folders are nested deeper than {_DEEPEST_FOLDER}")
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_ENDINGS) and not name.startswith("."):
                many += 1
                if many > _MOST_FILES:
                    raise UsageError(f"{folder}: more than {_MOST_FILES} files")
                yield Path(at, name)


def _cannot_read(error: OSError) -> None:
    raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _read(name: str, path: Path | None, stdin: IO[bytes] | None) -> bytes:
    try:
        if path is None:
            data = (stdin or sys.stdin.buffer).read(_LARGEST + 1)
        elif path.is_file():
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        else:
            raise UsageError(f"{name}: not a regular file")
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: cannot be read: {error}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{name}: more than {_LARGEST >> 20} MiB")
    return data


def _objects(name: str, data: bytes) -> Iterator[_Found]:
    start = data.lstrip()[:2]
    if name.endswith(".json") or (start.startswith(b"{") and start != b"{{"):
        yield from _from_json(name, data)
        return
    try:
        for document in yaml.documents(data, name=name):
            for obj in unlisted(document.value):
                yield _Found(obj, Place(name, document.line_of(obj)))
    except yaml.YamlError as error:
        is_template = b"{{" in data
        what = (
            f"{name}:{error.line}: a template that was not rendered, or damaged: {error.what}" if is_template else error
        )
        raise UsageError(
            str(what),
            way_out="render it first: helm template CHART | seatrial check --manifests -" if is_template else "",
        ) from error


class _RawList(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]


def _from_json(name: str, data: bytes) -> Iterator[_Found]:
    """Each item of a list gets the line in which its own text begins."""
    try:
        value = msgspec.json.decode(data)
        if not is_list(value):
            yield from (_Found(obj, Place(name, 1)) for obj in unlisted(value))
            return
        raws = msgspec.json.decode(data, type=_RawList).items
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        where = f"{name}:{_line(data, str(error))}"
        raise UsageError(
            f"{where}: {text.one_line(str(error))}", way_out="a .json file is one JSON document"
        ) from error
    position, after, line = 0, 0, 1
    for obj, raw in zip(value["items"], raws, strict=True):
        start = data.index(bytes(raw), after)
        line += data.count(b"\n", position, start)
        position, after = start, start + len(bytes(raw))
        if is_object(obj):
            yield _Found(obj, Place(name, line))


def _line(data: bytes, error: str) -> int:
    """The line of an error in JSON; msgspec tells it by the byte."""
    byte = re.search(r"\(byte (\d+)\)", error)
    return data.count(b"\n", 0, int(byte[1]) if byte else 0) + 1


def _versions(found: Iterable[_Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.obj["apiVersion"].rpartition("/")[2] for item in found))


def _served(found: Iterable[_Found]) -> dict[str, tuple[str, ...]]:
    """What the definitions among the files would make a cluster serve."""
    served: dict[str, tuple[str, ...]] = {}
    for item in found:
        if item.obj["kind"] != "CustomResourceDefinition":
            continue
        try:
            definition = msgspec.convert(item.obj, Definition)
        except msgspec.ValidationError as error:
            raise UsageError(f"{item.place}: {text.one_line(str(error))}") from error
        served[definition.resource] = definition.versions
    return served
