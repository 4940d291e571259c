"""The documents of one file: JSON, one or many after another, or YAML; each with its objects, not decoded yet.

Objects of kinds that nobody wants are not even parsed where their kind can be told without: a must-gather has gigabytes of YAML.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from seatrial.kit import text, yaml
from seatrial.model.fact import Obj

Item = msgspec.Raw | Obj
_Fields = dict[str, msgspec.Raw]

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig"),
)  # fmt: skip
_KIND = re.compile(rb"^kind: *[\"']?(\w+)[\"']? *\r?$", re.MULTILINE)
_BORDER = re.compile(rb"^---(?:[ \t].*)?\r?\n", re.MULTILINE)
_LOGS = re.compile(rb"==== START (logs for container [^\n]{1,600}) ====\n")
_BYTE = re.compile(r"\(byte (\d+)\)")
_LIMITS = yaml.Limits(nodes=20_000_000)  # a list of a large cluster is one document


class Damaged(ValueError):
    """A part of a file that cannot be read: from which line on, and why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"{line}: {why}")


class Document(msgspec.Struct, frozen=True):
    api_version: str = ""
    kind: str = ""
    items: tuple[Item, ...] = ()
    listed: bool = False
    goes_on: bool = False  # a list of which this is only the first part
    whole: Item | tuple[Item, ...] = ()  # the document itself

    @property
    def is_untyped(self) -> bool:
        """Nothing tells of what the list is, but its items."""
        return self.kind in ("", "List")

    @property
    def of_kind(self) -> str:
        """The kind of its items, as far as the list tells."""
        return "" if self.is_untyped else self.kind.removesuffix("List") if self.listed else self.kind


class _Continued(msgspec.Struct, frozen=True, rename={"token": "continue"}):
    token: str = ""


class HeadMeta(msgspec.Struct, frozen=True, rename="camel"):
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None


class Head(msgspec.Struct, frozen=True, rename="camel"):
    """Which object it is."""

    api_version: str | None = None
    kind: str | None = None
    metadata: HeadMeta | None = None


class _List(msgspec.Struct, frozen=True, rename="camel"):
    items: list[msgspec.Raw] | None  # Go writes an empty list as null
    api_version: str | None = None
    kind: str | None = None
    metadata: _Continued | None = None


_lists = msgspec.json.Decoder(_List)
_heads = msgspec.json.Decoder(Head)
_fields = msgspec.json.Decoder(_Fields)
_rows = msgspec.json.Decoder(list[msgspec.Raw])
_words = msgspec.json.Decoder(str)
_NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def documents(data: bytes, name: str, wanted: Callable[[str], bool]) -> Iterator[Document]:
    """Raises Damaged at the first part that cannot be read. ``wanted`` tells of a kind, such as PodList, whether it is."""
    data = _as_utf8(data)
    if data.lstrip()[:1] in (b"{", b"["):
        yield from _from_json(data)
    else:
        yield from _from_yaml(data, name, wanted)


def head_of(item: Item) -> Head | None:
    """``None`` where it is no object."""
    try:
        return _heads.decode(item) if isinstance(item, msgspec.Raw) else msgspec.convert(item, Head)
    except _NOT_JSON:
        return None


def value_of(item: Item | tuple[Item, ...], shape: Any) -> Any:
    """Raises msgspec.ValidationError where it is of another shape."""
    if isinstance(item, tuple):
        return [value_of(one, Any) for one in item] if shape is Any else msgspec.convert(value_of(item, Any), shape)
    if isinstance(item, msgspec.Raw):
        return msgspec.json.decode(item, type=shape)
    return msgspec.convert(item, shape)


def kinds_in(data: bytes) -> set[str]:
    """Which kinds it may hold, as far as a look at its text tells: for what cannot be parsed."""
    found = re.findall(rb"[\"']?kind[\"']?\s{0,9}:\s{0,9}[\"']?(\w{1,100})", data[: 64 << 20])
    return {kind.decode() for kind in found}


def _as_utf8(data: bytes) -> bytes:
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        return data
    try:
        return data.decode(encoding).encode()
    except UnicodeError as error:
        raise Damaged(1, f"not {encoding} text: {text.one_line(str(error))}") from error


def _from_json(data: bytes) -> Iterator[Document]:
    """One document after another; the logs that ``cluster-info dump`` writes between them are left out."""
    if (whole := _alone(data)) is not None:
        yield whole
        return
    for begin, end in _pieces(data):
        piece = memoryview(data)[begin:end]
        at = 0
        while at < len(piece) and (at := _past_space(piece, at)) < len(piece):
            size = _size(piece[at:], data, begin + at)
            yield _of_json(msgspec.Raw(piece[at : at + size]))
            at += size


def _alone(data: bytes) -> Document | None:
    """Of a file that is one document, as most are: told in one pass."""
    try:
        said = _lists.decode(data)
    except _NOT_JSON:
        return None
    if not (said.kind or "").endswith("List"):
        return None
    raw = msgspec.Raw(data)
    items, metadata = tuple(said.items or ()), said.metadata
    goes_on = metadata is not None and bool(metadata.token)
    return Document(said.api_version or "", said.kind or "", items, listed=True, goes_on=goes_on, whole=raw)


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while (start := _logs(data, at)) is not None:
        yield at, start.start()
        end = data.find(b"==== END " + start[1] + b" ====", start.end())
        if end < 0:
            raise Damaged(data.count(b"\n", 0, start.start()) + 1, "these logs do not end")
        line = data.find(b"\n", end)
        at = line + 1 if line >= 0 else len(data)
    yield at, len(data)


def _logs(data: bytes, at: int) -> re.Match[bytes] | None:
    """The next line that announces some."""
    found = _LOGS.search(data, at)
    while found is not None and found.start() and data[found.start() - 1 : found.start()] != b"\n":
        found = _LOGS.search(data, found.end())
    return found


def _past_space(piece: memoryview, at: int) -> int:
    while at < len(piece) and piece[at] in b" \t\r\n":
        at += 1
    return at


def _size(piece: memoryview, data: bytes, begins: int) -> int:
    """Of the document at its beginning."""
    try:
        msgspec.json.decode(piece, type=msgspec.Raw)
    except _NOT_JSON as error:
        byte = _BYTE.search(str(error))
        if "trailing characters" in str(error) and byte and int(byte[1]) > 1:
            return int(byte[1]) - 1  # it counts the first of them, too
        at = begins + (int(byte[1]) if byte else 0)
        raise Damaged(data.count(b"\n", 0, at) + 1, text.one_line(str(error))) from error
    return len(piece)


def _of_json(raw: msgspec.Raw) -> Document:
    try:
        return Document(items=tuple(_rows.decode(raw)), listed=True, whole=raw)
    except _NOT_JSON:
        pass
    try:
        fields = _fields.decode(raw)
    except _NOT_JSON:
        return Document()  # a word or a number
    kind, api_version = _word(fields, "kind"), _word(fields, "apiVersion")
    items = _list(fields) if kind.endswith("List") or not kind else None
    if items is None:
        return Document(api_version, kind, (raw,), whole=raw)
    return Document(api_version, kind, items, listed=True, goes_on=_goes_on(fields), whole=raw)


def _word(fields: _Fields, name: str) -> str:
    try:
        return _words.decode(fields.get(name, b'""'))
    except _NOT_JSON:
        return ""


def _list(fields: _Fields) -> tuple[Item, ...] | None:
    """Go writes an empty list as null."""
    try:
        found = msgspec.json.decode(fields["items"], type=list[msgspec.Raw] | None)
    except (KeyError, *_NOT_JSON):
        return None
    return tuple(found or ())


def _goes_on(fields: _Fields) -> bool:
    try:
        return bool(msgspec.json.decode(fields.get("metadata", b"{}"), type=_Continued).token)
    except _NOT_JSON:
        return False


def _from_yaml(data: bytes, name: str, wanted: Callable[[str], bool]) -> Iterator[Document]:
    begins = [0] if data.startswith(b"%") else [0, *(border.start() for border in _BORDER.finditer(data))]
    line = 0
    for begin, end in zip(begins, [*begins[1:], len(data)], strict=True):
        piece = data[begin:end]
        kinds = _KIND.findall(piece)
        if len(kinds) == 1 and not wanted(kinds[0].decode()):
            line += piece.count(b"\n")
            continue
        try:
            yield from (_of_plain(found.value) for found in yaml.documents(piece, name=name, limits=_LIMITS))
        except yaml.YamlError as error:
            raise Damaged(line + error.line, error.what) from error
        line += piece.count(b"\n")


def _of_plain(value: Any) -> Document:
    if isinstance(value, list):
        return Document(items=tuple(one for one in value if isinstance(one, dict)), listed=True, whole=tuple(value))
    if not isinstance(value, dict):
        return Document()
    kind, api_version = (said if isinstance(said := value.get(key), str) else "" for key in ("kind", "apiVersion"))
    items = value.get("items", ()) if kind.endswith("List") or not kind else ()
    if "items" in value and (items is None or isinstance(items, list)) and (kind.endswith("List") or not kind):
        metadata = value.get("metadata")
        goes_on = isinstance(metadata, dict) and bool(metadata.get("continue"))
        rows = tuple(one for one in items or () if isinstance(one, dict))
        return Document(api_version, kind, rows, listed=True, goes_on=goes_on, whole=value)
    return Document(api_version, kind, (value,), whole=value)
