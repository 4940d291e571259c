"""Write docs/reference from the catalog, or with --check fail where the files differ from it.

tools/docs.py [--check] [--into docs/reference]
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from seatrial.engine.catalog import Catalog
from seatrial.engine.measuring import as_check
from seatrial.engine.plan import plan
from seatrial.model.check import Check
from seatrial.model.claim import Claim
from seatrial.model.fault import Fault
from seatrial.model.metric import Metric
from seatrial.model.standard import Automated, Coverage, NotYet, Requirement, Standard
from seatrial.model.system import System

ROOT = Path(__file__).resolve().parent.parent
CLI = "seatrial.cli.reference"  # its page() is the page on the command line

Page = Iterator[str]


def checks(catalog: Catalog) -> Page:
    yield "# Checks"
    yield "What seatrial can judge. An active check creates things, in a namespace of its own, and removes them."
    for area, members in groupby(catalog.checks.values(), lambda check: check.area):
        yield f"## {area}"
        for check in members:
            yield f"### {check.id}"
            yield check.title
            yield f"**Why:** {check.why}"
            yield f"**Fix:** {check.fix}"
            yield _bullets(_manifest(catalog, check))


def _manifest(catalog: Catalog, check: Check) -> Iterator[tuple[str, str]]:
    needs = plan(catalog, [check])
    yield "severity", check.severity.value
    yield "kind", "active" if check.active else "passive"
    yield "runs once per", check.role.title if check.role else check.per_object.kind.of if check.per_object else ""
    yield "reads", _code(kind.of for kind in needs.facts)
    yield "creates", _code(needs.creates)
    yield "has to itself", ", ".join(check.exclusive)
    yield "covers", "; ".join(_covers(catalog, check))
    yield "must fail under", _code(fault.id for fault in catalog.faults.values() if _fails(fault, check))


def _covers(catalog: Catalog, check: Check) -> Iterator[str]:
    versions: defaultdict[str, list[str]] = defaultdict(list)
    for standard in catalog.standards.values():
        for requirement in standard.requirements:
            if isinstance(requirement.coverage, Automated) and check.id in requirement.coverage.checks:
                versions[f"`{requirement.id}` of {standard.id}"].append(standard.version)
    return (f"{requirement} {', '.join(among)}" for requirement, among in versions.items())


def _fails(fault: Fault, check: Check) -> bool:
    return any(finding.split("@", 1)[0] == check.id for finding in fault.fails)


def systems(catalog: Catalog) -> Page:
    yield "# Systems"
    yield "The ecosystem projects that seatrial knows, and how each is proven in the lab."
    for system in catalog.systems.values():
        yield f"## {system.title}"
        yield _bullets(_portrait(system))


def _portrait(system: System) -> Iterator[tuple[str, str]]:
    yield "id", f"`{system.id}`"
    yield "home", f"<{system.home}>" if system.home else ""
    yield "found by", system.found_by.told
    yield "plays", ", ".join(f"{role.title} (`{role.player}`)" for role in system.roles)
    yield "adds facts of", _code(kind.of for kind in system.facts)
    yield "proof in the lab", system.proof.value
    yield "runs as", f"`{system.recipe.module}@{system.recipe.version}`" if system.recipe else ""


def metrics(catalog: Catalog) -> Page:
    yield "# Metrics"
    yield (
        "What `seatrial bench` measures. Each number comes with its target, between which bounds it truly lies, how it was obtained, "
        "and why not to rely on it, where something says so: too few, too short, or only of what is simulated."
    )
    for one in catalog.metrics.values():
        yield f"## {one.id}"
        yield one.title
        yield f"**How:** {one.how}"
        yield f"**Fix:** {one.fix}"
        yield _bullets(_measuring(catalog, one))


def _measuring(catalog: Catalog, one: Metric) -> Iterator[tuple[str, str]]:
    needs = plan(catalog, [as_check(one)])
    yield "unit", one.unit
    yield "target", f"{one.target.text} ({one.target.source})" if one.target else "none; `--target` sets one"
    yield "kind", "active" if one.active else "passive"
    yield "runs once per", one.role.title if one.role else ""
    yield "reads", _code(kind.of for kind in needs.facts)
    yield "creates", _code(needs.creates)
    yield "has to itself", ", ".join(one.exclusive)


def standards(catalog: Catalog) -> Page:
    yield "# Standards"
    yield "Each requirement in our words, its level per version, and what covers it. What nothing covers never passes."
    for id, members in groupby(catalog.standards.values(), lambda standard: standard.id):
        versions = list(members)
        yield f"## {id}"
        yield _bullets((one.key, f"[{one.title}]({one.source}), read on {one.stated}") for one in versions)
        head = ("requirement", "category", *(one.version for one in versions), "gist", "covered by")
        yield _table(head, (_row(requirement, versions) for requirement in _latest(versions)))


def _latest(versions: Iterable[Standard]) -> Iterable[Requirement]:
    """Every requirement once, as its latest version has it, category by category."""
    latest: dict[str, Requirement] = {}
    for standard in versions:
        latest |= {requirement.id: requirement for requirement in standard.requirements}
    categories = list(dict.fromkeys(requirement.category for requirement in latest.values()))
    return sorted(latest.values(), key=lambda requirement: categories.index(requirement.category))


def _row(requirement: Requirement, versions: Iterable[Standard]) -> Sequence[str]:
    levels = [
        {one.id: one.level.value for one in standard.requirements}.get(requirement.id, "–") for standard in versions
    ]
    return (f"`{requirement.id}`", requirement.category, *levels, requirement.gist, _coverage(requirement.coverage))


def _coverage(coverage: Coverage) -> str:
    if isinstance(coverage, Automated):
        return f"{'any of ' if coverage.any_of else ''}{_code(coverage.checks)}"
    return f"{'nothing yet' if isinstance(coverage, NotYet) else 'a person'}: {coverage.why}"


def faults(catalog: Catalog) -> Page:
    yield "# Faults"
    yield (
        "Ways to break a lab: the findings of `prove` that must then fail, or the cause that `diagnose` names first; and what mends it."
        " Where nothing waits, `diagnose --for RUN.json` names what the proofs found, and what in the cluster may explain it;"
        " a remedy is written by `harden --for RUN.json`. Where there is none, no file for the API server would mend it."
    )
    rows = (
        (
            f"`{one.id}`",
            one.title,
            _code(one.fails) or f"`diagnose` names `{one.diagnosed}`",
            f"remedy [{one.change.mended_by}](remedies.md)" if one.change.mended_by else one.change.undone_by,
            _code(one.needs),
            one.level,
            ", ".join(one.kubernetes) or "all",
        )
        for one in catalog.faults.values()
    )
    yield _table(("fault", "what it does", "must fail", "mended by", "needs", "level", "Kubernetes"), rows)


def remedies(catalog: Catalog) -> Page:
    yield "# Remedies"
    yield "Fixes that `seatrial harden` writes as files: what each cures, and what it changes from then on."
    for one in catalog.remedies.values():
        yield f"## {one.id}"
        yield f"{one.title}"
        yield f"**Why:** {one.why}"
        yield f"**From then on:** {one.effect}"
        yield _bullets(
            (
                ("cures", _code(one.cures)),
                ("eases", _code(one.eases)),
                ("needs", _code(one.needs)),
                (
                    "shown by",
                    "; ".join(f"{'refused' if trial.refused else 'let in'}: {trial.what}" for trial in one.trials),
                ),
            )
        )


def waits(catalog: Catalog) -> Page:
    yield "# Reasons to wait"
    yield (
        "What `seatrial diagnose` looks for. Each source says who waits for what; circles among them are deadlocks, and the engine finds "
        "those. `certain` is what the cluster says itself, `computed` what follows from what was read, `likely` what fits it."
    )
    for area, members in groupby(catalog.sources.values(), lambda one: one.id.partition(".")[0]):
        yield f"## {area}"
        for one in members:
            yield f"### {one.id}"
            yield one.title
            yield f"**Why:** {one.why}"
            yield f"**Prevent:** {one.prevent}"
            yield _bullets([("reads", _code(sorted({kind.of for kind in one.reads})))])


_PARTS = {
    "issue": "Operational issues",
    "threat": "Threats",
    "mitigation": "Mitigations",
    "standard": "What the standard covers",
    "checklist": "Security checklist",
    "metric": "Benchmark metrics",
    "step": "Implementation steps",
    "stack": "Reference stacks",
    "survey": "Survey and programme",
}


def deck(catalog: Catalog) -> Page:
    yield "# The talk, item by item"
    yield (
        "Every item of the talk that seatrial was built after: what it says, what is true of it, and what covers it here. "
        "`seatrial explain deck` prints the same."
    )
    for part, title in _PARTS.items():
        yield f"## {title}"
        rows = (_claim(one) for one in catalog.claims.values() if one.part == part)
        yield _table(("item", "it says", "", "what is true", "covered by"), rows)


def _claim(one: Claim) -> Sequence[str]:
    covered = [_code(one.checks), _code(one.metrics), _code(one.systems), f"not yet: {one.later}" if one.later else ""]
    return f"`{one.id}`", one.said, one.standing.value, one.truth, "; ".join(part for part in covered if part)


PAGES: tuple[Callable[[Catalog], Page], ...] = (checks, metrics, systems, standards, faults, remedies, waits, deck)


def reference(catalog: Catalog) -> dict[str, str]:
    """Every page by its file name."""
    pages = {f"{page.__name__}.md": "\n\n".join(block for block in page(catalog) if block) + "\n" for page in PAGES}
    if importlib.util.find_spec(CLI):
        pages["cli.md"] = str(importlib.import_module(CLI).page())
    return pages


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _bullets(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in rows if value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _differences(pages: dict[str, str], folder: Path) -> Iterator[str]:
    for name, text in pages.items():
        path = folder / name
        written = path.read_text(encoding="utf-8") if path.exists() else ""
        if written != text:
            yield f"{path} differs from the catalog; tools/docs.py writes it anew"
            yield from difflib.unified_diff(
                written.splitlines(), text.splitlines(), "as written", "as due", lineterm=""
            )


def main(arguments: Sequence[str], catalog: Catalog | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the reference pages from the catalog.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page differs")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "reference", metavar="FOLDER")
    options = parser.parse_args(arguments)
    pages = reference(catalog or Catalog.load("seatrial.catalog"))
    if options.check:
        differences = list(_differences(pages, options.into))
        print("\n".join(differences), end="\n" if differences else "")
        return 1 if differences else 0
    options.into.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (options.into / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
