"""What came of a load in 80 columns: whether it counts, the figures, what went wrong, what it cost here."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from seatrial.kit.histogram import Counts
from seatrial.model.load import Closed, Open, Plan, Replay
from seatrial.model.load_result import Ending, LoadResult, Origin
from seatrial.report import load_figures as figures
from seatrial.report.lines import Page
from seatrial.report.wording import count, span

_READING = (
    "VALID is about the client alone: it sent what was asked when it was asked, and read what came as it came",
    "since it was due: from the moment at which the plan wanted the request sent, which is what a user waits for",
    "since it was sent: from the moment at which the request left; the difference is this client's own delay",
    "50 % of the requests took as long as the first column says or less, 99 % as long as the fourth",
    "between tokens is how fluently an answer is read; goodput counts the answers that meet --slo, such as ttft=300ms",
    "a server of your own: seatrial bench serve URL --rate 20 --for 1m --slo ttft=300ms,tpot=50ms",
)


def render(result: LoadResult, *, colour: bool = False) -> str:
    page = Page(colour=colour, width=100)
    for section in (_head, _figures, _endings, _server, _doubts, _client, _meaning):
        section(page, result)
        page.gap()
    return page.text()


def _head(page: Page, result: LoadResult) -> None:
    plan = result.plan
    mark, said = verdict(result)
    page.say(said, mark=mark, paint="fail" if mark in ("INVALID", "FAILED") else "pass")
    if result.origin is not None:
        for line in origin_lines(result.origin):
            page.say(line, mark="!", paint="unknown")
    if not result.complete:
        page.say("the run was stopped before its end; this is what there was until then", paint="bold")
    if plan.target.simulated:
        page.say(plan.target.simulated, mark="SIMULATED", paint="unknown")
    page.gap()
    answers = (
        f" · {plan.target.api} · {'streaming' if plan.stream else 'not streaming'}" if result.origin is None else ""
    )
    page.say(f"{plan.target.url or 'a server that is not named'}{answers}", paint="dim")
    warm = f", after {span(plan.warm_up)} of warm-up ({count(result.warm, 'request')})" if plan.warm_up else ""
    page.say(f"{asked(plan)}; {span(result.seconds)} measured{warm}", paint="dim")


def verdict(result: LoadResult) -> tuple[str, str]:
    """Whether it counts, in a word and in a sentence."""
    if not result.validity.valid:
        return "INVALID", "the client did not do what was asked: this measures nothing"
    if not result.endings.get(Ending.OK):
        return "FAILED", "no request went well: of how quick the server is nothing is known"
    if result.origin is not None:
        return "IMPORTED", f"nothing that {result.origin.tool} wrote says that its client fell behind"
    return "VALID", "the client kept up: what follows is the server"


def origin_lines(origin: Origin) -> Iterator[str]:
    yield f"measured by {origin.tool} {origin.version}".rstrip() + ", not by seatrial"
    yield from origin.caveats
    if origin.lacks:
        yield f"its file does not have: {', '.join(origin.lacks)}"


def asked(plan: Plan) -> str:
    """The arrivals in words."""
    match plan.arrivals:
        case Open(phases=()):
            return "a load of which its file does not say at what rate"
        case Open() as arrivals:
            rates = [phase.rate for phase in arrivals.phases] + [
                one.to for one in arrivals.phases if one.to is not None
            ]
            low, high = min(rates), max(rates)
            rate = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            return f"{arrivals.process} arrivals at {rate} requests/s"
        case Closed() as arrivals:
            return f"{count(arrivals.clients, 'client')} that ask again as soon as they have an answer"
        case Replay() as arrivals:
            return f"a trace of {count(len(arrivals.calls), 'request')}"


def _figures(page: Page, result: LoadResult) -> None:
    for one in figures.totals(result):
        rate = "–" if one.per_second is None else f"{one.per_second:,.1f}/s"
        goodput = "  goodput" if one.id == "good" else ""
        page.row(f"  {'  ' * one.depth + one.title:<34}{one.number:>12,}{rate:>16}{goodput}")
        if goodput:
            page.say(f"objectives: {figures.objectives(result.plan.slo)}", indent=4, paint="dim")
    page.gap()
    shares = "".join(f"{figures.share_words(share):>10}" for share in figures.SHARES)
    page.row(f"  {'milliseconds':<34}{shares}{'mean':>10}")
    for time in figures.times(result):
        page.row(f"  {time.title:<34}" + _milliseconds(time.counts))


def _endings(page: Page, result: LoadResult) -> None:
    failed = {ending: number for ending, number in result.endings.items() if ending is not Ending.OK}
    if failed:
        page.say("What did not go well", paint="bold")
    for ending, number in failed.items():
        page.say(f"{number:,} {ending}: {figures.ENDINGS[ending]}", indent=2, mark="·")
    if others := {status: number for status, number in result.statuses.items() if status != 200}:
        said = ", ".join(f"{status} × {number:,}" for status, number in others.items())
        page.say(f"statuses: {said}", indent=2, mark="·")
    if result.marks:
        said = ", ".join(f"{mark} {number:,}" for mark, number in result.marks.items())
        page.say(f"odd, though no failure: {said}", indent=2, mark="·", paint="dim")
    if result.lost_in_flight:
        page.say(
            f"{result.lost_in_flight:,} were under way when the run was cut off; neither repeated nor counted",
            indent=2,
            mark="·",
        )


def _server(page: Page, result: LoadResult) -> None:
    """What the server says of itself: how much counters grew, and the mean and the most of everything else."""
    if not result.samples:
        return
    page.say(f"The server's own metrics, read {count(len(result.samples), 'time')}", paint="bold")
    for name in sorted({name for sample in result.samples for name in sample.values}):
        values = [sample.values[name] for sample in result.samples if name in sample.values]
        if name.endswith(("_total", "_sum", "_count")):
            page.row(f"  {name:<52}{values[-1] - values[0]:>14,.4g} more")
        else:
            page.row(f"  {name:<52}{statistics.fmean(values):>14,.4g} in the mean, {max(values):,.4g} at most")


def _doubts(page: Page, result: LoadResult) -> None:
    for doubt in result.validity.doubts:
        page.say(f"{doubt.id}: {doubt.what}", mark="✗", paint="fail")
    for note in result.validity.notes:
        page.say(f"{note.id}: {note.what}", mark="!", paint="unknown")
    if result.steady_from:
        page.say(
            f"steady from second {result.steady_from:g} on; --warm-up keeps apart what comes before",
            mark="!",
            paint="dim",
        )


def _client(page: Page, result: LoadResult) -> None:
    page.say(client(result), paint="dim")


def client(result: LoadResult) -> str:
    """What the measurement cost here."""
    if result.origin is not None:
        return f"measured by {result.origin.tool}; what that cost its client is not in its file"
    client = result.client
    tokens = result.tokens_out or 0
    per_million = f", {client.cpu_seconds / tokens * 1e6:.1f} s per million tokens" if tokens else ""
    lag = client.receive_lag.percentile(0.99)
    learnt = f", learnt of 99 % of the reads within {lag / 1e6:.1f} ms" if lag is not None else ""
    began = f", first request {client.first_request:.2f} s after the command" if client.first_request else ""
    who = (
        f"{count(client.processes, 'pod')} of the cluster"
        if result.plan.in_pods
        else f"{count(client.processes, 'process', 'processes')} on {count(client.cores, 'core')}"
    )
    return (
        f"this client: {who}, {client.cpu_seconds:.2f} s of CPU{per_million}, "
        f"{client.peak_memory / 1e6:.0f} MB{learnt}{began}"
    )


def _meaning(page: Page, result: LoadResult) -> None:
    """For whoever tries it out: what the rows are, and what comes next."""
    if not result.plan.target.simulated:
        return
    page.say("How to read this", paint="bold")
    for line in _READING:
        page.say(line, indent=2, mark="·")


def _milliseconds(counts: Counts) -> str:
    values = [*(counts.percentile(share) for share in figures.SHARES), counts.mean]
    return "".join(f"{value / 1e6:>10,.2f}" if value is not None else f"{'–':>10}" for value in values)
