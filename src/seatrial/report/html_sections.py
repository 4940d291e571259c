"""The sections of the HTML page: a card per topic, then each topic with its findings and their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seatrial.model.evidence import Entry, Evidence, Step
from seatrial.report import html_domains, html_fleet, html_measures
from seatrial.report.hostile import html_text as e
from seatrial.report.hostile import pairs
from seatrial.report.outline import WORDS, Outline, Shown, Standing, Topic
from seatrial.report.wording import count

_THERE: Mapping[bool | None, str] = {True: "here", False: "not here", None: "could not be told"}


def all_of(shape: Outline) -> Iterator[str]:
    numbers = {id(topic): number for number, topic in enumerate(shape.topics, start=1)}
    yield '<section aria-labelledby="glance"><h2 id="glance">At a glance</h2>'
    yield from html_domains.table(shape)
    cards = "".join(_card(topic, numbers[id(topic)]) for topic in shape.topics if _is_glanced_at(topic))
    yield f'<ul class="cards">{cards}</ul></section>' if cards else "<p>Nothing was judged.</p></section>"
    for standing in Standing:
        if topics := shape.standing_at(standing):
            yield f'<section aria-labelledby="{standing}" data-filtered data-standing="{standing}">'
            yield f'<h2 id="{standing}">{WORDS[standing].heading}</h2>'
            yield from (_topic(topic, numbers[id(topic)]) for topic in topics)
            yield "</section>"
    yield from html_fleet.section(shape.run.fleet)
    yield from _systems(shape)
    yield from _gaps(shape)
    yield from html_measures.section(shape.run.measures)


def _is_glanced_at(topic: Topic) -> bool:
    """A check that concerns nothing here is told below, and not at a glance."""
    return bool(topic.asked) or topic.standing not in (Standing.NOT_APPLICABLE, Standing.NOT_GIVEN)


def _card(topic: Topic, number: int) -> str:
    return (
        f'<li class="card" data-filtered data-standing="{topic.standing}"><header>{_stamp(topic.standing)}<span class="level">{e(topic.levels)}</span></header>'
        f'<h3><a href="#topic-{number}"><bdi>{e(topic.name, limit=120)}</bdi></a></h3>'
        f"<p>{e(_because(topic), limit=300)}</p></li>"
    )


def _topic(topic: Topic, number: int) -> str:
    told = f'<p class="page"><strong>{e(topic.page.title)}</strong> {e(topic.page.why)}</p>' if topic.page else ""
    said = told + (f"<p>{e(topic.own_words)}</p>" if topic.own_words else "")
    findings = "".join(_finding(topic, shown) for shown in topic.shown)
    if topic.fix:
        findings += f'<p class="fix"><strong>Fix:</strong> {e(topic.fix)}</p>'
    size = "topic" if findings else "topic brief"
    return (
        f'<article class="{size}" id="topic-{number}" data-standing="{topic.standing}"><header>{_stamp(topic.standing)}'
        f"<h3><bdi>{e(topic.name)}</bdi></h3>{_level(topic)}</header>{said}{findings}</article>"
    )


def _finding(topic: Topic, shown: Shown) -> str:
    finding = shown.finding
    check = f"<code>{e(finding.check)}</code>" if finding.check != topic.name or not finding.subject else ""
    subject = f'<bdi class="mono">{e(finding.subject)}</bdi>' if finding.subject else ""
    severity = f'<span class="level">{finding.severity}</span>' if shown.needs_work else ""
    fix = finding.fix if shown.needs_work and not topic.fix else ""
    return (
        f'<section class="finding" data-standing="{shown.standing}"><header>{_stamp(shown.standing)}'
        f"<h4>{' for '.join(part for part in (check, subject) if part)}</h4>{severity}"
        f"</header><p>{e(shown.because)}</p>{_seen(finding.seen)}"
        + (f'<p class="fix"><strong>Fix:</strong> {e(fix)}</p>' if fix else "")
        + (_evidence(shown.evidence) if shown.evidence else "")
        + "</section>"
    )


def _evidence(evidence: Evidence) -> str:
    kind = " from simulated accelerators" if evidence.simulated else ""
    entries = "".join(_entry(entry) for entry in evidence.entries)
    return (
        f"<details><summary>Evidence{kind}: {count(len(evidence.entries), 'entry', 'entries')}</summary>"
        f'<ol class="log">{entries}</ol>'
        f'<p class="digest">sha256 <code>{e(evidence.digest)}</code></p></details>'
    )


def _entry(entry: Entry) -> str:
    kind = ' class="control"' if entry.step is Step.CONTROL else ""
    return (
        f'<li{kind}><time datetime="{entry.at.isoformat()}">+{entry.after:.1f} s</time>'
        f'<span class="step">{entry.step}</span><div>{e(entry.what)}{_seen(entry.detail)}</div></li>'
    )


def _seen(seen: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{e(name, limit=120)}</dt><dd>{e(value)}</dd>" for name, value in pairs(seen))
    return f'<dl class="seen">{rows}</dl>' if rows else ""


def _stamp(standing: Standing) -> str:
    return f'<span class="stamp"><i aria-hidden="true">{WORDS[standing].mark}</i> {WORDS[standing].label}</span>'


def _level(topic: Topic) -> str:
    return f'<span class="level">{e(topic.asked_by)}</span>' if topic.asked else ""


def _because(topic: Topic) -> str:
    return topic.because or (topic.shown[0].because if topic.shown else "")


def _systems(shape: Outline) -> Iterator[str]:
    seen = shape.run.environment.systems
    rows = ((system.title, _THERE[system.there], ", ".join(system.versions), system.how) for system in seen)
    yield from _table("systems", "Systems", ("System", "Is it here", "Versions", "How one knows"), rows)


def _gaps(shape: Outline) -> Iterator[str]:
    rows = ((gap.resource, gap.reason, gap.detail) for gap in shape.unread)
    yield from _table("gaps", "What could not be read", ("Resource", "Reason", "Detail"), rows)
    for words, names in shape.not_there.items():
        said = ", ".join(f"<code>{e(name)}</code>" for name in names)
        yield f"<details><summary>{words}: {count(len(names), 'resource')}</summary><p>{said}</p></details>"


def _table(id: str, title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    body = "".join(f"<tr>{''.join(f'<td>{e(cell)}</td>' for cell in row)}</tr>" for row in rows)
    if body:
        columns = "".join(f'<th scope="col">{name}</th>' for name in head)
        yield (
            f'<section aria-labelledby="{id}"><h2 id="{id}">{title}</h2><div class="scroll">'
            f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div></section>"
        )
