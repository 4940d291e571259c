"""Loads that were kept: results, series, records as they came, and what other tools wrote; told apart by what is in them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from seatrial.app import load
from seatrial.foreign import load_reading
from seatrial.foreign.load_summary import Found
from seatrial.measure import validity
from seatrial.measure.record import RECORD_SCHEMA
from seatrial.measure.tally import Tally
from seatrial.model.errors import UsageError
from seatrial.model.load_result import SCHEMA, SERIES_SCHEMA, LoadResult, LoadSeries, Part

LIMIT = 512 * 1024 * 1024  # bytes of a file that is read at once; a record is read line by line
_SCHEMA = re.compile(rb'\s*\{\s*"schema"\s*:\s*"([^"]{1,100})"')
_OURS = (SCHEMA, SERIES_SCHEMA, RECORD_SCHEMA)
_WAY_OUT = "name a file of bench serve --save or --record, or a result of inference-perf or guidellm"


def is_load(path: Path) -> bool:
    """Whether it says that it is one of these; whether it is whole shows when it is read."""
    said = _said_schema(path)
    return said in _OURS if said is not None else load_reading.is_known(_bytes(path))


def read(path: Path) -> LoadResult | LoadSeries:
    said = _said_schema(path)
    if said == RECORD_SCHEMA:
        return load.of_record(path)
    data = _bytes(path)
    if said is None and load_reading.is_known(data):
        return _judged(load_reading.read(data, file=str(path)))
    try:
        schema = msgspec.json.decode(data, type=_Head).schema
        if schema == SERIES_SCHEMA:
            return msgspec.json.decode(data, type=LoadSeries)
        if schema != SCHEMA:
            raise UsageError(f"{path} is of another kind: {schema[:80]!r}", way_out=_WAY_OUT)
        return msgspec.json.decode(data, type=LoadResult)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no result of a load: {error}", way_out=_WAY_OUT) from error


def results(path: Path) -> tuple[LoadResult, ...]:
    """One, or those of a series."""
    outcome = read(path)
    return (outcome,) if isinstance(outcome, LoadResult) else outcome.results


def _judged(found: tuple[Found, ...]) -> LoadResult | LoadSeries:
    """By our own tolerances, as far as the other tool's file allows."""
    judged = tuple(_taken_again(one) if one.rows else _by_what_it_tells(one.result) for one in found)
    return judged[0] if len(judged) == 1 else LoadSeries(kind=load_reading.kind_of(judged), results=judged)


def _by_what_it_tells(result: LoadResult) -> LoadResult:
    return msgspec.structs.replace(result, validity=validity.judge_of_other(result))


def _taken_again(found: Found) -> LoadResult:
    """From each request, as if we had measured it."""
    tally = Tally(found.result.plan)
    tally.add(Part(shard=0, number=0, until=0, rows=found.rows, last=True))
    return msgspec.structs.replace(tally.result(found.result.started_at), origin=found.result.origin)


def _said_schema(path: Path) -> str | None:
    match = _SCHEMA.match(_begin(path))
    return match[1].decode("ascii", "replace") if match else None


def _begin(path: Path, size: int = 4096) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", way_out="name another file") from error


def _bytes(path: Path) -> bytes:
    data = _begin(path, LIMIT + 1)
    if len(data) > LIMIT:
        raise UsageError(f"{path} is over {LIMIT} bytes, more than any result", way_out=_WAY_OUT)
    return data


class _Head(msgspec.Struct):
    schema: str
