"""A dump becomes a Snapshot: every document that is an object or a list of objects, wherever it lies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from seatrial.cluster.dumps import layouts, names
from seatrial.cluster.dumps.coverage import Listing, Shelf, cover
from seatrial.cluster.dumps.documents import Damaged, Document, Item, documents, kinds_in
from seatrial.cluster.dumps.files import LARGEST, File, files
from seatrial.cluster.dumps.piles import gap_of, notes
from seatrial.cluster.dumps.serving import apis_of, is_absent
from seatrial.kit import text
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.errors import UsageError
from seatrial.model.fact import ClusterIdentity, Fact, Gap, GapReason, Series, Snapshot

_MOMENTS = tuple(  # each begins with plain text, for which one can look ten times as fast
    re.compile(name + rb"[\"']?: ?[\"']?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z")
    for name in (rb"creationTimestamp", rb"lastTransitionTime", rb"lastHeartbeatTime", rb"lastTimestamp", rb"startedAt")
)
_ALWAYS_PARSED = ("List", "APIResourceList", "APIGroupList", "ReplicationControllerList")
_WAY_OUT = (
    "name what one of these wrote: seatrial snapshot, kubectl get KINDS -A -o json, kubectl cluster-info dump, oc adm must-gather,"
    " sonobuoy retrieve, support-bundle, velero backup download, kubectl crust-gather"
)


class Dump(Snapshot, frozen=True):
    """A Snapshot that knows who wrote it down, and what is worth telling of it."""

    layout: str = ""
    notes: tuple[str, ...] = ()

    @property
    def wanting(self) -> tuple[str, ...]:
        """What ``kubectl get`` would add to it, as far as that is served for sure."""
        missing = (of for of, gap in self.gaps.items() if gap.reason is GapReason.NOT_COLLECTED)
        return tuple(sorted(names.kubectl(of) for of in missing if self.apis.versions(of)))


def load(
    path: Path,
    kinds: Iterable[type[Fact]],
    *,
    resources: Iterable[str] = (),
    largest: int = LARGEST,
    whole: bool = False,
    clock: Clock | None = None,
) -> Dump:
    """``resources`` are such that somebody may ask whether they are served. ``whole``: whoever made it says that of each kind
    that is in it, all is in it. Raises UsageError."""
    wanted = {kind.of: kind for kind in kinds}
    reading = _Reading(path, {of: kind for of, kind in wanted.items() if not issubclass(kind, Series)})
    for file in files(path, largest=largest):
        reading.take(file)
    reading.finish(whole=whole)
    return reading.dump(wanted, resources, (clock or SystemClock()).now())


class _Reading:
    def __init__(self, path: Path, kinds: dict[str, type[Fact]]) -> None:
        self._path = path
        self._shelf = Shelf(kinds)
        self._names: list[str] = []
        self._damaged: list[tuple[str, str]] = []  # a file, and where and why
        self._newest = b""  # of the moments that it speaks of
        self._changed = 0.0
        self._layout = layouts.OTHER

    def take(self, file: File) -> None:
        self._names.append(file.name)
        self._changed = max(self._changed, file.changed)
        where = layouts.told_by((file.name,)).where(file.name)
        listings: list[Listing] = []
        try:
            for document in documents(file.data, file.name, self._is_wanted):
                self._shelf.about.take(file.name, document)
                listings += self._document(file.name, document, where.of)
        except Damaged as error:
            self._damage(file, where.of, str(error))
        self._shelf.listings += listings
        for moment in _MOMENTS:
            self._newest = max((self._newest, *(found[1] for found in moment.finditer(file.data))))

    def finish(self, *, whole: bool) -> None:
        self._layout = layouts.told_by(self._names)
        shelf = self._shelf
        if not shelf.objects and not shelf.listings:
            if self._damaged:
                name, why = self._damaged[0]
                raise UsageError(f"{_named(self._path, name)}:{why}", way_out=_WAY_OUT)
            raise UsageError(f"{self._path}: no objects of Kubernetes are in it", way_out=_WAY_OUT)
        if len(shelf.clusters) > 1:
            those = " and ".join(f"of one in {name}" for name in sorted(shelf.clusters.values())[:2])
            raise UsageError(
                f"{self._path}: holds more than one cluster: the namespace kube-system {text.one_line(those)}",
                way_out="name the folder of one of them",
            )
        cover(shelf, self._layout, self._names)
        if whole:
            shelf.believe()

    def dump(self, wanted: dict[str, type[Fact]], resources: Iterable[str], now: dt.datetime) -> Dump:
        shelf = self._shelf
        facts: dict[str, tuple[Fact, ...]] = {}
        gaps: dict[str, Gap] = {}
        for of, kind in wanted.items():
            if issubclass(kind, Series):
                gaps[of] = Gap(of, GapReason.NOT_COLLECTED, "a dump has no metrics")
                continue
            pile = shelf.piles[of]
            gap = gap_of(pile, shelf.namespaces)
            if gap is not None and not pile.is_there and is_absent(of, shelf):
                gap = Gap(of, GapReason.ABSENT, f"{of} is not served by this cluster")
            if pile.is_there:
                facts[of] = pile.facts
            if gap is not None:
                gaps[of] = gap
        return Dump(
            taken_at=self._moment(now),
            cluster=ClusterIdentity(next(iter(shelf.clusters), ""), shelf.version, shelf.about.platform),
            apis=apis_of(shelf, (*wanted, *resources)),
            facts=facts,
            gaps=gaps,
            layout=self._layout.title,
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterable[str]:
        yield from notes(self._shelf.piles)
        for name, why in self._damaged[:3]:
            yield f"{_named(self._path, name)}:{why}; what else is in that file was not read"

    def _moment(self, now: dt.datetime) -> dt.datetime:
        """The newest that its objects speak of: nodes and pods change all the time. Copies of files are younger than they are."""
        if self._newest:
            try:
                told = dt.datetime.fromisoformat(self._newest.decode()).replace(tzinfo=dt.UTC)
            except ValueError:
                told = now
            return min(told, now)
        return min(dt.datetime.fromtimestamp(self._changed, dt.UTC), now) if self._changed > 0 else now

    def _is_wanted(self, kind: str) -> bool:
        return kind in _ALWAYS_PARSED or self._shelf.knows_kind(kind.removesuffix("List"))

    def _document(self, name: str, document: Document, of_place: str) -> Iterable[Listing]:
        homes: dict[str, set[str]] = {}
        for item in document.items:
            self._object(name, document, item, of_place, homes)
        if not document.listed:
            return ()
        of = self._shelf.of(document.api_version, document.of_kind) if document.of_kind else ""
        typed = of or (of_place if not document.of_kind else "")
        if not (document.kind or homes or typed):
            return ()  # of numbers, or of anything
        return (Listing(name, homes, typed, document.goes_on, document.of_kind == "ReplicationController"),)

    def _object(self, name: str, document: Document, item: Item, of_place: str, homes: dict[str, set[str]]) -> None:
        shelf = self._shelf
        key = shelf.key_of(document, item, of_place)
        if key is None:
            return
        home = homes.setdefault(key.of, set())
        if key.namespace:
            home.add(key.namespace)
        try:
            shelf.put(key, item, name)
        except (msgspec.ValidationError, RecursionError, UnicodeDecodeError) as error:
            shelf.piles[key.of].wrong.append(f"{name}: {key.shown}: {text.one_line(str(error))}")

    def _damage(self, file: File, of_place: str, why: str) -> None:
        """Its place says what it is about; where that says nothing, every kind that is named in it may be."""
        self._damaged.append((file.name, why))
        placed = layouts.told_by((file.name,)) is not layouts.OTHER and bool(of_place)
        hit = {of_place} & self._shelf.piles.keys()
        if not placed:
            hit |= {of for kind in kinds_in(file.data) for of in self._shelf.of_any_group(kind.removesuffix("List"))}
        for of in hit:
            self._shelf.piles[of].holes.append(f"{text.one_line(file.name, limit=300)}:{text.one_line(why)}")


def _named(path: Path, name: str) -> str:
    shown = text.one_line(name, limit=300)
    if path.is_dir():
        return f"{path}/{shown}"
    return str(path) if path.name.removesuffix(".gz") == name else f"{path}: {shown}"
