"""Traces and prompts that others publish, read as far as a replay needs them.

Azure's CSV (TIMESTAMP, ContextTokens, GeneratedTokens), BurstGPT's (Timestamp, …, Request tokens, Response tokens),
Mooncake's JSON lines (timestamp in ms, input_length, output_length, hash_ids). The columns tell which it is.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

import msgspec

from seatrial.model.errors import UsageError
from seatrial.model.load import Call, Replay

_MOST = 2_000_000
_LONGEST = 4 << 20  # characters of one line
_MOST_TOKENS = 10_000_000
_MOONCAKE_BLOCK = 512  # tokens, as its authors hash them
_FORMATS = "TIMESTAMP,ContextTokens,GeneratedTokens · Timestamp,…,Request tokens,Response tokens · JSON lines with input_length"


class _Mooncake(msgspec.Struct):
    timestamp: float
    input_length: int
    output_length: int
    hash_ids: tuple[int, ...] = ()


class _Message(msgspec.Struct):
    content: str = ""


class _Prompt(msgspec.Struct):
    prompt: str | None = None
    text: str | None = None
    messages: tuple[_Message, ...] = ()


def replay(path: Path, *, speed: float = 1.0, seconds: float | None = None, requests: int | None = None) -> Replay:
    """The trace from its first request on; ``seconds`` as they pass here."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            calls = sorted(itertools.islice(_calls(file), _MOST), key=lambda call: call.at)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", way_out="name a trace") from error
    except (ValueError, KeyError, TypeError, msgspec.DecodeError, csv.Error, OverflowError) as error:
        raise UsageError(f"{path} is no trace that is known here: {error}", way_out=f"there are {_FORMATS}") from error
    if not calls:
        raise UsageError(f"{path} has no request in it", way_out=f"there are {_FORMATS}")
    begin = calls[0].at
    moved = (msgspec.structs.replace(call, at=(call.at - begin) / speed) for call in calls)
    kept = [call for call in moved if seconds is None or call.at < seconds]
    return Replay(calls=tuple(kept[:requests]), block_tokens=_MOONCAKE_BLOCK)


def texts_of(path: Path) -> tuple[str, ...]:
    """JSON lines with ``prompt``, ``text`` or ``messages``; otherwise each line is a prompt."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", way_out="name a text file") from error
    if not lines:
        raise UsageError(f"{path} has no prompt in it", way_out="write one to a line")
    return tuple(_text(path, number, line) for number, line in enumerate(lines, 1))


def _text(path: Path, number: int, line: str) -> str:
    if not line.lstrip().startswith("{"):
        return line
    try:
        read = msgspec.json.decode(line, type=_Prompt)
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}, line {number}: {error}", way_out="give it `prompt`, `text` or `messages`") from error
    said = read.prompt or read.text or "\n".join(message.content for message in read.messages)
    if not said:
        raise UsageError(f"{path}, line {number} asks nothing", way_out="give it `prompt`, `text` or `messages`")
    return said


def _calls(file: TextIO) -> Iterator[Call]:
    first = file.readline(_LONGEST)
    if first.lstrip().startswith("{"):
        for line in itertools.chain([first], file):
            if line.strip():
                yield _mooncake(line)
        return
    columns = [name.strip().lower() for name in next(csv.reader([first]), [])]
    read = _reader(columns)
    for row in csv.DictReader(file, fieldnames=columns):
        yield read(row)


def _reader(columns: list[str]) -> Callable[[Mapping[str, str]], Call]:
    if {"timestamp", "contexttokens", "generatedtokens"} <= set(columns):
        return _azure
    if {"timestamp", "request tokens", "response tokens"} <= set(columns):
        return _burst_gpt
    raise ValueError(f"the columns {', '.join(columns)[:200]!r}")


def _azure(row: Mapping[str, str]) -> Call:
    # Seven digits behind the point, of which Python reads six.
    day, point, rest = row["timestamp"].strip().partition(".")
    moment = dt.datetime.fromisoformat(day.rstrip("Z")).replace(tzinfo=dt.UTC).timestamp()
    digits = rest.partition("+")[0].rstrip("Z")
    return _call(
        moment + (float(f"0.{digits}") if point and digits else 0.0), row["contexttokens"], row["generatedtokens"]
    )


def _burst_gpt(row: Mapping[str, str]) -> Call:
    session = (row.get("session id") or "").strip()
    return _call(float(row["timestamp"]), row["request tokens"], row["response tokens"], session=session)


def _mooncake(line: str) -> Call:
    read = msgspec.json.decode(line, type=_Mooncake)
    return _call(read.timestamp / 1000, read.input_length, read.output_length, blocks=read.hash_ids)


def _call(at: float, tokens_in: str | int, tokens_out: str | int, **more: object) -> Call:
    counts = int(tokens_in), int(tokens_out)
    if not all(0 <= count <= _MOST_TOKENS for count in counts) or not 0 <= at < 1e12:
        raise ValueError(f"{counts[0]} and {counts[1]} tokens at {at}")
    return Call(at, *counts, **more)  # type: ignore[arg-type]
