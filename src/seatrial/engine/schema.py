"""The published schema of a Run, and the way back from a saved one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from seatrial.model.errors import UsageError
from seatrial.model.run import SCHEMA, Run

LIMIT = 512 * 1024 * 1024  # bytes; far above the Run of any real cluster


class _Head(msgspec.Struct):
    schema: str


def schema() -> dict[str, Any]:
    """The JSON Schema of a Run."""
    body = msgspec.json.schema(Run)
    body["$defs"]["Run"]["properties"]["schema"] = {"const": SCHEMA}
    body["$defs"]["Run"]["required"].insert(0, "schema")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"https://{SCHEMA}", **body}


def read_run(path: Path) -> Run:
    """A Run from the file that it was saved to."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", way_out="name a Run that was saved") from error
    if len(data) > LIMIT:
        raise UsageError(f"{path} is over {LIMIT} bytes, more than any Run", way_out="name a Run that was saved")
    return decode_run(data, name=str(path))


def decode_run(data: bytes, *, name: str) -> Run:
    """A Run from its JSON. ``name`` says in errors where that came from."""
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.schema != SCHEMA:
            raise UsageError(
                f"{name}: `$.schema` is {head.schema[:80]!r}, and this version reads {SCHEMA!r}",
                way_out="read it with the version of seatrial that wrote it",
            )
        return msgspec.json.decode(data, type=Run)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{name} is not a saved Run: {error}", way_out="it may be cut short or edited; save the Run again"
        ) from error
