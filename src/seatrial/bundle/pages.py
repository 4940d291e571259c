"""What a person reads before a fix goes into Git: what and why, whom it would hit now, how to go about it, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatrial.bundle import impact
from seatrial.bundle.chosen import Chosen
from seatrial.kit.markdown import code, text

_MOST = 50  # findings that are told one by one


def front(chosen: Sequence[Chosen], *, of: str, index: str) -> bytes:
    lines = [
        "# Fixes for what was found",
        "",
        f"Made by `seatrial harden` for {text(of)}. Each folder is one fix, with a page of its own.",
        "",
        "| fix | findings | what is there now | first step |",
        "|---|---|---|---|",
        *(
            f"| [{one.remedy.id}]({one.remedy.id}/README.md): {one.remedy.title} | {len(one.findings)} | {_now(one)} | {_first(one)} |"
            for one in chosen
        ),
        "",
        (f"Who it is stands on each page, with how it is known, and for machines in `{index}`."),
        "",
        "1. Read the pages. What is written here are proposals: numbers and exceptions are for you to set.",
        (
            "2. `kubectl apply --server-side -k audit`, or point your GitOps tool at it. Nothing is refused yet:"
            " what would be is told as a warning to who asks, and in the audit log of the API server."
        ),
        "3. When no warning comes any more: the same with `enforce`. Fixes without an `audit` folder have no such first step.",
        "4. `seatrial check` again.",
        "",
        "`--server-side` names the fields that somebody else has set to something else; `--force-conflicts` then takes them over.",
        "",
    ]
    return "\n".join(lines).encode()


def page(one: Chosen) -> bytes:
    remedy = one.remedy
    parts = [
        f"# {remedy.title}",
        remedy.why,
        *([f"**First:** {one.fix.caution}"] if one.fix.caution else []),
        "## What it answers",
        "\n".join(_answered(one)),
        "## Whom it would hit now",
        "\n".join(_impact(one)),
        "## What is otherwise from then on",
        remedy.effect,
        "## Putting it in force",
        "\n".join(_steps(one)),
        "## The way back",
        remedy.undo or "- `kubectl delete -k enforce`. Objects that it let in or changed stay as they are.",
    ]
    return ("\n\n".join(parts) + "\n").encode()


def _now(one: Chosen) -> str:
    return impact.summary(one.fix.impact) if one.fix.impact is not None else ""


def _first(one: Chosen) -> str:
    return one.steps[0] if one.steps else "by hand"


def _steps(one: Chosen) -> Iterator[str]:
    yield from (f"- `kubectl apply --server-side -k {step}`" for step in one.steps)
    yield from (f"- `{name}`: by hand, as said above." for name in one.fix.beside)


def _answered(one: Chosen) -> Iterator[str]:
    for check in one.remedy.answers:
        many = sum(finding.check == check for finding in one.findings)
        how = "passes from then on" if check in one.remedy.cures else "goes on failing, and is less of a danger"
        if many:
            yield f"- `{check}`: {many} {'failure' if many == 1 else 'failures'}; it {how}"


def _how(one: Chosen) -> str:
    if one.fix.impact is not None and one.fix.impact.by_server:
        return "The API server was asked, with the policy in force in a namespace of its own: one pod of each kind was offered there."
    told = "That is told from what was read; nothing was sent to the API server to find out"
    return f"{told}, whose own answers the audit step gives." if one.fix.audit else f"{told}."


def _impact(one: Chosen) -> Iterator[str]:
    """By the rule of the checks, from what was read: nothing was written to find out, and it says so."""
    if one.fix.impact is not None:
        yield f"{impact.summary(one.fix.impact).capitalize()}. What runs goes on running."
        yield _how(one)
        yield ""
        yield from impact.markdown(one.fix.impact, most=_MOST)
        return
    if not one.remedy.refuses and one.fix.audit:
        yield "Whom it would refuse is not told by what was read; the audit step tells. What calls for it:"
    elif not one.remedy.refuses:
        yield "None of what was found would be refused. What calls for it:"
    else:
        yield (
            "What runs goes on running. When they are made again these would be refused, as far as the checks tell from what"
            " was read; nothing was sent to the API server to find out, whose own answers the audit step gives:"
        )
    yield ""
    shown = [finding for finding in one.findings if finding.check in one.remedy.cures] or list(one.findings)
    for finding in shown[:_MOST]:
        yield f"- {code(finding.subject or 'the cluster')}: {text(finding.because, limit=300)} (`{finding.check}`)"
    if len(shown) > _MOST:
        yield f"- and {len(shown) - _MOST} more"
