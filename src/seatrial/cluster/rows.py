"""Facts as rows of JSON for a file: what many of them have alike is written once, and named by its number.

A section of a row, such as its spec, that has a number ``alike`` is what that number stands for, with the row's own fields put in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import NODEFAULT, UNSET, UnsetType
from msgspec.structs import FieldInfo

from seatrial.cluster.shapes import divided, sections, twin, values_of
from seatrial.kit import redact
from seatrial.model.fact import Fact, Shape

_ROWS = 2000  # on one page
_ALIKE = "alike"
_Number = Annotated[int, msgspec.Meta(ge=0)] | UnsetType

F = TypeVar("F", bound=Fact)
Obj = dict[str, Any]


class _Page(msgspec.Struct, Generic[F], frozen=True):
    rows: list[F]
    alike: dict[str, msgspec.Raw] = {}  # by section; numbers go on from page to page


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def pages(facts: Sequence[Fact]) -> Iterator[bytes]:
    """Without credentials. Only a few facts are in memory as JSON at any time."""
    rest = iter(facts)
    writer = _Writer(type(facts[0])) if facts else None
    while writer and (some := list(islice(rest, _ROWS))):
        yield writer.page(some)


def pages_of(facts: Sequence[Fact]) -> int:
    return -(-len(facts) // _ROWS)


class _Writer:
    def __init__(self, kind: type[Fact]) -> None:
        self._sections = {name: _Written(shape) for name, shape in sections(kind).items() if not _is_a_pair(shape)}
        self._fields = [one for one in msgspec.structs.fields(kind) if one.name not in self._sections]
        self._names = {one.name: one.encode_name for one in msgspec.structs.fields(kind)}

    def page(self, facts: Iterable[Fact]) -> bytes:
        rows = [self._row(fact) for fact in facts]
        alike = {self._names[name]: new for name, one in self._sections.items() if (new := one.news())}
        return encode({_ALIKE: alike, "rows": rows})

    def _row(self, fact: Fact) -> Obj:
        row = _said(self._fields, fact)
        for name, one in self._sections.items():
            row[self._names[name]] = one.row(getattr(fact, name))
        kept: Obj = redact.credentials(row)
        return kept


class _Written:
    """One section of the facts of one kind."""

    def __init__(self, shape: type[Shape]) -> None:
        fields = divided(shape)
        self._own, self._rest = fields.own, (*fields.plain, *fields.parts)
        self._rest_of = values_of(self._rest)
        self._numbers: dict[tuple[int, ...], int] = {}  # by the very same parts
        self._known: dict[bytes, int] = {}
        self._new: list[msgspec.Raw] = []

    def row(self, section: Shape) -> Obj:
        rest = tuple(map(id, self._rest_of(section)))
        number = self._numbers.get(rest)
        if number is None:
            number = self._numbers[rest] = self._number(section)
        return {_ALIKE: number, **_said(self._own, section)}

    def news(self) -> list[msgspec.Raw]:
        new, self._new = self._new, []
        return new

    def _number(self, section: Shape) -> int:
        data = encode(redact.credentials(_said(self._rest, section)))
        if data not in self._known:
            self._known[data] = len(self._known)
            self._new.append(msgspec.Raw(data))
        return self._known[data]


def _said(fields: Iterable[FieldInfo], shape: Shape) -> Obj:
    """What is not so unless it is said."""
    said: Obj = {}
    for one in fields:
        value = getattr(shape, one.name)
        if one.required or value != (one.default if one.default_factory is NODEFAULT else one.default_factory()):
            said[one.encode_name] = msgspec.to_builtins(value, builtin_types=(dt.datetime,))
    return said


def _is_a_pair(shape: type[Shape]) -> bool:
    """By its name it may be told whether its value is a secret, so that they stay together."""
    return any(one.encode_name == "value" for one in msgspec.structs.fields(shape))


class Reader(Generic[F]):
    """For the pages of one kind, in their order. Raises ``msgspec.ValidationError`` for what cannot be read."""

    def __init__(self, kind: type[F]) -> None:
        self._kind, self._fields = kind, msgspec.structs.fields(kind)
        self._sections = {name: _Read(shape) for name, shape in sections(kind).items()}
        wires = {name: (one.wire, one.wire()) for name, one in self._sections.items()}
        self._decoder: msgspec.json.Decoder[_Page[Any]] = msgspec.json.Decoder(_Page[twin(kind, wires)])  # type: ignore[misc]

    def page(self, data: bytes) -> list[F]:
        page = self._decoder.decode(data)
        for one in self._fields:
            if one.name in self._sections and one.encode_name in page.alike:
                self._sections[one.name].learn(page.alike[one.encode_name])
        return list(map(self._kind, *(self._column(one.name, page.rows) for one in self._fields)))

    def _column(self, name: str, rows: Sequence[Any]) -> Iterable[Any]:
        values = map(attrgetter(name), rows)
        return self._sections[name].whole(values) if name in self._sections else values


class _Read:
    """One section of the facts of one kind."""

    def __init__(self, shape: type[Shape]) -> None:
        fields = divided(shape)
        self._shape, self._own, self._rest = shape, fields.own, (*fields.plain, *fields.parts)
        self._alike: list[Shape] = []
        self._decoder = msgspec.json.Decoder(list[shape])  # type: ignore[valid-type]
        said = [
            (one.name, one.type | UnsetType, msgspec.field(default=UNSET, name=one.encode_name))
            for one in (*self._own, *self._rest)
        ]
        self.wire = msgspec.defstruct(shape.__name__, [(_ALIKE, _Number, UNSET), *said], frozen=True, gc=False)

    def learn(self, more: msgspec.Raw) -> None:
        self._alike += self._decoder.decode(more)

    def whole(self, rows: Iterable[Any]) -> list[Shape]:
        """Written for speed: this is done with every fact."""
        own, rest, change = values_of(self._own), values_of(self._rest), msgspec.structs.force_setattr
        names, nothing = [one.name for one in self._own], (UNSET,) * len(self._rest)
        found: list[Shape] = []
        for row in rows:
            if row.alike is UNSET or rest(row) != nothing:
                found.append(self._one(row))
                continue
            one = self._numbered(row.alike).__copy__()
            for name, value in zip(names, own(row)):  # noqa: B905
                if value is not UNSET:
                    change(one, name, value)
            found.append(one)
        return found

    def _one(self, row: Any) -> Shape:
        """As it stands there in full, or with more than its own fields put in."""
        said = {one.name: value for one in (*self._own, *self._rest) if (value := getattr(row, one.name)) is not UNSET}
        if row.alike is UNSET:
            return self._shape(**said)
        whole: Shape = msgspec.structs.replace(self._numbered(row.alike), **said)
        return whole

    def _numbered(self, number: int) -> Any:
        if number >= len(self._alike):
            raise msgspec.ValidationError(f"`{_ALIKE}` is {number}, and {len(self._alike)} are known")
        return self._alike[number]
