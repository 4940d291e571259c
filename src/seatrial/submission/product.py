"""A PRODUCT.yaml as the programme reads it, with the place of everything, and what its reader would refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from seatrial.submission.document import START, Node, Place, Scalar, Sequence
from seatrial.submission.document import Mapping as MappingNode
from seatrial.submission.typed import Kind, Misfit, accept, fields, is_null, kind

T = TypeVar("T")


class Text(msgspec.Struct, frozen=True):
    """A value that is read as text, whatever it was written as."""

    text: str = ""
    at: Place = START
    kind: Kind = Kind.TEXT


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a product says to one requirement."""

    at: Place
    id: Text
    description: Text
    level: Text
    status: Text
    notes: Text
    evidence: tuple[Text, ...]


class Category(msgspec.Struct, frozen=True):
    name: str
    at: Place
    entries: tuple[Entry, ...]

    @property
    def by_id(self) -> dict[str, Entry]:
        """Of two with the same id the programme takes the last."""
        return {entry.id.text: entry for entry in self.entries}


class Field(msgspec.Struct, frozen=True):
    at: Place
    value: Node
    kind: Kind | None  # None where it is no single value


class Product(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Mapping[str, Field] | None = None
    metadata_at: Place = START
    spec: Mapping[str, Category] | None = None
    spec_at: Place = START
    misfits: tuple[Misfit, ...] = ()

    def text(self, *names: str) -> Text:
        """A field of the metadata where it is text, by the first of its names that is there."""
        found = self.field(*names)
        if found is None or not isinstance(found.value, Scalar) or found.kind is not Kind.TEXT:
            return Text(at=found.at if found else self.metadata_at)
        return Text(found.value.text, found.value.at)

    def field(self, *names: str) -> Field | None:
        return next((self.metadata[name] for name in names if self.metadata and name in self.metadata), None)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for category in (self.spec or {}).values() for entry in category.entries)


def read(root: Node | None) -> Product:
    return _Reader().product(root)


class _Reader:
    """Goes on after what it cannot take, so that one look at a file shows all that is wrong with it."""

    def __init__(self) -> None:
        self._misfits: list[Misfit] = []

    def product(self, root: Node | None) -> Product:
        found = self._fields(root, "the file")
        metadata, metadata_at = self._section(found, "metadata")
        spec, spec_at = self._section(found, "spec")
        return Product(
            metadata=None if metadata is None else {key: self._field(*pair) for key, pair in metadata.items()},
            metadata_at=metadata_at,
            spec=None if spec is None else {key: self._category(key, *pair) for key, pair in spec.items()},
            spec_at=spec_at,
            misfits=tuple(self._misfits),
        )

    def _section(
        self, found: Mapping[str, tuple[Scalar, Node]], name: str
    ) -> tuple[dict[str, tuple[Scalar, Node]] | None, Place]:
        key, value = found.get(name, (None, None))
        if key is None or value is None or is_null(value):
            return None, key.at if key else START
        return self._fields(value, name), key.at

    def _field(self, key: Scalar, value: Node) -> Field:
        if not isinstance(value, Scalar):
            self._try(lambda: accept(value), None)
            return Field(key.at, value, None)
        return Field(key.at, value, self._try(lambda: kind(value), None))

    def _category(self, name: str, key: Scalar, value: Node) -> Category:
        items = self._items(value, f"spec.{name}", "requirements")
        return Category(name, key.at, tuple(self._entry(item) for item in items))

    def _entry(self, node: Node) -> Entry:
        found = self._fields(node, "a requirement")
        text = {
            name: self._text(found[name][1], name) if name in found else Text(at=node.at)
            for name in ("id", "description", "level", "status", "notes")
        }
        links = self._items(found["evidence"][1], "evidence", "texts") if "evidence" in found else []
        return Entry(at=node.at, evidence=tuple(self._text(link, "evidence") for link in links), **text)

    def _items(self, node: Node, name: str, of: str) -> list[Node]:
        """The items of a list; nulls in it do not count. What is no list is taken as a list of one."""
        if self._is_null(node):
            return []
        if isinstance(node, Sequence):
            return [item for item in node.items if not self._is_null(item)]
        self._misfits.append(Misfit(node.at, f"{name} must be a list of {of}"))
        alone = isinstance(node, Scalar) if of == "texts" else isinstance(node, MappingNode)
        return [node] if alone else []

    def _text(self, node: Node, name: str) -> Text:
        if not isinstance(node, Scalar):
            self._misfits.append(Misfit(node.at, f"{name} must be text"))
            return Text(at=node.at)
        seen = self._try(lambda: kind(node), Kind.TEXT)
        return Text("" if seen is Kind.NULL else node.text, node.at, seen)

    def _fields(self, node: Node | None, name: str) -> dict[str, tuple[Scalar, Node]]:
        if node is None or self._is_null(node):
            return {}
        if not isinstance(node, MappingNode):
            self._misfits.append(Misfit(node.at, f"{name} must be a mapping"))
            return {}
        found: dict[str, tuple[Scalar, Node]] = {}
        try:
            for key, value in fields(node):
                found[key.text] = (key, value)
        except Misfit as misfit:
            self._misfits.append(misfit)
        return found

    def _is_null(self, node: Node) -> bool:
        return self._try(lambda: is_null(node), False)

    def _try(self, work: Callable[[], T], instead: T) -> T:
        try:
            return work()
        except Misfit as misfit:
            self._misfits.append(misfit)
            return instead
