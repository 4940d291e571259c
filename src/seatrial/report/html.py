"""The Run as one HTML file: no other file, no network, and no script that is not ours."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.model.run import Run
from seatrial.report import html_sections as sections
from seatrial.report.hostile import html_text as e
from seatrial.report.html_frame import WAVE, document, joined, part
from seatrial.report.outline import WORDS, Outline, outline, place, versions
from seatrial.report.wording import moment, span


def render(run: Run) -> str:
    shape = outline(run)
    body = [_header(shape), "<main>", *sections.all_of(shape), "</main>", _footer(shape)]
    skip = '<a class="skip" href="#glance">To the results</a>'
    return document(_title(shape), body, skip=skip, script=part("page.js"))


def _title(shape: Outline) -> str:
    return f"{WORDS[shape.verdict].label}: {place(shape.run.environment)} – seatrial"


def _header(shape: Outline) -> str:
    standards = versions(shape.run.requirements)
    against = f" against {standards}" if standards else ""
    caveat = f'<p class="simulated" role="note">{e(shape.caveat)}</p>' if shape.caveat else ""
    return f"""<header>
<p class="brand">{WAVE}seatrial</p>
<h1><bdi>{e(place(shape.run.environment))}</bdi>{e(against)}</h1>
<p class="headline" data-standing="{shape.verdict}"><strong>{WORDS[shape.verdict].label}</strong> {e(shape.headline)}</p>
{caveat}
{_bar(shape)}
<dl class="facts">{joined(_facts(shape.run, shape.seconds))}</dl>
</header>"""


def _bar(shape: Outline) -> str:
    """The share of each standing, and the legend that the script turns into filters."""
    segments, legend, at = [], [], 0
    for standing, number in shape.counts.items():
        segments.append(f'<rect data-standing="{standing}" x="{at}" width="{number}" height="1"/>')
        legend.append(
            f'<li><a href="#{standing}" data-standing="{standing}"><b>{WORDS[standing].mark} {number}</b>'
            f" {WORDS[standing].counted}</a></li>"
        )
        at += number
    if not at:
        return ""
    picture = f'<svg class="bar" viewBox="0 0 {at} 1" preserveAspectRatio="none" aria-hidden="true">{"".join(segments)}'
    return f'{picture}</svg>\n<ul class="legend" aria-label="Results by kind">{"".join(legend)}</ul>'


def _facts(run: Run, seconds: float) -> Iterable[str]:
    cluster = run.environment.cluster
    facts = (
        ("Kubernetes", cluster.version or "unknown"),
        ("Platform", cluster.platform),
        ("Begun", moment(run.started_at)),
        ("Took", span(seconds)),
        ("By seatrial", run.seatrial),
    )
    for name, value in facts:
        if value:
            yield f"<div><dt>{name}</dt><dd>{e(value)}</dd></div>"
    for name, value in (("Cluster", cluster.uid), ("Command", run.command)):
        if value:
            yield f'<div class="wide"><dt>{name}</dt><dd class="mono">{e(value)}</dd></div>'


def _footer(shape: Outline) -> str:
    run = shape.run
    return f'<footer>Run <span class="mono">{e(run.id)}</span>, made by seatrial {e(run.seatrial)}. {e(shape.caveat)}</footer>'
