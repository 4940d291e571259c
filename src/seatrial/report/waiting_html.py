"""A Diagnosis as one HTML file: each cause with a drawing of who waits for whom. No script, no other file, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.model.wait import Action, Cause, Diagnosis, Standing
from seatrial.report.hostile import html_text as e
from seatrial.report.html_frame import document, joined
from seatrial.report.outline import place
from seatrial.report.waiting_graph import drawn
from seatrial.report.wording import count, moment

_WORDS = {
    Standing.FLOWS: ("pass", "Flows"),
    Standing.STUCK: ("fail", "Stuck"),
    Standing.BADLY: ("unknown", "Runs badly"),
    Standing.BROKEN: ("fail", "Broken"),
    Standing.UNKNOWN: ("unknown", "Unknown"),
}
_MORE = """
.net { display: block; width: 100%; height: auto; margin-top: 1rem; }
.net text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: var(--ink); }
.net rect { fill: var(--sunk); stroke: var(--line); }
.net .end rect { fill: var(--sheet); stroke: var(--tone); stroke-width: 2; }
.net path { fill: none; stroke: var(--soft); stroke-width: 1.5; }
.net .circle { stroke: var(--fail); stroke-width: 2; }
.net marker path { fill: var(--soft); stroke: none; }
"""


def render(found: Diagnosis) -> str:
    standing, word = _WORDS[found.standing]
    caveat = (
        '<p class="simulated" role="note">The accelerators here are simulated.</p>'
        if found.environment.simulated
        else ""
    )
    about = f" about <bdi>{e(found.about)}</bdi>" if found.about else ""
    body = f"""<header>
<p class="brand">seatrial</p>
<h1><bdi>{e(place(found.environment))}</bdi>{about}</h1>
<p class="headline" data-standing="{standing}"><strong>{word}</strong> {e(found.headline)}</p>
{caveat}
<dl class="facts"><div><dt>Seen</dt><dd>{moment(found.taken_at)}</dd></div>
<div><dt>Waiting</dt><dd>{count(found.waiting_pods, "pod")}, {count(found.waiting_accelerators, "accelerator")}</dd></div></dl>
</header>
<main>
{joined(_explanations(found))}
<section aria-labelledby="causes"><h2 id="causes">Causes</h2>
{joined(_cause(cause) for cause in found.causes) or "<p>None.</p>"}
</section>
{joined(_broken(found))}
{joined(_blind(found))}
</main>
<footer>Made by seatrial {e(found.seatrial)}.</footer>"""
    skip = '<a class="skip" href="#causes">To the causes</a>'
    return document(f"{word}: {place(found.environment)} – seatrial", [body], skip=skip, style=_MORE)


def _cause(cause: Cause) -> str:
    kind = "deadlock" if cause.deadlock else cause.source
    standing = "fail" if cause.stops else "unknown"
    bound = "the smallest set there is" if cause.smallest else cause.bound
    free = f" ({e(bound)})" if cause.smallest is not None else ""
    actions = _actions(cause.actions)
    return f"""<article class="topic" id="cause-{cause.rank}" data-standing="{standing}">
<header><h3><bdi>{cause.rank}. {e(cause.holder)}</bdi></h3><span class="level">{e(kind)}, {cause.certainty}</span></header>
<p>{e(cause.because)}</p>
{drawn(cause)}
<p>{"Waits" if cause.stops else "Suffers"}: {count(cause.waiters, "party", "parties")}, {count(cause.pods, "pod")}, {count(cause.accelerators, "accelerator")}.</p>
{_rows(cause)}
{f'<p class="fix"><strong>To free it</strong>{free}:</p>{actions}' if actions else ""}
{f'<p class="fix"><strong>To prevent it:</strong> {e(cause.prevent)}</p>' if cause.prevent else ""}
</article>"""


def _actions(actions: Iterable[Action]) -> str:
    rows = joined(
        f"<li>{e(one.what)}{f' (gives up {one.lost} accelerators)' if one.lost else ''}"
        f"{f'<br><code>{e(one.command, limit=4000)}</code>' if one.command else ''}</li>"
        for one in actions
    )
    return f"<ul>{rows}</ul>" if rows else ""


def _rows(cause: Cause) -> str:
    rows = "".join(
        f"<tr><td><bdi>{e(row.subject)}</bdi></td><td>{row.pods}</td><td>{row.accelerators}</td><td>{e(row.because)}</td></tr>"
        for row in cause.blocked
    )
    head = '<th scope="col">Who</th><th scope="col">Pods</th><th scope="col">Accelerators</th><th scope="col">Why</th>'
    return f'<details><summary>Who waits</summary><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'


def _explanations(found: Diagnosis) -> Iterator[str]:
    for one in found.explanations:
        rows = "".join(f"<tr><td>{e(trial.constraint)}</td><td>{trial.nodes}</td></tr>" for trial in one.fails)
        differs = joined(f"<p>Differs: {e(text)}</p>" for text in one.differs)
        said = f"<p>The scheduler says: {e(one.scheduler)}</p>" if one.scheduler else ""
        same = "<p>The scheduler counts the same.</p>" if one.agrees else ""
        yield (
            f"<section><h2><bdi>{e(one.subject)}</bdi></h2><p>{one.fits} of {one.nodes} nodes would take it.</p>"
            f"{f'<p>{e(one.needs)}</p>' if one.needs else ''}{_actions(one.actions)}"
            f'<table><thead><tr><th scope="col">Constraint</th><th scope="col">Fails on nodes</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>{said}{same}{differs}</section>"
        )


def _broken(found: Diagnosis) -> Iterator[str]:
    if found.broken:
        yield '<section aria-labelledby="broken"><h2 id="broken">Found broken; nothing need wait for it</h2>'
        for one in found.broken:
            near = joined(f"<li><bdi>{e(near.subject)}</bdi>: {e(near.does)}</li>" for near in one.near)
            about = f" of <bdi>{e(one.subject)}</bdi>" if one.subject else ""
            yield f"""<article class="topic" data-standing="fail">
<header><h3>{e(one.check)}{about}</h3><span class="level">{one.severity}</span></header>
<p>{e(one.because)}</p>
{f'<p class="fix"><strong>Look at:</strong></p><ul>{near}</ul>' if near else ""}
{f'<p class="fix"><strong>Fix:</strong> {e(one.fix)}</p>' if one.fix else ""}
</article>"""
        yield "</section>"


def _blind(found: Diagnosis) -> Iterator[str]:
    if found.blind:
        rows = "".join(
            f"<tr><td>{e(gap.resource)}</td><td>{gap.reason}</td><td>{e(gap.detail)}</td></tr>" for gap in found.blind
        )
        head = '<th scope="col">Source</th><th scope="col">Reason</th><th scope="col">Detail</th>'
        yield f"<section><h2>What could not be looked into</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
