"""YAML as Kubernetes reads it, from people who may not mean well.

Only plain data: no tags that build objects, no dates, no base-60 numbers, keys are text, a key stands once. How deep,
how large and by how many aliases a document may grow is limited, and every error names the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from seatrial.kit import text

_INT = re.compile(r"[-+]?(?:0b_*[01][01_]*|0o_*[0-7][0-7_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*|0|[1-9][0-9_]*|0[0-7_]+)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)")
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_STRING_TAGS = (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:binary")
_PLAIN_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")
_TOO_DEEP = "exceeded maximum nesting depth"  # as libyaml says it
_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class YamlError(ValueError):
    """What is wrong, and in which line of which file."""

    def __init__(self, name: str, line: int, what: str) -> None:
        super().__init__(f"{text.one_line(name)}:{line}: {what}")
        self.name, self.line, self.what = name, line, what


@dataclass(frozen=True)
class Limits:
    depth: int = 100  # libyaml has one as well, which is larger
    nodes: int = 2_000_000  # as they would be with every alias written out
    grown_by_aliases: int = 100_000

    @property
    def too_deep(self) -> str:
        return f"nested deeper than {self.depth} levels"


@dataclass
class Document:
    """One document: plain data, and the line in which each of its mappings begins."""

    value: Any = None
    line: int = 1
    _lines: dict[int, int] = field(default_factory=dict)  # by id: the document keeps its mappings alive

    def line_of(self, mapping: Any) -> int:
        return self._lines.get(id(mapping), self.line)


def documents(data: bytes | str, *, name: str, limits: Limits = Limits()) -> Iterator[Document]:
    """Every document of a stream, empty ones left out."""
    source = _Source(data, name, limits)
    while (event := source.next()) is not None:
        if isinstance(event, yaml.DocumentStartEvent):
            document = _Builder(source, limits).build()
            if document.value is not None:
                yield document


def load(data: bytes | str, *, name: str, limits: Limits = Limits()) -> Any:
    """The one document of a file; ``None`` when it is empty."""
    found = list(documents(data, name=name, limits=limits))
    if len(found) > 1:
        raise YamlError(name, found[1].line, "a second document begins here, where there should be one")
    return found[0].value if found else None


class _Source:
    """The events of libyaml; its errors become ours."""

    def __init__(self, data: bytes | str, name: str, limits: Limits) -> None:
        self.name, self.line, self._limits = name, 1, limits
        try:
            self._loader = yaml.CSafeLoader(data)
        except (yaml.YAMLError, UnicodeError) as error:
            raise self.translated(error) from error

    def next(self) -> Any:
        try:
            event = self._loader.get_event() if self._loader.check_event() else None
        except (yaml.YAMLError, UnicodeError) as error:
            raise self.translated(error) from error
        if event is not None and event.start_mark is not None:
            self.line = event.start_mark.line + 1
        return event

    def translated(self, error: Exception) -> YamlError:
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else self.line
            what = ", ".join(part for part in (error.context, error.problem) if part)
            return YamlError(self.name, line, self._limits.too_deep if _TOO_DEEP in what else text.one_line(what))
        if isinstance(error, yaml.reader.ReaderError):
            return YamlError(self.name, self.line, f"not UTF-8 text: {text.one_line(str(error.reason))}")
        return YamlError(self.name, self.line, text.one_line(str(error)) or "not YAML")

    def refuse(self, what: str, line: int | None = None) -> YamlError:
        return YamlError(self.name, line or self.line, what)


@dataclass
class _Open:
    """A mapping or sequence whose end has not come yet."""

    value: Any
    anchor: str | None
    line: int
    size: int = 1
    key: str | None = None
    merges: list[Any] = field(default_factory=list)


class _Builder:
    """Builds one document from events, without recursion, counting as it goes."""

    def __init__(self, source: _Source, limits: Limits) -> None:
        self._source, self._limits = source, limits
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._document = Document(line=source.line)
        self._written_out = 0
        self._grown = 0

    def build(self) -> Document:
        first = True
        while not isinstance(event := self._source.next(), (yaml.DocumentEndEvent, yaml.StreamEndEvent, type(None))):
            if first:
                self._document.line, first = self._source.line, False
            self._take(event)
        return self._document

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(str(event.anchor))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._begin(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        else:
            done = self._open.pop()
            for merged in done.merges:
                done.value.update({key: item for key, item in merged.items() if key not in done.value})
            self._put(done.value, done.size, done.anchor)

    def _begin(self, event: Any, empty: Any) -> None:
        if event.tag not in _COLLECTION_TAGS:
            raise self._source.refuse(f"the tag {text.one_line(str(event.tag))} is not plain data")
        if len(self._open) >= self._limits.depth:
            raise self._source.refuse(self._limits.too_deep)
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise self._source.refuse("a mapping or list stands where a key should")
        if isinstance(empty, dict):
            self._document._lines[id(empty)] = self._source.line
        self._open.append(_Open(empty, event.anchor, self._source.line))

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if event.value in top.value:
                raise self._source.refuse(f"the key {text.one_line(event.value, limit=80)!r} stands here twice")
            top.key = event.value
            if event.anchor:
                self._anchors[event.anchor] = (event.value, 1)
            return
        self._put(self._scalar(event), 1, event.anchor)

    def _take_alias(self, anchor: str) -> None:
        if anchor not in self._anchors:
            raise self._source.refuse(f"the alias *{text.one_line(anchor, limit=80)} refers to nothing before it")
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            raise self._source.refuse("an alias stands where a key should")
        value, size = self._anchors[anchor]
        self._grown += size
        if self._grown > self._limits.grown_by_aliases:
            raise self._source.refuse(f"aliases add more than {self._limits.grown_by_aliases} values")
        self._put(value, size, None)

    def _put(self, value: Any, size: int, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = (value, size)
        self._written_out += 1
        if self._written_out + self._grown > self._limits.nodes:
            raise self._source.refuse(f"more than {self._limits.nodes} values in one document")
        if not self._open:
            self._document.value = value
            return
        top = self._open[-1]
        top.size += size
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key == "<<":
            top.merges.extend(self._mergeable(value))
            top.key = None
        else:
            top.value[top.key] = value
            top.key = None

    def _mergeable(self, value: Any) -> list[dict[str, Any]]:
        candidates = value if isinstance(value, list) else [value]
        if not all(isinstance(candidate, dict) for candidate in candidates):
            raise self._source.refuse("<< merges mappings only")
        return candidates

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        plain, tag, value = event.implicit[0], event.tag, event.value
        if tag in _PLAIN_TAGS or (plain and tag is None):
            return _resolved(value)
        if tag not in _STRING_TAGS:
            raise self._source.refuse(f"the tag {text.one_line(str(tag))} is not plain data")
        return value


def _resolved(value: str) -> Any:
    """What an unquoted scalar means."""
    if value in _CONSTANTS:
        return _CONSTANTS[value]
    if len(value) > 100 or value[0] not in "+-.0123456789":
        return value
    if _INT.fullmatch(value):
        digits = value.replace("_", "")
        octal = re.fullmatch(r"([-+]?)0([0-7]+)", digits)
        return int(f"{octal[1]}0o{octal[2]}" if octal else digits, 0)
    if _FLOAT.fullmatch(value):
        return float(value.replace("_", ""))
    return value
