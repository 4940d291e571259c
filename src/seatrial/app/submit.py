"""submit: judges what is to be handed in, plans the next version, and builds a directory from a Run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from seatrial.app import directories
from seatrial.app.directories import LARGEST_FILE, DiskFolder, read
from seatrial.engine.catalog import Catalog
from seatrial.engine.schema import read_run
from seatrial.model.errors import UsageError
from seatrial.submission import build as building
from seatrial.submission import checklist as checklists_of
from seatrial.submission import lint as linting
from seatrial.submission import members as members_of
from seatrial.submission import meta as meta_of
from seatrial.submission import plan as planning
from seatrial.submission import product as product_of
from seatrial.submission import render as rendering
from seatrial.submission.checklist import Checklists
from seatrial.submission.document import Broken, compose
from seatrial.submission.folder import MemoryFolder
from seatrial.submission.members import Members
from seatrial.submission.message import Report
from seatrial.submission.official_evidence import is_link
from seatrial.submission.rule import Profile

Call = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""From links to why they do not answer."""

STANDARD = "cncf-ai"
PRODUCT = "PRODUCT.yaml"
_LARGEST_PRODUCT = 4 << 20


async def lint(
    paths: Sequence[Path],
    *,
    rules: str = Profile.STRICT,
    checklists: Sequence[Path] = (),
    members: Path | None = None,
    call: Call | None = None,
) -> Report:
    """``call`` calls links; without it none is called, and the Report says how many that are."""
    known, vendors, profile = every_checklist(checklists), every_member(members), Profile(rules)
    cases = {
        str(file): linting.case_of(
            read(file, largest=_LARGEST_PRODUCT),
            DiskFolder(file.resolve().parent),
            profile=profile,
            checklists=known,
            members=vendors,
        )
        for file in found(paths)
    }
    urls = list(dict.fromkeys(link.url for case in cases.values() for link in linting.links(case)))
    dead = await call(urls) if call is not None else {}
    return Report(
        profile=profile,
        files=tuple(cases),
        messages=tuple(
            message
            for file, case in cases.items()
            for message in linting.lint(msgspec.structs.replace(case, dead=dead), file)
        ),
        links_not_checked=0 if call is not None else len(urls),
    )


def plan(
    before: str, after: str, product: Path | None = None, *, certified: dt.date | None = None, form: str = "text"
) -> str:
    standards = [Catalog.installed().standard(f"{STANDARD}@{version.removeprefix('v')}") for version in (before, after)]
    if standards[0].version == standards[1].version:
        raise UsageError(
            f"both versions are {standards[0].version}", way_out="name the one you have and the one you want"
        )
    given = None
    if product is not None:
        try:
            given = product_of.read(compose(read(product, largest=_LARGEST_PRODUCT)))
        except Broken as error:
            raise UsageError(
                f"{product}:{error.at.line}: {error.what}", way_out="seatrial submit lint says more"
            ) from error
    found = planning.plan(standards[0], standards[1], given, certified=certified)
    return planning.as_json(found) if form == "json" else planning.text(found)


class Written(msgspec.Struct, frozen=True):
    """What came of a build: where it lies, or why it was not written; and what is left for a person."""

    path: Path | None
    missing: tuple[str, ...]
    report: Report


def build(run: Path, product: Path, checklist: Path, out: Path, *, draft: bool = False, force: bool = False) -> Written:
    meta = meta_of.parse(read(product, largest=_LARGEST_PRODUCT), name=str(product))
    given = checklists_of.parse(read(checklist, largest=_LARGEST_PRODUCT), name=str(checklist))
    known = every_checklist()
    if given.version not in known:
        raise UsageError(
            f"{checklist} is of {given.version}, which is not known", way_out=f"one of {', '.join(sorted(known))}"
        )
    asked = checklists_of.checked(given, known[given.version])
    built = building.build(read_run(run), meta, asked, copies=_copies(meta, product.parent), draft=draft)
    report = _looked_at(built, {**known, asked.version: asked})
    if built.missing and not draft:
        return Written(None, built.missing, report)
    directories.write(out / built.directory, built.files, force=force)
    return Written(out / built.directory, built.missing, report)


def template() -> str:
    return meta_of.template()


def _looked_at(built: building.Built, checklists: Checklists) -> Report:
    """What is built goes through the same rules before anybody sees it."""
    version, _, name = built.directory.partition("/")
    file = f"{built.directory}/{PRODUCT}"
    case = linting.case_of(
        built.files[PRODUCT],
        MemoryFolder(built.files, name, version),
        profile=Profile.STRICT,
        checklists=checklists,
        members=every_member(),
    )
    return Report(
        profile=Profile.STRICT,
        files=(file,),
        messages=linting.lint(case, file),
        links_not_checked=len({link.url for link in linting.links(case)}),
    )


def _copies(meta: meta_of.Meta, beside: Path) -> dict[str, bytes]:
    names = dict.fromkeys(one for answer in meta.requirements.values() for one in answer.evidence if not is_link(one))
    bases = [Path(name).name for name in names]
    if twice := sorted({base for base in bases if bases.count(base) > 1}):
        raise UsageError(f"two files of evidence are called {', '.join(twice)}", way_out="rename one of them")
    return {name: read(beside / name, largest=LARGEST_FILE) for name in names}


def online() -> Call:
    from seatrial.cluster.links import Caller

    async def call(urls: Iterable[str]) -> Mapping[str, str]:
        return await Caller().call(urls)

    return call


def render(report: Report, form: str, *, colour: bool = False) -> str:
    """``colour`` is for the text on a terminal."""
    return rendering.text(report, colour=True) if form == "text" and colour else rendering.FORMS[form](report)


def found(paths: Sequence[Path]) -> Iterator[Path]:
    """Every PRODUCT.yaml below; a path that has none is a UsageError."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        below = sorted(one for one in path.rglob(PRODUCT) if not one.is_dir())
        if not below:
            raise UsageError(f"{path} holds no {PRODUCT}", way_out="name a directory vX.Y/NAME, or a file")
        yield from below


def every_checklist(files: Sequence[Path] = ()) -> Checklists:
    """Those of the catalog; a file takes the place of its version's."""
    standards = Catalog.installed().standards.values()
    known = {one.version: checklists_of.of_standard(one) for one in standards if one.id == STANDARD}
    for file in files:
        given = checklists_of.parse(read(file, largest=_LARGEST_PRODUCT), name=str(file))
        known[given.version] = given
    return known


def every_member(file: Path | None = None) -> Members:
    return members_of.shipped() if file is None else members_of.parse(read(file, largest=LARGEST_FILE), name=str(file))
