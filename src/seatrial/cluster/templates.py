"""Reads pages of objects that are made of few templates: what they have alike is told by its bytes, and decoded once.

A hundred thousand pods repeat a few templates. Of each of them only its name, its node, its moments and its status are decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

import msgspec

from seatrial.cluster.decode import Page, ReadPage
from seatrial.cluster.likeness import Likeness
from seatrial.cluster.shapes import divided, sections, twin, values_of
from seatrial.model.fact import Fact, Shape

_TRIED = 128  # templates of a page, after which most of its objects have to be of one that is known
_SHORT = 256 << 10  # bytes of a list, below which there is nothing to be gained
_STRIKES = 3  # pages one after the other that were not so; then the others are read without templates
_MOST = 4096  # of a kind that are remembered; lists are in order, so that what is alike stands close together
_BETWEEN, _INSTEAD = b"\0", b"\1"  # neither can be in JSON
_TOKEN, _LENGTH = b'"kube-api-access-', len(b'"kube-api-access-12345')  # a volume of each pod, with a name by chance

F = TypeVar("F", bound=Fact)


def long_list_reader(kind: type[F], short: ReadPage[F]) -> ReadPage[F]:
    """For the pages of one list, or its pieces. A short one that does not go on is read by ``short``, and so is what does not fit."""
    readers: list[_Pages[F]] = []

    def read(data: bytes) -> Page[F]:
        if not readers:
            if len(data) < _SHORT:
                page = short(data)
                if not page.metadata.continue_:
                    return page
            readers.append(_Pages(kind, short))
        return readers[0].read(data)

    return read


class _Unalike(Exception):
    """So many objects of a page differ that there is nothing to be gained by templates."""


class _Pages(Generic[F]):
    """By templates where these are met again and again; else as they are, and what is alike is kept once all the same."""

    def __init__(self, kind: type[F], short: ReadPage[F]) -> None:
        self._short, self._likeness = short, Likeness()
        self._templates = _Templates(kind, self._likeness)
        self._strikes = 0

    def read(self, data: bytes) -> Page[F]:
        if self._strikes < _STRIKES:
            try:
                page = self._templates.read(data)
            except _Unalike:
                self._strikes += 1
            except msgspec.ValidationError:
                pass
            else:
                self._strikes = 0
                return page
        page = self._short(data)
        self._likeness.share(page.items or ())
        return page


class _Templates(Generic[F]):
    """Of the objects of one list."""

    def __init__(self, kind: type[F], likeness: Likeness) -> None:
        self._kind = kind
        self._sections = {name: _Section(shape, likeness) for name, shape in sections(kind).items()}
        wires = {name: (one.wire, one.wire()) for name, one in self._sections.items()}
        self._decoder: msgspec.json.Decoder[Page[Any]] = msgspec.json.Decoder(Page[twin(kind, wires)])  # type: ignore[misc]
        self._names = [one.name for one in msgspec.structs.fields(kind)]

    def read(self, data: bytes) -> Page[F]:
        page = self._decoder.decode(data)
        return Page(list(map(self._kind, *map(self._column(page.items or ()), self._names))), page.metadata)

    def _column(self, rows: Sequence[Any]) -> Callable[[str], Iterable[Any]]:
        def column(name: str) -> Iterable[Any]:
            found = map(attrgetter(name), rows)
            return self._sections[name].read(found) if name in self._sections else found

        return column


class _Section:
    """The metadata, the spec or the status of such objects."""

    def __init__(self, shape: type[Shape], likeness: Likeness) -> None:
        self._shape, self._likeness, self._fields = shape, likeness, divided(shape)
        self._parts = {one.name: _Part(one.type) for one in self._fields.parts}
        self._made: dict[tuple[bytes, tuple[Any, ...]], Shape] = {}
        self._own = values_of(self._fields.own)
        self.wire = twin(shape, dict.fromkeys(self._parts, (msgspec.Raw, b"")))

    def read(self, rows: Iterable[Any]) -> list[Shape]:
        """Written for speed: this is done with every object. Most are like the one before."""
        parts, plain, own = values_of(self._fields.parts), values_of(self._fields.plain), self._own
        names, change = [one.name for one in self._fields.own], msgspec.structs.force_setattr
        found: list[Shape] = []
        text, before = _Text(b""), None
        made: Any = None
        tried = 0
        for row in rows:
            said, values = _BETWEEN.join(parts(row)), plain(row)
            if values != before or (said != text.said and not text.is_like(said)):
                tried += 1
                if tried > _TRIED and 2 * tried > len(found):
                    raise _Unalike
                text, before = _Text(said), values
                made = self._template(text, row, values)
            one = made.__copy__()
            for name, value in zip(names, own(row)):  # noqa: B905
                change(one, name, value)
            found.append(one)
        return found

    def _template(self, text: _Text, row: Any, plain: tuple[Any, ...]) -> Shape:
        key = (text.key, plain)
        made = self._made.get(key)
        if made is None:
            said = {name: part.read(raw) for name, part in self._parts.items() if (raw := getattr(row, name))}
            names = [one.name for one in (*self._fields.plain, *self._fields.own)]
            made = self._shape(**said, **dict(zip(names, plain + self._own(row), strict=True)))
            self._likeness.share((made,))
            if len(self._made) >= _MOST:
                self._made.clear()
            self._made[key] = made
        return made


class _Text:
    """What an object says, in which the name of its token is by chance: it is like another that says the same but for that."""

    def __init__(self, said: bytes) -> None:
        self.said, at = said, said.find(_TOKEN)
        pieces = said.split(said[at : at + _LENGTH]) if at >= 0 else [said]
        self.key = _INSTEAD.join(pieces)
        self._pieces: Any = tuple(pieces)
        self._size = len(said)
        ends = list(accumulate(len(piece) + _LENGTH for piece in pieces))
        begins = [0, *ends]
        self._pieces_of = itemgetter(*(slice(begin, end - _LENGTH) for begin, end in zip(begins, ends, strict=False)))
        self._tokens_of = itemgetter(*(slice(end - _LENGTH, end) for end in ends))

    def is_like(self, said: bytes) -> bool:
        """For what does not say the very same."""
        if len(self._pieces) < 2 or len(said) != self._size or self._pieces_of(said) != self._pieces:
            return False
        first, *others = self._tokens_of(said)[:-1]
        return bool(first.startswith(_TOKEN)) and others == [first] * len(others)


class _Part:
    """Such as the labels. Where one of its neighbours is never twice the same, it may be so all the same."""

    def __init__(self, hint: Any) -> None:
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(hint)
        self._known: dict[bytes, Any] = {}

    def read(self, raw: msgspec.Raw) -> Any:
        data = bytes(raw)
        value = self._known.get(data)
        if value is None:
            value = self._decoder.decode(data)
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[data] = value
        return value
