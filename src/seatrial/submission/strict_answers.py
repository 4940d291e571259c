"""What reviewers stumble over in the answers: contradictions, reasons that do not count, texts that were changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seatrial.kit import digest
from seatrial.submission.checklist import Asked
from seatrial.submission.message import Grade, Hit
from seatrial.submission.product import Entry
from seatrial.submission.rule import STRICT_ONLY, Case, rule
from seatrial.submission.typed import Kind

_DENIES = re.compile(
    r"(?i)\b(?:not applicable|n/a|(?:is|are|was) not (?:provided|supported|available|implemented|offered|included)"
    r"|(?:does|do) not (?:provide|support|offer|include|implement)|doesn['’]t (?:provide|support)|no support for|unsupported)\b"
)
_FORBIDDEN = re.compile(
    r"(?i)\b(?:not (?:yet |currently |officially )?(?:supported|implemented|available)(?: by us)?"
    r"|(?:we|product|platform|it) (?:do|does|did) ?(?:not|n['’]t) (?:yet |currently )?(?:support|implement)"
    r"|(?:don|doesn)['’]t (?:yet |currently )?(?:support|implement)|roadmap|at this time|not at the moment|future (?:release|version)|planned)\b"
)
_PLACEHOLDER = re.compile(
    r"(?i)\b(?:todo|tbd|tba|fixme|xxx|lorem ipsum|to be (?:added|done|determined|filled))\b|^\[[^\]]*\]$|<your[^>]*>"
)


@rule(Grade.WARNING, STRICT_ONLY)
def notes_agree_with_status(case: Case) -> Iterator[Hit]:
    """Notes do not deny what the status claims.

    Why: "Implemented" with notes that say "not applicable" or "not provided" is sent back.
    Fix: correct the status, or say in the notes what the platform does do.
    """
    for asked, entry in case.counted():
        denial = _DENIES.search(entry.notes.text)
        if entry.status.text == "Implemented" and denial:
            yield Hit(
                entry.notes.at, f"{asked.id} is Implemented, and its notes say {denial[0]!r}", "correct one of the two"
            )


@rule(Grade.WARNING, STRICT_ONLY)
def evidence_agrees_with_status(case: Case) -> Iterator[Hit]:
    """Only what is implemented has evidence, and what is implemented in part says which part.

    Why: evidence for something that is not there raises questions; a partial answer without notes, too.
    Fix: correct the status, or explain it in the notes.
    """
    for asked, entry in case.counted():
        status, notes = entry.status.text, entry.notes.text.strip()
        if status == "Not Implemented" and any(one.text for one in entry.evidence):
            yield Hit(
                entry.status.at,
                f"{asked.id} is Not Implemented, and has evidence",
                "correct the status, or take it out",
            )
        if status == "Partially Implemented" and not notes:
            yield Hit(
                entry.status.at, f"{asked.id} is Partially Implemented, and nothing says which part", "say so in notes"
            )


@rule(Grade.ERROR, STRICT_ONLY)
def implemented_has_evidence(case: Case) -> Iterator[Hit]:
    """What is Implemented has evidence.

    Why: the validator accepts a claim without any; reviewers do not.
    Fix: add a public page, or a file of the directory.
    """
    for asked, entry in case.counted():
        if entry.status.text in ("Implemented", "Partially Implemented") and not any(
            one.text.strip() for one in entry.evidence
        ):
            yield Hit(
                entry.status.at, f"{asked.id} is {entry.status.text} without evidence", "add a public page or a file"
            )


@rule(Grade.ERROR, STRICT_ONLY)
def not_applicable_for_a_reason_that_counts(case: Case) -> Iterator[Hit]:
    """N/A says why the requirement's condition does not apply.

    Why: the programme does not let "we do not support it", or "not yet", pass as a reason.
    Fix: name the condition that cannot hold here; where there is none, the status is Not Implemented.
    """
    for asked, entry in case.counted():
        reason = _FORBIDDEN.search(entry.notes.text)
        if entry.status.text == "N/A" and reason:
            yield Hit(
                entry.notes.at,
                f"{asked.id} is N/A because {reason[0]!r}, which is no reason",
                "say why it cannot apply",
            )


@rule(Grade.ERROR, STRICT_ONLY)
def description_is_unchanged(case: Case) -> Iterator[Hit]:
    """Every description is the text of this version, to the word.

    Why: the programme forbids changes; a changed text often comes from the template of another version.
    Fix: copy it from the template of this version.
    """
    for asked, entry in case.answers():
        seen = digest.of_text(entry.description.text)
        if seen != asked.digest:
            whose = _versions_with(case, asked, seen)
            what = (
                f"is that of {whose}"
                if whose
                else "differs from the template's"
                if entry.description.text
                else "is missing"
            )
            yield Hit(entry.description.at, f"{asked.id}: the description {what}", _first_difference(asked, entry))


@rule(Grade.ERROR, STRICT_ONLY)
def level_is_unchanged(case: Case) -> Iterator[Hit]:
    """Every level is that of this version.

    Why: the programme forbids changes, and judges by its own levels whatever the file says.
    Fix: copy it from the template of this version.
    """
    for asked, entry in case.answers():
        if entry.level.text != asked.level:
            seen = repr(entry.level.text) if entry.level.text else "missing"
            yield Hit(entry.level.at, f"{asked.id}: the level is {seen}, not {asked.level}", f"write {asked.level}")


@rule(Grade.ERROR, STRICT_ONLY)
def template_is_of_this_version(case: Case) -> Iterator[Hit]:
    """There is nothing in the file that this version does not ask.

    Why: ids of another version show that the file was made from its template, and what is new may be missing.
    Fix: begin from the template of this version, and carry the answers over.
    """
    asked = case.checklist.by_id if case.checklist else {}
    for category in (case.product.spec or {}).values() if asked else ():
        for entry in category.entries:
            known = asked.get(entry.id.text)
            if known is None:
                versions = [one.version for one in case.checklists.values() if entry.id.text in one.by_id]
                whose = (
                    f"is of {', '.join(sorted(versions))}, not of {case.version}" if versions else "is in no version"
                )
                yield Hit(entry.id.at, f"{entry.id.text!r} {whose}", "take it out")
            elif known.category != category.name:
                yield Hit(entry.id.at, f"{entry.id.text} belongs to {known.category}, not {category.name}", "move it")


@rule(Grade.ERROR, STRICT_ONLY)
def requirement_stands_once(case: Case) -> Iterator[Hit]:
    """Every requirement is answered once.

    Why: of two answers the programme reads the last.
    Fix: take one out.
    """
    for category in (case.product.spec or {}).values():
        seen: set[str] = set()
        for entry in category.entries:
            if entry.id.text in seen:
                yield Hit(entry.id.at, f"{entry.id.text!r} is answered twice in {category.name}", "take one out")
            seen.add(entry.id.text)


@rule(Grade.ERROR, STRICT_ONLY)
def answers_are_no_placeholders(case: Case) -> Iterator[Hit]:
    """No answer is still to be written.

    Why: a TODO in a submission shows that it is not finished.
    Fix: write it, or leave a SHOULD blank.
    """
    for asked, entry in case.answers():
        for text in (entry.notes, *entry.evidence):
            if found := _PLACEHOLDER.search(text.text):
                yield Hit(text.at, f"{asked.id}: {found[0]!r} is a placeholder", "write what is meant")


@rule(Grade.WARNING, STRICT_ONLY)
def answers_are_text(case: Case) -> Iterator[Hit]:
    """Statuses, notes and evidence are text.

    Why: a number or a date is taken as it is written here, and as a number by other readers of the file.
    Fix: put it in quotes.
    """
    for asked, entry in case.answers():
        for text in (entry.status, entry.notes, *entry.evidence):
            if text.kind not in (Kind.TEXT, Kind.NULL):
                yield Hit(text.at, f"{asked.id}: {text.text!r} is a value of type {text.kind}", "put it in quotes")


def _versions_with(case: Case, asked: Asked, seen: str) -> str:
    same = [
        one.version for one in case.checklists.values() if asked.id in one.by_id and one.by_id[asked.id].digest == seen
    ]
    return ", ".join(sorted(same))


def _first_difference(asked: Asked, entry: Entry) -> str:
    """Where the words part, as far as the exact text is at hand."""
    wanted, seen = asked.text.split(), entry.description.text.split()
    if not wanted:
        return "copy it from the template of this version"
    at = next((n for n, (a, b) in enumerate(zip(wanted, seen, strict=False)) if a != b), min(len(wanted), len(seen)))
    return f"from word {at + 1} on it should read: {' '.join(wanted[at : at + 6])} …"
