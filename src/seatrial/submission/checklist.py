"""What one version asks of a product: ids, categories, levels, and the exact texts or at least their digests."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from seatrial.kit import digest, yaml
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError
from seatrial.model.standard import Level, Standard


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    category: str
    level: Level
    digest: str
    text: str = ""  # only where the programme's own file was given
    gist: str = ""  # our own words


class Checklist(msgspec.Struct, frozen=True):
    version: str
    asked: tuple[Asked, ...]
    stated: str = ""  # the version as the programme's own file writes it

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.category for one in self.asked))

    @property
    def by_id(self) -> dict[str, Asked]:
        return {one.id: one for one in self.asked}


Checklists = dict[str, Checklist]


def of_standard(standard: Standard) -> Checklist:
    asked = (
        Asked(id=one.id, category=one.category, level=one.level, digest=one.digest, gist=one.gist)
        for one in standard.requirements
    )
    return Checklist(standard.version, tuple(asked))


class _Entry(msgspec.Struct):
    id: str
    description: str
    level: Level


class _Metadata(msgspec.Struct, rename="camel"):
    kubernetes_version: str


class _File(msgspec.Struct):
    metadata: _Metadata
    spec: dict[str, list[_Entry]]


def parse(data: bytes, *, name: str) -> Checklist:
    """The programme's own ``docs/AIConformance-X.Y.yaml``."""
    try:
        raw: Any = yaml.load(data, name=name)
        file = msgspec.convert(raw, _File)
    except (yaml.YamlError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{name} is not a checklist: {one_line(str(error).removeprefix(name).lstrip(':'))}",
            way_out="take docs/AIConformance-X.Y.yaml of the programme's repository",
        ) from error
    version = re.fullmatch(r"v?([0-9]+\.[0-9]+)", file.metadata.kubernetes_version)
    if version is None:
        raise UsageError(f"{name}: kubernetesVersion {one_line(file.metadata.kubernetes_version)!r} is no vX.Y")
    asked = (
        Asked(
            id=one.id,
            category=category,
            level=one.level,
            digest=digest.of_text(one.description),
            text=one.description,
        )
        for category, entries in file.spec.items()
        for one in entries
    )
    return Checklist(version[1], tuple(asked), stated=file.metadata.kubernetes_version)


def checked(checklist: Checklist, known: Checklist) -> Checklist:
    """A file's checklist with our own words; UsageError where its texts are not those that this build knows by digest."""
    theirs = {one.id: one.digest for one in checklist.asked}
    ours = {one.id: one.digest for one in known.asked}
    changed = sorted(id for id in {*theirs, *ours} if theirs.get(id) != ours.get(id))
    if changed:
        raise UsageError(
            f"the checklist of {checklist.version} is not the one that this build knows: {', '.join(changed)} differ",
            way_out="take docs/AIConformance-X.Y.yaml of the programme's main branch, or a newer seatrial",
        )
    gists = {one.id: one.gist for one in known.asked}
    asked = (msgspec.structs.replace(one, gist=gists[one.id]) for one in checklist.asked)
    return msgspec.structs.replace(checklist, asked=tuple(asked))
