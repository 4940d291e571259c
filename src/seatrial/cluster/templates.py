"""Reads pages of objects that are made of few templates: what they have alike is told by its bytes, and decoded once.

A hundred thousand pods repeat a few templates. Of each of them only its name, its node, its moments and its status are decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

import msgspec

from seatrial.cluster.decode import Page, ReadPage
from seatrial.cluster.likeness import Likeness
from seatrial.cluster.shapes import has_moments, is_scalar, is_shape, present
from seatrial.model.fact import Fact, Shape

_OWN = ("name", "uid", "node_name")  # what tells one object from another
_FEW = 2  # parts, below which there is nothing to gain
_MOST = 4096  # of a kind that are remembered; lists are in order, so that what is alike stands close together
_BETWEEN, _INSTEAD = b"\0", b"\1"  # neither can be in JSON
_TOKEN, _LENGTH = b'"kube-api-access-', len(b'"kube-api-access-12345')  # a volume of each pod, with a name by chance

F = TypeVar("F", bound=Fact)
Values = Callable[[Any], tuple[Any, ...]]


def long_list_reader(kind: type[F], short: ReadPage[F]) -> ReadPage[F]:
    """For the pages of one list. A list that ends on its first page is read by ``short``, and so is a page that does not fit."""
    templates: list[_Templates[F]] = []

    def read(data: bytes) -> Page[F]:
        if not templates:
            page = short(data)
            if not page.metadata.continue_:
                return page
            templates.append(_Templates(kind))
        try:
            return templates[0].read(data)
        except msgspec.ValidationError:
            return short(data)

    return read


class _Templates(Generic[F]):
    """Of the objects of one list."""

    def __init__(self, kind: type[F]) -> None:
        self._kind = kind
        fields = msgspec.structs.fields(kind)
        likeness = Likeness()
        sections = {one.name: _Section(one.type, likeness) for one in fields if is_shape(one.type)}
        self._sections = {name: one for name, one in sections.items() if one.is_worth_it}
        wire = _struct(kind, {name: (one.wire, one.wire()) for name, one in self._sections.items()})
        self._names = [one.name for one in fields]
        self._decoder: msgspec.json.Decoder[Page[Any]] = msgspec.json.Decoder(Page[wire])  # type: ignore[valid-type]

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
        fields = msgspec.structs.fields(shape)
        self._shape, self._likeness = shape, likeness
        self._own = [one.name for one in fields if one.name in _OWN or _is_of_its_own(one.type)]
        rest = [one for one in fields if one.name not in self._own]
        self._parts = {one.name: _Part(one.type) for one in rest if not is_scalar(present(one.type))}
        self._plain = [one.name for one in rest if one.name not in self._parts]
        self._made: dict[tuple[bytes, tuple[Any, ...]], Shape] = {}
        self.is_worth_it = len(self._parts) >= _FEW
        self.wire = _struct(shape, dict.fromkeys(self._parts, (msgspec.Raw, b"")))

    def read(self, rows: Iterable[Any]) -> list[Shape]:
        """Written for speed: this is done with every object. Most are like the one before."""
        parts, plain, own = _values(tuple(self._parts)), _values(self._plain), _values(self._own)
        names, change = self._own, msgspec.structs.force_setattr
        found: list[Shape] = []
        text, before = _Text(b""), None
        for row in rows:
            said, values = _BETWEEN.join(parts(row)), plain(row)
            if values != before or not text.is_like(said):
                text, before = _Text(said), values
                made = self._template(text, row, values)
            one = made.__copy__()
            for name, value in zip(names, own(row)):  # noqa: B905
                if value:
                    change(one, name, value)
            found.append(one)
        return found

    def _template(self, text: _Text, row: Any, plain: tuple[Any, ...]) -> Shape:
        key = (text.key, plain)
        made = self._made.get(key)
        if made is None:
            said = {name: part.read(raw) for name, part in self._parts.items() if (raw := getattr(row, name))}
            made = self._shape(**said, **dict(zip(self._plain, plain, strict=True)))
            self._likeness.share((made,))
            if len(self._made) >= _MOST:
                self._made.clear()
            self._made[key] = made
        return made


class _Text:
    """What an object says, in which the name of its token is by chance: it is like another that says the same but for that."""

    def __init__(self, said: bytes) -> None:
        self._said, at = said, said.find(_TOKEN)
        pieces = said.split(said[at : at + _LENGTH]) if at >= 0 else [said]
        self.key = _INSTEAD.join(pieces)
        self._pieces: Any = tuple(pieces)
        ends = list(accumulate(len(piece) + _LENGTH for piece in pieces))
        self._size = len(said)
        self._pieces_of = itemgetter(*(slice(end - _LENGTH - len(piece), end - _LENGTH) for piece, end in zip(pieces, ends)))
        self._tokens_of = itemgetter(*(slice(end - _LENGTH, end) for end in ends))

    def is_like(self, said: bytes) -> bool:
        if said == self._said:
            return True
        if len(self._pieces) < 2 or len(said) != self._size or self._pieces_of(said) != self._pieces:
            return False
        first, *others = self._tokens_of(said)[:-1]
        return first.startswith(_TOKEN) and others == [first] * len(others)


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


def _is_of_its_own(hint: Any) -> bool:
    """A moment, or rows with moments in them, such as conditions."""
    known = present(hint)
    return not is_shape(known) and has_moments(known)


def _struct(shape: type[Shape], others: Mapping[str, tuple[Any, Any]]) -> type[msgspec.Struct]:
    """The same fields, some of other types and with other defaults."""
    fields = []
    for one in msgspec.structs.fields(shape):
        hint, default = others.get(one.name, (one.type, one.default))
        if default is msgspec.NODEFAULT:
            fields.append((one.name, hint, msgspec.field(default_factory=one.default_factory, name=one.encode_name)))
        else:
            fields.append((one.name, hint, msgspec.field(default=default, name=one.encode_name)))
    return msgspec.defstruct(shape.__name__, fields, frozen=True, gc=False)


def _values(names: Sequence[str]) -> Values:
    """What gets all of these at once, in a row, however many they are."""
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda one: (getattr(one, names[0]),)) if names else (lambda _: ())
