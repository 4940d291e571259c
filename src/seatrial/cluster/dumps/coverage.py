"""The objects of a dump by their kinds, and which lists of them it has: what was asked of the cluster, and of which namespaces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.cluster.decode import fact_from, one_reader
from seatrial.cluster.dumps import layouts, names
from seatrial.cluster.dumps.about import About
from seatrial.cluster.dumps.documents import Document, Item, head_of, value_of
from seatrial.cluster.dumps.layouts import Layout
from seatrial.cluster.dumps.piles import EVERYWHERE, Pile, knows_all_namespaces, reaches_everywhere
from seatrial.cluster.objects import resources
from seatrial.kit import text
from seatrial.model.fact import Fact, Meta

DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions"
_NAMESPACES = "namespaces"
_NODES = "nodes"
_SYSTEM = "kube-system"
_ALWAYS_IN_SYSTEM = (
    "pods",
    "configmaps",
    "rbac.authorization.k8s.io/roles",
    "rbac.authorization.k8s.io/rolebindings",
)
_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})\.(\d{1,3})")


class Listing(msgspec.Struct, frozen=True):
    """One list of a dump, which may be of several kinds."""

    name: str  # of its file
    homes: Mapping[str, set[str]]  # by the kinds of its items: their namespaces
    of: str = ""  # of what it is, where the list itself or its place says so
    goes_on: bool = False
    marks_parts: bool = False  # whoever writes such a list writes one for each namespace

    @property
    def kinds(self) -> set[str]:
        return {*self.homes, *filter(None, (self.of,))}

    @property
    def is_a_selection(self) -> bool:
        """Of all namespaces, it would have some of these of that one, too."""
        return any(self.homes.get(of) and _SYSTEM not in self.homes[of] for of in _ALWAYS_IN_SYSTEM)

    @property
    def spans(self) -> set[str]:
        return {home for each in self.homes.values() for home in each}


class Key(msgspec.Struct, frozen=True):
    of: str
    namespace: str
    name: str
    version: int
    uid: str

    @property
    def shown(self) -> str:
        return text.one_line("/".join(filter(None, (self.namespace, self.name))), limit=300)


class _Info(msgspec.Struct, frozen=True, rename="camel"):
    kubelet_version: str = ""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    node_info: _Info = _Info()


class _Node(msgspec.Struct, frozen=True):
    status: _Status = _Status()


class Shelf:
    """Gathered from one document after another."""

    def __init__(self, kinds: Mapping[str, type[Fact]]) -> None:
        self._kinds = kinds
        self._readers = {of: one_reader(kind) for of, kind in kinds.items()}
        self.piles = {of: Pile(of) for of in (*kinds, _NAMESPACES, _NODES, DEFINITIONS)}
        self._names = {name for of in (*kinds, _NAMESPACES, _NODES) for name in _kinds_of(of)}
        self.about = About()
        self.listings: list[Listing] = []
        self.objects = 0  # of any kind
        self.observed: dict[str, str] = {}  # resource → a version of it
        self.clusters: dict[str, str] = {}  # by their uid: the file that tells
        self._kubelets: set[str] = set()

    @property
    def namespaces(self) -> Pile:
        return self.piles[_NAMESPACES]

    @property
    def version(self) -> str:
        """As the API server says; or that of the newest kubelet, which is never newer than that."""
        return self.about.version or max(self._kubelets, key=parsed, default="")

    def believe(self) -> None:
        """Somebody says that of each kind that is there, all is there."""
        for pile in self.piles.values():
            if pile.is_there:
                pile.asked.add(EVERYWHERE)
                pile.believed = True

    def knows_kind(self, kind: str) -> bool:
        return kind.lower() in self._names

    def of(self, api_version: str, kind: str) -> str:
        """The resource, where somebody wants it."""
        return next((of for of in resources(api_version, kind) if of in self.piles), "") if kind else ""

    def of_any_group(self, kind: str) -> Iterator[str]:
        return (of for of in self.piles if kind.lower() in _kinds_of(of))

    def key_of(self, document: Document, item: Item, of_place: str) -> Key | None:
        """``None`` where it is no object, or of a kind that nobody wants."""
        head = head_of(item)
        if head is None or head.metadata is None or not head.metadata.name:
            return None
        kind = head.kind or document.of_kind
        of = self.of(head.api_version or document.api_version, kind) if kind else of_place
        self.objects += 1
        if of not in self.piles:
            return None
        meta = head.metadata
        api_version = head.api_version or document.api_version
        if api_version:
            self.observed.setdefault(of, api_version.rpartition("/")[2])
        return Key(of, meta.namespace or "", meta.name or "", _number(meta.resource_version), meta.uid or "")

    def put(self, key: Key, item: Item, file: str) -> None:
        """Raises msgspec.ValidationError or RecursionError where it does not fit."""
        pile = self.piles[key.of]
        kind = self._kinds.get(key.of)
        if key.of == DEFINITIONS:
            self.about.define(item)
        if key.of == _NAMESPACES and key.name == _SYSTEM and key.uid:
            self.clusters.setdefault(key.uid, file)
        if key.of == _NODES:
            self._kubelets.add(text.one_line(value_of(item, _Node).status.node_info.kubelet_version, limit=100))
        if kind is None:
            fact = Fact(metadata=Meta(name=key.name))
        else:
            fact = self._readers[key.of](item) if isinstance(item, msgspec.Raw) else fact_from(kind, item)
            if kind.most and len(pile.found) >= kind.most:
                pile.holes[:] = [f"there are more than {kind.most:,}, and so many are not read"]
                return
        pile.put((key.namespace, key.name), key.version, fact)
        if key.namespace:
            pile.homes.add(key.namespace)


def cover(shelf: Shelf, layout: Layout, file_names: Iterable[str]) -> None:
    """Tell of each kind of which namespaces it was asked for."""
    every = list(file_names)
    parted = {one.name for one in shelf.listings if one.marks_parts}
    placed = [(one, layout.where(one.name)) for one in shelf.listings]
    many = Counter(of for one, where in placed if where.namespace is None for of in (one.kinds or {where.of}))
    for listing, where in placed:
        for of in listing.kinds or {where.of}:
            if of in shelf.piles:
                alone = many[of] == 1 and listing.name not in parted
                shelf.piles[of].asked |= _asked(of, listing, where.namespace, alone=alone)
                if listing.goes_on:
                    shelf.piles[of].holes.append(f"{listing.name}: the list goes on, and the rest of it is not there")
    for of in layout.whole if layouts.has(layout.whole_mark, every) else ():
        if of in shelf.piles and shelf.piles[of].found:
            shelf.piles[of].asked.add(EVERYWHERE)
    if layout.takes_whole_kinds:
        _cover_whole_kinds(shelf)
    _cover_questions(shelf)
    for of, why in shelf.about.refused.items():
        if of in shelf.piles:
            shelf.piles[of].holes.append(f"whoever made the dump was told: {why}")


def _asked(of: str, listing: Listing, namespace: str | None, *, alone: bool) -> set[str]:
    homes = listing.homes.get(of, set())
    if of in names.CLUSTER_WIDE or (of in listing.homes and not homes):
        return {EVERYWHERE}
    if namespace is not None:
        return {namespace}
    if (len(listing.spans) > 1 and not listing.is_a_selection) or (alone and not listing.spans):
        return {EVERYWHERE}
    return homes or listing.spans  # one cannot ask for several namespaces at once, but for all


def _cover_whole_kinds(shelf: Shelf) -> None:
    """Tools that take one kind after another, with a file for each object: of the namespaces that they took any kind of."""
    taken = {home for pile in shelf.piles.values() for home in pile.homes}
    taken |= {name for _, name in shelf.namespaces.found}
    whole = reaches_everywhere(taken, shelf.namespaces) and knows_all_namespaces(shelf.namespaces)
    for pile in shelf.piles.values():
        if pile.found:
            pile.asked |= {EVERYWHERE} if whole else taken if pile.homes else set()


def _cover_questions(shelf: Shelf) -> None:
    """Some tools write down what they asked for, and only answers that are not empty."""
    plurals: dict[str, list[str]] = {}
    for of in shelf.piles:
        plurals.setdefault(of.rpartition("/")[2], []).append(of)
    for called, namespace in shelf.about.asked:
        built_in = names.resource(called)
        those = [built_in] if built_in else plurals.get(called.lower(), [])
        if len(those) == 1 and those[0] in shelf.piles:  # the name of a resource alone may be that of several groups
            shelf.piles[those[0]].asked.add(namespace)


def parsed(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(map(int, found.groups())) if found else ()


def _kinds_of(of: str) -> set[str]:
    """What the kind of a resource may be called, in small letters."""
    plural = of.rpartition("/")[2]
    singles = {plural, plural.removesuffix("s"), plural.removesuffix("es")}
    return singles | ({f"{plural[:-3]}y"} if plural.endswith("ies") else set())


def _number(version: str | None) -> int:
    return int(version) if version and version.isdecimal() and len(version) < 20 else 0
