"""From a Run to the files of its folder. Pure, but for the signature."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from seatrial.attest import envelope as envelopes
from seatrial.attest import pages
from seatrial.attest.layout import BUNDLE, ENVELOPE, INDEX, MANIFEST, RUN, Layout, layout
from seatrial.attest.manifest import manifest
from seatrial.attest.outgoing import outgoing
from seatrial.attest.seal import Signer
from seatrial.attest.statement import statement
from seatrial.kit import digest
from seatrial.model.errors import UsageError
from seatrial.model.run import Run
from seatrial.model.standard import RequirementResult

NOT_SIGNED = "**NOT SIGNED.** The hashes tell whether a file was changed by accident; nobody vouches for them."
SIGNED = f"Signed: `{ENVELOPE}` is an in-toto statement over every file, and `{BUNDLE}` the same for cosign."


def build(run: Run, *, standards: tuple[str, ...] = (), signer: Signer | None = None) -> dict[str, bytes]:
    """Every file of the folder, by its path. ``standards`` limits the pages; records and Run are always whole."""
    run = outgoing(run)
    shape = layout(run)
    files = {
        RUN: _json(run),
        **{record.path: _json(record.evidence) for record in shape.records},
        **_pages(run, shape, standards),
    }
    files[INDEX] = pages.index(run, shape, files, signed=SIGNED if signer else NOT_SIGNED).encode()
    listed = manifest(run, files)
    files[MANIFEST] = digest.canonical_json(listed)
    if signer is not None:
        seal = signer.seal(digest.canonical_json(statement(run, listed)))
        files[ENVELOPE] = envelopes.line(seal.envelope)
        files[BUNDLE] = seal.bundle
    return files


def _pages(run: Run, shape: Layout, standards: tuple[str, ...]) -> dict[str, bytes]:
    _check_known(run, standards)
    written = {
        page.path: pages.of_requirement(run, shape, page).encode()
        for page in shape.requirements
        if not standards or _names(page.requirement) & {*standards}
    }
    if not standards:
        written |= {page.path: pages.of_check(run, shape, page).encode() for page in shape.checks}
    return written


def _check_known(run: Run, standards: tuple[str, ...]) -> None:
    known = {name for requirement in run.requirements for name in _names(requirement)}
    if unknown := [name for name in standards if name not in known]:
        raise UsageError(
            f"the Run judges nothing by {', '.join(map(repr, unknown))}",
            way_out=f"it judges by: {', '.join(sorted(known)) or 'no standard; leave --standard out'}",
        )


def _names(requirement: RequirementResult) -> set[str]:
    return {requirement.standard, f"{requirement.standard}@{requirement.version}"}


def _json(value: Any) -> bytes:
    """For people and machines, in ASCII alone: no character that hides or turns what a terminal shows."""
    return json.dumps(msgspec.to_builtins(value), indent=2).encode() + b"\n"
