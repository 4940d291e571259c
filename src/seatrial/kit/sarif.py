"""SARIF 2.1.0: what tools for code review read. Rules, and results at a file and line or, without one, at a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    why: str
    fix: str
    level: str  # error, warning or note
    properties: Mapping[str, Any] = {}


class Result(msgspec.Struct, frozen=True, kw_only=True):
    rule: str
    level: str
    text: str
    file: str = ""
    line: int = 1
    column: int = 0
    name: str = ""  # of what it is about, where that is not a place in a file
    accepted: str = ""  # why it does not count


def document(version: str, rules: Sequence[Rule], results: Iterable[Result], notes: Sequence[str] = ()) -> str:
    places = {rule.id: place for place, rule in enumerate(rules)}
    told = [{"level": "note", "message": {"text": note}} for note in notes]
    run = {
        "tool": {"driver": {"name": "seatrial", "version": version, "rules": [_rule(rule) for rule in rules]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": told}],
        "results": [_result(one, places[one.rule]) for one in results],
    }
    whole = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    why = (f"Why: {rule.why}",) if rule.why else ()
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join((rule.title, *why))},
        "help": {"text": "\n".join((*why, f"Fix: {rule.fix}"))},
        "defaultConfiguration": {"level": rule.level},
        "properties": rule.properties,
    }


def _result(one: Result, place: int) -> dict[str, Any]:
    said = {"ruleId": one.rule, "ruleIndex": place, "level": one.level, "message": {"text": one.text}}
    accepted = {"suppressions": [{"kind": "external", "justification": one.accepted}]} if one.accepted else {}
    return {**said, "locations": [_location(one)], **accepted}


def _location(one: Result) -> dict[str, Any]:
    named = {"logicalLocations": [{"fullyQualifiedName": one.name}]} if one.name else {}
    if not one.file:
        return named
    column = {"startColumn": one.column} if one.column else {}
    region = {"startLine": one.line, **column}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(one.file)}, "region": region}, **named}


def _uri(file: str) -> str:
    return PurePath(file).as_uri() if PurePath(file).is_absolute() else quoted(file)


def quoted(path: str) -> str:
    """A path as a relative reference: what is not plain is written as %XX."""
    return "".join(one if one in _PLAIN else "".join(f"%{byte:02X}" for byte in one.encode()) for one in path)
