"""YAML as nodes that know where they stand. Nothing is made of them here: no objects, no numbers, no dates.

Only the first document is read, which is what the programme does. How deep and how large it may grow is limited.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import yaml

from seatrial.kit.text import one_line

DEPTH = 100
NODES = 200_000  # as they would be with every alias written out


class Place(NamedTuple):
    line: int
    column: int


START = Place(1, 1)


class Scalar(msgspec.Struct, frozen=True):
    text: str
    plain: bool  # neither quoted nor a block
    tag: str | None
    at: Place


class Sequence(msgspec.Struct, frozen=True):
    items: tuple[Node, ...]
    at: Place


class Mapping(msgspec.Struct, frozen=True):
    pairs: tuple[tuple[Node, Node], ...]
    at: Place


Node = Scalar | Sequence | Mapping


class Broken(ValueError):
    """Not YAML, or more of it than anybody should read."""

    def __init__(self, at: Place, what: str) -> None:
        super().__init__(f"line {at.line}: {what}")
        self.at, self.what = at, what


def compose(data: bytes) -> Node | None:
    """The first document, or ``None`` where there is none."""
    place = START
    try:
        loader = yaml.CSafeLoader(data)
        builder = _Builder()
        while loader.check_event():
            event: Any = loader.get_event()
            place = _place(event.start_mark)
            if isinstance(event, yaml.DocumentEndEvent):
                return builder.root
            builder.take(event, place)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = ", ".join(part for part in (error.context, error.problem) if part)
        raise Broken(_place(mark) if mark else place, one_line(told)) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise Broken(place, f"not UTF-8 text: {one_line(str(error))}") from error
    return None


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class _Open:
    """A mapping or sequence whose end has not come yet."""

    __slots__ = ("anchor", "at", "is_mapping", "nodes", "size")

    def __init__(self, at: Place, anchor: str | None, *, is_mapping: bool) -> None:
        self.at, self.anchor, self.is_mapping = at, anchor, is_mapping
        self.nodes: list[Node] = []
        self.size = 1


class _Builder:
    """Nodes from events, without recursion, counting as it goes."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0

    def take(self, event: Any, at: Place) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._put(Scalar(event.value, not event.style, event.tag, at), 1, event.anchor, at)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(self._open) >= DEPTH:
                raise Broken(at, f"nested deeper than {DEPTH} levels")
            self._open.append(_Open(at, event.anchor, is_mapping=isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self._open.pop()
            self._put(_closed(done), done.size, done.anchor, at)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise Broken(at, f"the alias *{one_line(str(event.anchor), limit=80)} refers to nothing before it")
            self._put(*self._anchors[event.anchor], None, at)

    def _put(self, node: Node, size: int, anchor: str | None, at: Place) -> None:
        self._count += size if anchor is None else 1
        if self._count > NODES:
            raise Broken(at, f"more than {NODES} values")
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if self._open:
            self._open[-1].nodes.append(node)
            self._open[-1].size += size
        else:
            self.root = node


def _closed(done: _Open) -> Node:
    if done.is_mapping:
        return Mapping(tuple(zip(done.nodes[::2], done.nodes[1::2], strict=True)), done.at)
    return Sequence(tuple(done.nodes), done.at)
