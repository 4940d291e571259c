"""What came of a load in 80 columns: whether it counts, the figures, what went wrong, what it cost here."""

from __future__ import annotations

import statistics

from seatrial.kit.histogram import Counts
from seatrial.model.load import Closed, Open, Plan, Replay, Slo
from seatrial.model.load_result import Ending, LoadResult
from seatrial.report.lines import Page
from seatrial.report.wording import count, span

_SECOND = 1_000_000_000
_SHARES = (0.5, 0.9, 0.95, 0.99, 1.0)
_IN_WORDS = {
    Ending.REFUSED: "nobody listened",
    Ending.UNREACHABLE: "no connection in time, or no way there",
    Ending.TLS: "the TLS handshake failed",
    Ending.RESET: "the connection was ended before anything of the answer",
    Ending.STATUS: "another status than 200",
    Ending.LIMITED: "429, too many requests",
    Ending.ERROR_EVENT: "an error inside a 200",
    Ending.NO_TOKEN: "a whole answer without any text",
    Ending.TRUNCATED: "the connection ended inside the answer",
    Ending.UNFINISHED: "a stream without finish reason and without [DONE]",
    Ending.MALFORMED: "no HTTP, or not what the API says",
    Ending.SILENT: "silence for too long",
    Ending.TIMEOUT: "longer than a request may take",
    Ending.STOPPED: "cut off by the end of the run; counted neither way",
    Ending.NO_SOCKET: "this machine had no socket left",
}


def render(result: LoadResult, *, colour: bool = False) -> str:
    page = Page(colour=colour, width=100)
    for section in (_head, _figures, _endings, _server, _doubts, _client):
        section(page, result)
        page.gap()
    return page.text()


def _head(page: Page, result: LoadResult) -> None:
    plan = result.plan
    if result.validity.valid:
        page.say("the client kept up: what follows is the server", mark="VALID", paint="pass")
    else:
        page.say("the client did not do what was asked: this measures nothing", mark="INVALID", paint="fail")
    if not result.complete:
        page.say("the run was stopped before its end; this is what there was until then", paint="bold")
    page.gap()
    page.say(f"{plan.target.url} · {plan.target.api} · {'streaming' if plan.stream else 'not streaming'}", paint="dim")
    warm = f", after {span(plan.warm_up)} of warm-up ({count(result.warm, 'request')})" if plan.warm_up else ""
    page.say(f"{asked(plan)}; {span(result.seconds)} measured{warm}", paint="dim")


def asked(plan: Plan) -> str:
    """The arrivals in words."""
    match plan.arrivals:
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
    seen = result.distributions
    ok = result.endings.get(Ending.OK, 0)

    def per_second(number: float) -> str:
        rate = result.per_second(number)
        return "–" if rate is None else f"{rate:,.1f}/s"

    page.row(f"  {'requests':<34}{result.requests:>12,}{per_second(result.requests):>16}")
    page.row(f"  {'  that went well':<34}{ok:>12,}{per_second(ok):>16}")
    if result.plan.slo.asks:
        page.row(f"  {'  and within the objectives':<34}{result.good:>12,}{per_second(result.good):>16}  goodput")
        page.say(f"objectives: {objectives(result.plan.slo)}", indent=4, paint="dim")
    page.row(f"  {'tokens out':<34}{result.tokens_out:>12,}{per_second(result.tokens_sending):>16}")
    page.row(f"  {'tokens in':<34}{result.tokens_in:>12,}{per_second(result.tokens_in):>16}")
    page.gap()
    page.row(f"  {'milliseconds':<34}" + "".join(f"{_share(share):>10}" for share in _SHARES) + f"{'mean':>10}")
    rows = [
        ("first token, since it was due", seen.ttft_due),
        ("first token, since it was sent", seen.ttft_sent),
        (_token_words(result), seen.per_token),
        ("between two reads of a stream", seen.gaps),
        ("mean per token of each request", seen.per_token_mean),
        ("whole answer, since it was due", seen.whole_due),
        ("whole answer, since it was sent", seen.whole_sent),
        ("the client: sent late by", seen.send_lag),
        ("the client: waited to connect", seen.queued),
    ]
    for name, counts in rows:
        if counts.total:
            page.row(f"  {name:<34}" + _milliseconds(counts))


def _token_words(result: LoadResult) -> str:
    """It is the time between tokens only where each event carries one."""
    each = result.tokens_out / result.chunks if result.chunks else 1.0
    return "between tokens" if abs(each - 1) < 0.01 else f"per token ({each:.1f} to an event)"


def objectives(slo: Slo) -> str:
    named = (("first token", slo.ttft), ("mean per token", slo.per_token), ("whole answer", slo.whole))
    return ", ".join(f"{name} ≤ {value * 1000:g} ms" for name, value in named if value is not None)


def _endings(page: Page, result: LoadResult) -> None:
    failed = {ending: number for ending, number in result.endings.items() if ending is not Ending.OK}
    if failed:
        page.say("What did not go well", paint="bold")
    for ending, number in failed.items():
        page.say(f"{number:,} {ending}: {_IN_WORDS[ending]}", indent=2, mark="·")
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
    client = result.client
    tokens = result.tokens_out or 0
    per_million = f", {client.cpu_seconds / tokens * 1e6:.1f} s per million tokens" if tokens else ""
    lag = client.receive_lag.percentile(0.99)
    learnt = f", learnt of 99 % of the reads within {lag / 1e6:.1f} ms" if lag is not None else ""
    began = f", first request {client.first_request:.2f} s after the command" if client.first_request else ""
    page.say(
        f"this client: {count(client.processes, 'process', 'processes')} on {count(client.cores, 'core')}, "
        f"{client.cpu_seconds:.2f} s of CPU{per_million}, {client.peak_memory / 1e6:.0f} MB{learnt}{began}",
        paint="dim",
    )


def _milliseconds(counts: Counts) -> str:
    values = [*(counts.percentile(share) for share in _SHARES), counts.mean]
    return "".join(f"{value / 1e6:>10,.2f}" if value is not None else f"{'–':>10}" for value in values)


def _share(share: float) -> str:
    return "most" if share == 1.0 else f"{share:.0%}"
