"""The Run as Markdown, for an issue, a pull request or the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.model.measure import Measure
from seatrial.model.run import Run
from seatrial.report.hostile import markdown_code, markdown_text, pairs
from seatrial.report.measured import doubt, interval, told, wanted
from seatrial.report.outline import WORDS, Outline, Shown, Topic, outline, place
from seatrial.report.wording import moment, span

_MOST = 100  # findings of one topic, worst first: a summary of a CI job holds no more than 1 MiB


def render(run: Run) -> str:
    shape = outline(run)
    parts = (_head(shape), _table(shape), _details(shape), _gaps(shape), _measures(shape))
    return "\n\n".join(text for part in parts if (text := "\n".join(part).rstrip())) + "\n"


def _head(shape: Outline) -> Iterator[str]:
    environment = shape.run.environment
    yield f"# {WORDS[shape.verdict].label}: {shape.headline}"
    yield ""
    if shape.caveat:
        yield f"> **{shape.caveat}**"
        yield ""
    yield (
        f"Seen on {markdown_code(place(environment))}, Kubernetes {markdown_text(environment.cluster.version or 'unknown')}, "
        f"{moment(shape.run.started_at)}, in {span(shape.seconds)}, by seatrial {markdown_text(shape.run.seatrial)}."
    )


def _table(shape: Outline) -> Iterator[str]:
    yield from _rows(
        ("", "What", "Asked by", "Because"),
        (
            (
                f"{WORDS[topic.standing].mark} {WORDS[topic.standing].label.lower()}",
                markdown_code(topic.name),
                markdown_text(topic.asked_by),
                markdown_text(topic.because or topic.shown[0].because),
            )
            for topic in shape.topics
        ),
    )


def _details(shape: Outline) -> Iterator[str]:
    for topic in shape.topics:
        if not any(shown.needs_work for shown in topic.shown):
            continue
        yield f"## {WORDS[topic.standing].mark} {markdown_code(topic.name)}"
        yield ""
        for shown in topic.shown[:_MOST]:
            yield from _finding(topic, shown)
        if len(topic.shown) > _MOST:
            yield f"- … and {len(topic.shown) - _MOST} more"
        yield ""


def _finding(topic: Topic, shown: Shown) -> Iterator[str]:
    finding, words = shown.finding, WORDS[shown.standing]
    names = [name for name in (finding.check, finding.subject) if name and name != topic.name]
    named = " for ".join(markdown_code(name) for name in names) or markdown_code(finding.check)
    severity = f" ({finding.severity})" if shown.needs_work else ""
    yield f"- **{words.label}** {named}{severity}: {markdown_text(shown.because)}"
    if not shown.needs_work:
        return
    for name, seen in pairs(finding.seen):
        yield f"  - {markdown_code(name)} {markdown_code(seen)}"
    if finding.fix:
        yield f"  - **Fix:** {markdown_text(finding.fix)}"
    if shown.evidence is not None:
        yield f"  - <details><summary>Evidence, sha256 {markdown_code(shown.evidence.digest)}</summary>"
        yield ""
        for entry in shown.evidence.entries:
            yield f"    - +{entry.after:.1f} s, {entry.step}: {markdown_text(entry.what)}"
        yield ""
        yield "    </details>"


def _gaps(shape: Outline) -> Iterator[str]:
    if shape.unread:
        yield "## What could not be read"
        yield ""
        rows = ((markdown_code(gap.resource), gap.reason, markdown_text(gap.detail)) for gap in shape.unread)
        yield from _rows(("Resource", "Reason", "Detail"), rows)
        yield ""
    for words, names in shape.not_there.items():
        yield f"{words}: {', '.join(map(markdown_code, names))}"
        yield ""


def _measures(shape: Outline) -> Iterator[str]:
    measures = shape.run.measures
    if not measures:
        return
    yield "## Measured"
    yield ""
    head = ("Measure", "Of", "Value", "Truly between", "Target", "Samples", "How it was obtained", "Valid")
    yield from _rows(head, (_measure(one) for one in measures))
    for one in measures:
        if one.parts:
            yield ""
            yield f"{markdown_code(one.key)}, where the time went:"
            yield ""
            rows = (
                (markdown_text(part.name), f"{part.seconds:.2f}", markdown_text(part.ended_by)) for part in one.parts
            )
            yield from _rows(("Part", "Seconds", "Ended when"), rows)


def _measure(one: Measure) -> tuple[str, ...]:
    said = (
        one.subject,
        told(one),
        interval(one),
        wanted(one) or "none",
        f"{one.samples or ''}",
        one.source,
        doubt(one) or "yes",
    )
    return (markdown_code(one.id), *map(markdown_text, said))


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"
