"""What of a load is secret, for pods: values of headers and the files of TLS, as one Secret that goes with its namespace.

The plan that pods read has names only: of variables that their environment takes from the Secret, and of files in a volume.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import msgspec

from seatrial.measure.prompts import secret
from seatrial.model.errors import UsageError
from seatrial.model.load import Target

FOLDER = "/load"  # where pods find plan and files
_VARIABLE = "SEATRIAL_LOAD_KEY_{}"
_LARGEST = 512 * 1024  # bytes of one file
_FILES = (("ca", "ca.crt", "--ca"), ("certificate", "client.crt", "--cert"), ("key", "client.key", "--key"))


class Keys(msgspec.Struct, frozen=True):
    """The target as pods see it, and what is in the Secret; nothing where nothing is secret."""

    target: Target
    variables: tuple[str, ...] = ()  # that come from the Secret, each by its own name
    files: tuple[str, ...] = ()
    data: Mapping[str, str] = {}  # base64

    def __repr__(self) -> str:
        return f"Keys({len(self.variables)} variables, {len(self.files)} files)"


def handed(target: Target, environment: Mapping[str, str]) -> Keys:
    headers, data = [], {}
    for number, (name, variable) in enumerate(target.secret_headers):
        own = _VARIABLE.format(number)
        headers.append((name, own))
        data[own] = secret(variable, environment).encode("utf-8", "surrogateescape")
    variables = tuple(data)
    places = {}
    for field, file, flag in _FILES:
        if (path := getattr(target.tls, field)) is not None:
            data[file] = _read(path, flag)
            places[field] = f"{FOLDER}/{file}"
    files = tuple(file for file in data if file not in variables)
    return Keys(
        msgspec.structs.replace(
            target, secret_headers=tuple(headers), tls=msgspec.structs.replace(target.tls, **places)
        ),
        variables,
        files,
        {name: base64.b64encode(value).decode() for name, value in data.items()},
    )


def _read(path: str, flag: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", way_out=f"look at {flag}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path} is over {_LARGEST:,} bytes", way_out=f"look at {flag}")
    return data
