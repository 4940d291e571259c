"""Files among manifests that are no objects yet: templates of a Helm chart, and patches that only Kustomize applies.

They are left out, and the kinds that they are about are not known then: what comes of them may be better or worse.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from seatrial.cluster.objects import group_of, resources
from seatrial.kit import text, yaml
from seatrial.model.errors import UsageError
from seatrial.model.fact import Gap, GapReason

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml")
_KIND = re.compile(rb"^kind: *[\"']?(\w{1,100})", re.MULTILINE)
_TARGET = re.compile(r"\w{1,100}")
_LARGEST = 4 << 20


class Unrendered(msgspec.Struct, frozen=True):
    file: str
    what: str
    way_out: str
    kinds: frozenset[str] = frozenset()  # in small letters, as far as the file says

    @property
    def give(self) -> str:
        return f"give the output of: {self.way_out}"


def template(name: str, path: Path | None, data: bytes) -> Unrendered | None:
    """Where it is one: it lies among the templates of a chart, and has something to be filled in."""
    chart = _chart(path) if path is not None and b"{{" in data else None
    if chart is None:
        return None
    kinds = frozenset(kind.decode().lower() for kind in _KIND.findall(data))
    return Unrendered(name, "a Helm template", f"helm template {_shown(chart)}", kinds)


def patches(files: Iterable[tuple[str, Path | None]]) -> Mapping[Path, Unrendered]:
    """By their files; inline ones by that of the kustomization."""
    found: dict[Path, Unrendered] = {}
    for name, path in files:
        if path is not None and path.name in _KUSTOMIZATIONS:
            for file, kinds in _patches(name, path):
                before = found[file].kinds if file in found else frozenset()
                shown = name if file == placed(path) else _below(name, path, file)
                what = "a patch of Kustomize" if file != placed(path) else "a kustomization with patches in it"
                found[file] = Unrendered(shown, what, f"kustomize build {_shown(path.parent)}", before | kinds)
    return found


def gap(of: str, left_out: Iterable[Unrendered]) -> Gap | None:
    """Where some of these are about a kind."""
    group = group_of(of)
    mine = [one for one in left_out if any(of in resources(f"{group}/v1", kind) for kind in one.kinds)]
    if not mine:
        return None
    first = f"{mine[0].file} is {mine[0].what}; {mine[0].give}"
    more = f"; and {len(mine) - 1} more files are such" if mine[1:] else ""
    return Gap(of, GapReason.UNREADABLE, f"{first}{more}")


def placed(path: Path) -> Path:
    """From the root on, without following links: those may lead in circles."""
    return Path(os.path.normpath(path.absolute()))


def _chart(path: Path) -> Path | None:
    return next(
        (one.parent for one in path.parents if one.name == "templates" and (one.parent / "Chart.yaml").is_file()), None
    )


def _patches(name: str, path: Path) -> Iterator[tuple[Path, frozenset[str]]]:
    said = _read(name, path)
    for entry in (*_rows(said, "patches"), *_rows(said, "patchesStrategicMerge"), *_rows(said, "patchesJson6902")):
        row: dict[str, Any] = entry if isinstance(entry, dict) else {"path": entry}
        file, target = row.get("path"), row.get("target")
        kind = target.get("kind") if isinstance(target, dict) else None
        kinds = {kind.lower()} if isinstance(kind, str) and _TARGET.fullmatch(kind) else set()
        inline = row.get("patch") if isinstance(row.get("patch"), str) else None
        if isinstance(file, str) and "\n" not in file:
            place = placed(path.parent / file[:1000])
            yield place, frozenset(kinds | _kinds_in(place))
        elif inline is not None or isinstance(file, str):
            told = (inline or str(file)).encode(errors="replace")
            yield placed(path), frozenset(kinds | {found.decode().lower() for found in _KIND.findall(told)})


def _kinds_in(path: Path) -> set[str]:
    """What a patch of whole fields says that it is about."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST)
    except (OSError, ValueError):
        return set()  # it is not there, which Kustomize will tell
    return {found.decode().lower() for found in _KIND.findall(data)}


def _read(name: str, path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            said = next((one.value for one in yaml.documents(file.read(_LARGEST), name=name)), None)
    except yaml.YamlError as error:
        raise UsageError(str(error), way_out="kustomize build says what is wrong with it") from error
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from error
    return said if isinstance(said, dict) else {}


def _rows(said: Mapping[str, Any], field: str) -> list[Any]:
    rows = said.get(field)
    return rows if isinstance(rows, list) else []


def _below(name: str, path: Path, file: Path) -> str:
    """As the other files are named, where it lies beside them."""
    try:
        inside = file.relative_to(placed(path).parent)
    except ValueError:
        return _shown(file)
    return f"{name.removesuffix(path.name)}{_shown(inside)}"


def _shown(path: Path) -> str:
    return text.one_line(str(path), limit=300)
