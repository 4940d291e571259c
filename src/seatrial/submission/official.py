"""The rules of the programme's own validator: as of August 2026, and with what its newest form adds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from seatrial.submission.document import START
from seatrial.submission.message import Grade, Hit
from seatrial.submission.metadata import BY_NAME, FIELDS
from seatrial.submission.rule import ALL, SINCE_NEWEST, Case, Profile, nowhere, rule
from seatrial.submission.typed import Kind

STATUSES = ("Implemented", "Not Implemented", "Partially Implemented", "N/A")
CONDITIONAL = ("cluster_autoscaling",)  # MUSTs that the newest form lets a platform be excused from
_OFFICIAL = frozenset({Profile.OFFICIAL})
_CONFORMANCE = re.compile(r"https://github\.com/cncf/k8s-conformance/tree/(?:master|main)/v([0-9]+\.[0-9]+)/[^/]+/?")


@rule(Grade.ERROR, ALL)
def version_is_in_the_path(case: Case) -> Iterator[Hit]:
    """The file lies in vX.Y/PRODUCT.

    Why: the version that a product is held against is read from the path.
    Fix: move it to vX.Y/NAME/PRODUCT.yaml.
    """
    if not case.version:
        yield nowhere("the path does not say which version it is for", "put it into vX.Y/NAME/PRODUCT.yaml")


@rule(Grade.ERROR, ALL)
def version_has_a_checklist(case: Case) -> Iterator[Hit]:
    """There is a checklist for the version.

    Why: without one nothing can be compared.
    Fix: use a version that the programme has published, or give its file with --checklist.
    """
    if case.version and case.checklist is None:
        yield nowhere(
            f"no checklist is known for {case.version}; there are {', '.join(sorted(case.checklists))}",
            "give docs/AIConformance-X.Y.yaml with --checklist",
        )


@rule(Grade.ERROR, ALL, ends=True)
def file_is_yaml(case: Case) -> Iterator[Hit]:
    """The file is YAML.

    Why: a file that cannot be parsed is refused as a whole.
    Fix: mend the place that is named; text with a colon or a leading star needs quotes.
    """
    if case.broken is not None:
        yield Hit(case.broken.at, case.broken.what, "mend it there; text with ': ' in it needs quotes")


@rule(Grade.ERROR, ALL)
def values_have_their_types(case: Case) -> Iterator[Hit]:
    """Mappings, lists and texts stand where the programme wants them.

    Why: one value of another type, such as evidence that is a text and no list, and the whole file is refused.
    Fix: write evidence as a list, and every key once.
    """
    for misfit in case.product.misfits:
        yield Hit(misfit.at, misfit.what, "write lists with leading dashes, and each key once")


@rule(Grade.ERROR, ALL)
def metadata_is_there(case: Case) -> Iterator[Hit]:
    """There is a section metadata.

    Why: it says whose product this is.
    Fix: take it from the programme's template.
    """
    if case.product.metadata is None:
        yield Hit(START, "there is no section 'metadata'", "take it from the template of the version")


@rule(Grade.ERROR, ALL)
def field_is_there(case: Case) -> Iterator[Hit]:
    """Every field of the metadata is there.

    Why: the validator wants all but repoUrl, also productLogoUrl, which the instructions call optional, and
    k8sConformanceUrl, which most templates leave out.
    Fix: add it.
    """
    product = case.product
    for field in FIELDS:
        found = product.field(*field.names)
        if field.required and product.metadata is not None and (found is None or found.kind is Kind.NULL):
            known = {name for one in FIELDS for name in one.names}
            near = get_close_matches(
                field.name, [name for name in product.metadata if name not in known], n=1, cutoff=0.8
            )
            way_out = f"rename {near[0]}" if near else f"add it: {field.what}"
            yield Hit(found.at if found else product.metadata_at, f"metadata has no {field.name}", way_out)


@rule(Grade.ERROR, ALL)
def field_is_text(case: Case) -> Iterator[Hit]:
    """Every field of the metadata is text.

    Why: a version such as 1.0 is a number to YAML, and 2026-01-02 is a date; the validator refuses both.
    Fix: put it in quotes.
    """
    for field in FIELDS:
        found = case.product.field(*field.names)
        if found is not None and found.kind not in (Kind.TEXT, Kind.NULL):
            seen = f"a value of type {found.kind}" if found.kind else "no single value"
            yield Hit(found.value.at, f"{field.name} is {seen}, not text", "put it in quotes")


@rule(Grade.ERROR, ALL)
def field_is_filled_in(case: Case) -> Iterator[Hit]:
    """No needed field of the metadata is empty.

    Why: the validator refuses it.
    Fix: fill it in.
    """
    for field in FIELDS:
        found = case.product.field(*field.names)
        if field.required and found is not None and found.kind is Kind.TEXT:
            text = case.product.text(*field.names)
            if not text.text:
                yield Hit(text.at, f"{field.name} is empty", f"fill it in: {field.what}")


@rule(Grade.ERROR, ALL)
def field_is_no_placeholder(case: Case) -> Iterator[Hit]:
    """No field of the metadata is the template's own, in square brackets.

    Why: the validator refuses it.
    Fix: fill it in, or take out repoUrl where the source is not open.
    """
    for field in FIELDS:
        text = case.product.text(*field.names)
        if is_placeholder(text.text):
            yield Hit(text.at, f"{field.name} is still the template's placeholder", f"fill it in: {field.what}")


@rule(Grade.ERROR, ALL)
def base_conformance_link_has_its_form(case: Case) -> Iterator[Hit]:
    """k8sConformanceUrl leads to a directory of cncf/k8s-conformance.

    Why: only a conformant Kubernetes can become a conformant platform for AI.
    Fix: write https://github.com/cncf/k8s-conformance/tree/master/vX.Y/NAME.
    """
    text = case.product.text(*BY_NAME["k8sConformanceUrl"].names)
    if text.text and not is_placeholder(text.text) and conformance_version(text.text) is None:
        yield Hit(text.at, "k8sConformanceUrl is not of the form that is asked for", BY_NAME["k8sConformanceUrl"].what)


@rule(Grade.ERROR, ALL)
def vendor_is_a_member(case: Case) -> Iterator[Hit]:
    """vendorName is the name of a member of the foundation.

    Why: it must equal an entry under "CNCF Members" in the landscape, to the letter.
    Fix: copy the name from https://landscape.cncf.io/members.
    """
    text = case.product.text("vendorName") if case.product.field("vendorName") else case.product.text("vendor_name")
    vendor, members = text.text.strip(), case.members
    if not vendor or members.has(vendor):
        return
    day = f" of {members.stated}" if members.stated else ""
    way_out = (
        members.hint(vendor)
        or "copy the name from https://landscape.cncf.io/members, or give a newer list with --members"
    )
    if members.has(vendor) is None:
        yield Hit(text.at, f"unknown: {vendor!r} is not on the list{day}, which is not complete", way_out, Grade.NOTE)
    else:
        yield Hit(text.at, f"vendorName {vendor!r} is no member's name on the list{day}", way_out)


@rule(Grade.ERROR, ALL)
def spec_is_there(case: Case) -> Iterator[Hit]:
    """There is a section spec.

    Why: it holds the answers.
    Fix: take it from the programme's template.
    """
    if case.product.spec is None:
        yield Hit(START, "there is no section 'spec'", "take it from the template of the version")


@rule(Grade.ERROR, ALL)
def category_is_there(case: Case) -> Iterator[Hit]:
    """Every category of the version is there.

    Why: the validator looks for each.
    Fix: take it from the template of the version.
    """
    for name, asked in case.by_category():
        if case.product.spec is not None and name not in case.product.spec:
            ids = ", ".join(one.id for one in asked)
            yield Hit(case.product.spec_at, f"spec has no category {name}", f"add it, with {ids}")


@rule(Grade.ERROR, ALL)
def requirement_is_there(case: Case) -> Iterator[Hit]:
    """Every requirement of the version is there, in its category.

    Why: the validator looks for each, also those that a product leaves blank.
    Fix: take it from the template of the version.
    """
    for name, asked in case.by_category():
        category = (case.product.spec or {}).get(name)
        for one in asked:
            if category is not None and one.id not in category.by_id:
                yield Hit(
                    category.at, f"{name} has no requirement {one.id}", "take it from the template of the version"
                )


@rule(Grade.ERROR, ALL)
def status_is_known(case: Case) -> Iterator[Hit]:
    """Every status is one of the four.

    Why: the validator knows no other; only a SHOULD without evidence may stay empty.
    Fix: write Implemented, Not Implemented, Partially Implemented or N/A.
    """
    for asked, entry in case.counted():
        if entry.status.text not in STATUSES:
            seen = f"{entry.status.text!r} is no status" if entry.status.text else "the status is empty"
            near = get_close_matches(entry.status.text, STATUSES, n=1)
            yield Hit(entry.status.at, f"{asked.id}: {seen}", f"write {near[0] if near else ' or '.join(STATUSES)}")


@rule(Grade.ERROR, _OFFICIAL)
def must_is_implemented(case: Case) -> Iterator[Hit]:
    """Every MUST is Implemented.

    Why: the validator accepts nothing else, although the programme's questions and answers do.
    Fix: implement it; where it cannot apply, ask the programme before you hand in.
    """
    for asked, entry in case.counted():
        if asked.level == "MUST" and entry.status.text != "Implemented":
            yield Hit(entry.status.at, f"{asked.id} is a MUST and {_said(entry.status.text)}", "it must be Implemented")


@rule(Grade.ERROR, SINCE_NEWEST)
def must_is_implemented_or_excused(case: Case) -> Iterator[Hit]:
    """Every MUST is Implemented, or N/A where its own condition can fail to apply.

    Why: the newest validator excuses a platform from cluster_autoscaling, and from nothing else.
    Fix: implement it, or for cluster_autoscaling say N/A and why.
    """
    for asked, entry in case.counted():
        excused = asked.id in CONDITIONAL and entry.status.text == "N/A"
        if asked.level == "MUST" and entry.status.text != "Implemented" and not excused:
            way_out = "it must be Implemented" + (
                ", or N/A with the reason in notes" if asked.id in CONDITIONAL else ""
            )
            yield Hit(entry.status.at, f"{asked.id} is a MUST and {_said(entry.status.text)}", way_out)


@rule(Grade.WARNING, SINCE_NEWEST)
def excuse_is_reviewed(case: Case) -> Iterator[Hit]:
    """A MUST that is N/A is read by a person.

    Why: the validator warns, so that the reviewer looks at the reason.
    Fix: say in notes why the condition cannot apply, such as that the platform has no autoscaler.
    """
    for asked, entry in case.counted():
        if asked.level == "MUST" and asked.id in CONDITIONAL and entry.status.text == "N/A":
            yield Hit(
                entry.status.at,
                f"{asked.id} is a MUST and N/A: a reviewer will judge the notes",
                "say why it cannot apply",
            )


@rule(Grade.ERROR, ALL)
def not_applicable_has_notes(case: Case) -> Iterator[Hit]:
    """N/A comes with notes.

    Why: the validator wants a reason.
    Fix: say why the requirement does not apply to this platform.
    """
    for asked, entry in case.counted():
        notes = entry.notes.text if case.profile is Profile.OFFICIAL else entry.notes.text.strip()
        if entry.status.text == "N/A" and not notes:
            yield Hit(entry.status.at, f"{asked.id} is N/A without notes", "say why it does not apply here")


def is_placeholder(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")


def conformance_version(url: str) -> str | None:
    """``1.37`` of a well-formed link to cncf/k8s-conformance."""
    match = _CONFORMANCE.fullmatch(url)
    return match[1] if match else None


def _said(status: str) -> str:
    return f"its status is {status!r}" if status else "has no status"
