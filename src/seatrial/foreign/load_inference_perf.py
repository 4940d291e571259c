"""The reports of inference-perf: ``summary_lifecycle_metrics.json`` and those of its stages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.foreign.load_summary import number, seconds, times
from seatrial.kit.histogram import Counts
from seatrial.model.load import Closed, Open, Phase, Plan, Target
from seatrial.model.load_result import Distributions, Ending, LoadResult, Origin, Validity

_Summary = Mapping[str, float | None]
_SHARES = {"min": 0.0, "median": 0.5, "max": 1.0}
_LACKS = (
    *("times since a request was due", "time per token by read and by token apart", "goodput since it was due"),
    *("windows over time", "the server's own metrics", "what the client cost", "how each answer ended"),
)
_CAVEATS = (
    "only percentiles are in its file: between those the plots are stairs",
    "first token and whole answer count since the request was sent, so that what the client was late is not in them",
    "rates are over the time to the end of the last answer",
    "a stream with an error in it and an answer without a token count as successes there",
)


class _Load(msgspec.Struct, frozen=True):
    count: float = 0
    schedule_delay: _Summary | None = None
    send_duration: float | None = None
    requested_rate: float | None = None
    achieved_rate: float | None = None
    concurrency: float | None = None


class _Latency(msgspec.Struct, frozen=True):
    request_latency: _Summary | None = None
    time_to_first_token: _Summary | None = None
    time_per_output_token: _Summary | None = None
    inter_token_latency: _Summary | None = None


class _Tokens(msgspec.Struct, frozen=True):
    total: float = 0


class _Successes(msgspec.Struct, frozen=True):
    count: float = 0
    latency: _Latency = _Latency()
    prompt_tokens: _Tokens = _Tokens()
    output_tokens: _Tokens = _Tokens()


class _Label(msgspec.Struct, frozen=True):
    count: float = 0


class _Failures(msgspec.Struct, frozen=True):
    count: float = 0
    by_label: Mapping[str, _Label] = {}


class Report(msgspec.Struct, frozen=True):
    benchmark_time_seconds: float
    load_summary: _Load
    successes: _Successes
    failures: _Failures = _Failures()


def result(report: Report) -> LoadResult:
    load, well = report.load_summary, report.successes
    took = seconds(report.benchmark_time_seconds)
    ok = number(well.count)
    tokens = number(well.output_tokens.total)
    return LoadResult(
        plan=Plan(target=Target(url=""), arrivals=_arrivals(load, took)),
        started_at="",
        seconds=took,
        sending=took,
        tokens_sending=float(tokens),
        requests=number(load.count),
        endings={Ending.OK: ok, **_failed(report.failures)},
        good=ok,
        tokens_in=number(well.prompt_tokens.total),
        tokens_out=tokens,
        distributions=_distributions(load, well),
        validity=Validity(valid=True, asked_rate=load.requested_rate, sent_rate=load.achieved_rate),
        origin=Origin(tool="inference-perf", lacks=_LACKS, caveats=_CAVEATS),
    )


def _arrivals(load: _Load, took: float) -> Open | Closed:
    if load.concurrency:
        return Closed(clients=number(load.concurrency), seconds=took)
    if load.requested_rate:
        return Open(phases=(Phase(seconds=load.send_duration or took, rate=load.requested_rate),))
    return Open(phases=())


def _distributions(load: _Load, well: _Successes) -> Distributions:
    latency = well.latency
    return Distributions(
        ttft_sent=_counts(latency.time_to_first_token, well.count),
        whole_sent=_counts(latency.request_latency, well.count),
        per_token_mean=_counts(latency.time_per_output_token, well.count),
        per_token=_counts(latency.inter_token_latency, max(well.output_tokens.total - well.count, 1)),
        send_lag=_counts(load.schedule_delay, load.count),
    )


def _counts(summary: _Summary | None, total: float) -> Counts:
    if summary is None:
        return Counts()
    known = {
        share: value
        for name, value in summary.items()
        if value is not None and (share := _SHARES.get(name, _share(name))) is not None
    }
    return times(known, total=total, mean=summary.get("mean"))


def _share(name: str) -> float | None:
    """``p99.9`` is 0.999."""
    try:
        return float(name.removeprefix("p")) / 100 if name.startswith("p") else None
    except ValueError:
        return None


def _failed(failures: _Failures) -> dict[Ending, int]:
    """Its labels name a status, or little; what it does not label is a failure all the same."""
    found: dict[Ending, int] = {}
    for label, one in failures.by_label.items():
        ending = _ending(label)
        found[ending] = found.get(ending, 0) + number(one.count)
    if rest := number(failures.count) - sum(found.values()):
        found[Ending.OTHER] = found.get(Ending.OTHER, 0) + max(rest, 0)
    return found


def _ending(label: str) -> Ending:
    status, dash, _ = label.partition(" - ")
    if dash and status.isdigit():
        return Ending.LIMITED if status == "429" else Ending.STATUS
    return {"Timeout": Ending.TIMEOUT, "Connection Error": Ending.UNREACHABLE}.get(label, Ending.OTHER)
