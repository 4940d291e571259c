"""A stored Run, keys that never change, and a folder written from both."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from seatrial.attest.build import build
from seatrial.attest.keys import PrivateKey
from seatrial.attest.seal import KeySigner, KeyTrust
from seatrial.engine.schema import read_run
from seatrial.model.run import Run

STORED = Path(__file__).parents[2] / "faces" / "run.json"


@cache
def stored() -> Run:
    return read_run(STORED)


@cache
def key() -> PrivateKey:
    return PrivateKey.new()


def trust() -> KeyTrust:
    return KeyTrust(key().public)


@cache
def _signed() -> dict[str, bytes]:
    return build(stored(), signer=KeySigner(key()))


def signed() -> dict[str, bytes]:
    """The files of a signed folder, to be changed at will."""
    return dict(_signed())


@cache
def _unsigned() -> dict[str, bytes]:
    return build(stored())


def unsigned() -> dict[str, bytes]:
    return dict(_unsigned())
