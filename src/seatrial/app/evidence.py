"""evidence: a saved Run as a folder that somebody else can verify, and the verification of one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from seatrial.attest import folder as folders
from seatrial.attest.build import build
from seatrial.attest.keys import PrivateKey, read_private, read_public
from seatrial.attest.pages import KINDS
from seatrial.attest.seal import KeySigner, KeyTrust, Problem, Signer, Trust
from seatrial.attest.verify import inspect
from seatrial.engine.schema import read_run
from seatrial.kit import files as kit_files
from seatrial.model.errors import UsageError
from seatrial.model.run import Run


class Written(msgspec.Struct, frozen=True):
    files: int
    run: Run
    signer: str  # empty where nobody signed


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    files: int
    problems: tuple[Problem, ...]
    run: Run | None
    signer: str  # whom the signature was held against; empty where it was not looked at
    signed: bool


def write(
    saved: Path,
    folder: Path,
    *,
    standards: tuple[str, ...] = (),
    key: Path | None = None,
    passphrase: bytes | None = None,
    keyless: bool = False,
) -> Written:
    """Write the evidence of a saved Run into a new folder, signed where there is a key or an identity."""
    run = read_run(saved)
    folders.check_free(folder)
    signer = _signer(key, passphrase, keyless=keyless)
    try:
        files = build(run, standards=standards, signer=signer)
    except RecursionError as error:
        raise UsageError(f"{saved} is nested too deep", way_out="name a Run that was saved") from error
    folders.write(folder, files)
    return Written(len(files), run, signer.who if signer else "")


def verify(folder: Path, *, key: Path | None = None, identity: str = "", issuer: str = "") -> Verified:
    """Whether the folder is what this key or this identity signed; with neither, whether it is whole."""
    trust = _trust(key, identity, issuer)
    read = folders.read(folder)
    found = inspect(read.files, trust)
    return Verified(
        files=len(read.files),
        problems=(*read.problems, *found.problems),
        run=found.run,
        signer=trust.who if trust else "",
        signed=found.signed,
    )


def make_key(path: Path, passphrase: bytes | None) -> tuple[Path, str]:
    """A new key pair: the private key at ``path``, the public one beside it. Returns where that is, and the key's id."""
    public = path.with_name(f"{path.stem}.pub{path.suffix or '.pem'}")
    for one in (path, public):
        if one.exists() or one.is_symlink():
            raise UsageError(f"{one} is there already", way_out="name another file: a lost key cannot be made again")
    made = PrivateKey.new()
    try:
        kit_files.write(path, made.pem(passphrase))
        kit_files.write(public, made.public.pem, mode=0o644)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", way_out="name another file") from error
    return public, made.public.id


def caveat(run: Run) -> str:
    return KINDS[run.environment.simulated]


def _signer(key: Path | None, passphrase: bytes | None, *, keyless: bool) -> Signer | None:
    if keyless:
        from seatrial.attest.keyless import IdentitySigner

        return IdentitySigner()
    return KeySigner(read_private(key, passphrase)) if key else None


def _trust(key: Path | None, identity: str, issuer: str) -> Trust | None:
    if identity:
        from seatrial.attest.keyless import IdentityTrust

        return IdentityTrust(identity, issuer)
    return KeyTrust(read_public(key)) if key else None
