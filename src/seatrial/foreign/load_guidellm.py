"""The ``benchmarks.json`` of guidellm: a result for each of its benchmarks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import msgspec

from seatrial.foreign.load_summary import Found, number, seconds, times
from seatrial.kit.histogram import Counts
from seatrial.kit.text import one_line
from seatrial.model.load import Closed, Model, Open, Phase, Plan, Process, Target
from seatrial.model.load_result import Distributions, Ending, LoadResult, Origin, Row, Validity

_SHARES = {
    "p001": 0.001,
    "p01": 0.01,
    "p05": 0.05,
    "p10": 0.1,
    "p25": 0.25,
    "p50": 0.5,
    "p75": 0.75,
    "p90": 0.9,
    "p95": 0.95,
    "p99": 0.99,
    "p999": 0.999,
}
_LACKS = (
    *("time between reads: a stall hides in the mean of its request", "objectives"),
    *("the server's own metrics", "what the client cost", "how each answer ended"),
)
_ROWS = ("times are those of each request in its file, taken again by our own definitions",)
_LACKS_WITHOUT_ROWS = ("time to first token since it was due", "windows over time")
_SUMMARY = (
    "its file does not have every request: between the percentiles that it tells the plots are stairs",
    "first token counts since the request was sent, so that what the client was late is not in it",
    "its time between tokens is the mean of each request, weighted by tokens",
)


class _Distribution(msgspec.Struct, frozen=True):
    count: float = 0
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    total_sum: float | None = None
    percentiles: Mapping[str, float | None] = {}


class _Statuses(msgspec.Struct, frozen=True):
    successful: _Distribution | None = None


class _Totals(msgspec.Struct, frozen=True):
    successful: float | None = 0
    errored: float | None = 0
    incomplete: float | None = 0
    total: float | None = 0


class _Metrics(msgspec.Struct, frozen=True):
    request_totals: _Totals = _Totals()
    request_latency: _Statuses | None = None
    request_scheduled_latency: _Statuses | None = None
    request_dispatch_delay: _Statuses | None = None
    prompt_token_count: _Statuses | None = None
    output_token_count: _Statuses | None = None
    time_to_first_token_ms: _Statuses | None = None
    inter_token_latency_ms: _Statuses | None = None


class _Strategy(msgspec.Struct, frozen=True):
    type_: str = ""
    rate: float | None = None
    streams: float | None = None


class _Config(msgspec.Struct, frozen=True):
    strategy: _Strategy = _Strategy()
    backend: Mapping[str, object] = {}


class _Timings(msgspec.Struct, frozen=True):
    targeted_start: float | None = None
    request_start: float | None = None
    first_token_iteration: float | None = None
    last_token_iteration: float | None = None
    token_iterations: float = 0
    request_end: float | None = None


class _Info(msgspec.Struct, frozen=True):
    timings: _Timings = _Timings()


class _Usage(msgspec.Struct, frozen=True):
    total_tokens: float | None = None


class _Request(msgspec.Struct, frozen=True):
    info: _Info = _Info()
    input_metrics: _Usage = _Usage()
    output_metrics: _Usage = _Usage()


class _Requests(msgspec.Struct, frozen=True):
    successful: tuple[_Request, ...] | None = ()
    errored: tuple[_Request, ...] | None = ()
    incomplete: tuple[_Request, ...] | None = ()


class _Benchmark(msgspec.Struct, frozen=True):
    metrics: _Metrics
    config: _Config = _Config()
    requests: _Requests = _Requests()
    start_time: float = 0.0
    duration: float = 0.0
    warmup_duration: float = 0.0


class _Metadata(msgspec.Struct, frozen=True):
    guidellm_version: str = ""


class Report(msgspec.Struct, frozen=True):
    metadata: _Metadata
    benchmarks: tuple[_Benchmark, ...]


def results(report: Report) -> Iterator[Found]:
    version = one_line(report.metadata.guidellm_version, limit=40)
    for one in report.benchmarks:
        rows = (*_rows(one),)
        lacks = _LACKS if rows else (*_LACKS_WITHOUT_ROWS, *_LACKS)
        origin = Origin(tool="guidellm", version=version, lacks=lacks, caveats=_ROWS if rows else _SUMMARY)
        yield Found(result=_result(one, origin), rows=rows)


def _rows(one: _Benchmark) -> Iterator[Row]:
    """Every request that counts, or none: it may keep but a sample of them."""
    totals, kept = one.metrics.request_totals, one.requests
    groups = (
        (Ending.OK, kept.successful or (), totals.successful),
        (Ending.OTHER, kept.errored or (), totals.errored),
        (Ending.STOPPED, kept.incomplete or (), totals.incomplete),
    )
    if any(len(requests) < number(total or 0) for _, requests, total in groups):
        return
    begun = [
        (request.info.timings.targeted_start or request.info.timings.request_start, ending, request)
        for ending, requests, _ in groups
        for request in requests
        if request.info.timings.request_start is not None and request.info.timings.request_end is not None
    ]
    due = [(at, ending, request) for at, ending, request in begun if at is not None]
    zero = min((at for at, _, _ in due), default=0.0)
    for index, (at, ending, request) in enumerate(due):
        yield _row(index, at, zero, ending, request)


def _row(index: int, due: float, zero: float, ending: Ending, request: _Request) -> Row:
    seen = request.info.timings

    def since(moment: float | None) -> int:
        return -1 if moment is None else round(seconds(moment - zero) * 1_000_000_000)

    tokens = request.output_metrics.total_tokens
    return Row(
        index=index,
        due=since(due),
        begun=since(seen.request_start),
        sent=since(seen.request_start),
        first=since(seen.first_token_iteration),
        last=since(seen.last_token_iteration),
        end=since(seen.request_end),
        ending=ending,
        status=0,
        tokens_in=number(request.input_metrics.total_tokens or 0),
        tokens_out=number(seen.token_iterations if tokens is None else tokens),
        chunks=number(seen.token_iterations),
        stall=0,
        marks=0,
        model=0,
    )


def _result(one: _Benchmark, origin: Origin) -> LoadResult:
    metrics, took = one.metrics, seconds(one.duration)
    totals = metrics.request_totals
    ok, tokens = number(totals.successful or 0), _sum(metrics.output_token_count)
    strategy = one.config.strategy
    requests = number(totals.total or 0)
    return LoadResult(
        plan=Plan(target=_target(one.config.backend), arrivals=_arrivals(strategy, took)),
        started_at=_moment(one.start_time),
        seconds=took,
        sending=took,
        tokens_sending=float(tokens),
        requests=requests,
        endings={
            Ending.OK: ok,
            **{
                ending: number(count)
                for ending, count in ((Ending.OTHER, totals.errored), (Ending.STOPPED, totals.incomplete))
                if count
            },
        },
        good=ok,
        tokens_in=_sum(metrics.prompt_token_count),
        tokens_out=tokens,
        distributions=Distributions(
            ttft_sent=_counts(metrics.time_to_first_token_ms, 0.001),
            whole_sent=_counts(metrics.request_latency),
            whole_due=_counts(metrics.request_scheduled_latency),
            per_token_mean=_counts(metrics.inter_token_latency_ms, 0.001),
            send_lag=_counts(metrics.request_dispatch_delay),
        ),
        validity=Validity(valid=True, asked_rate=strategy.rate, sent_rate=requests / took if took else None),
        origin=origin,
    )


def _arrivals(strategy: _Strategy, took: float) -> Open | Closed:
    if strategy.rate and strategy.type_ in ("constant", "poisson"):
        return Open(phases=(Phase(seconds=took, rate=strategy.rate),), process=Process(strategy.type_))
    if strategy.type_ == "synchronous" or strategy.streams:
        return Closed(clients=number(strategy.streams or 1), seconds=took)
    return Open(phases=())


def _target(backend: Mapping[str, object]) -> Target:
    url, model = backend.get("target"), backend.get("model")
    names = (Model(name=one_line(model, limit=200)),) if isinstance(model, str) and model else ()
    return Target(url=one_line(url, limit=300) if isinstance(url, str) else "", models=names)


def _counts(statuses: _Statuses | None, unit: float = 1.0) -> Counts:
    """Of the answers that went well. ``unit``: in seconds."""
    one = statuses.successful if statuses is not None else None
    if one is None or not one.count:
        return Counts()
    ends = ((0.0, one.min), (1.0, one.max))
    within = ((_SHARES[name], value) for name, value in one.percentiles.items() if name in _SHARES)
    known = {share: value for share, value in (*ends, *within) if value is not None}
    return times(known, total=one.count, mean=one.mean, unit=unit)


def _sum(statuses: _Statuses | None) -> int:
    one = statuses.successful if statuses is not None else None
    return number(one.total_sum or 0) if one is not None else 0


def _moment(since_1970: float) -> str:
    if not 0 < since_1970 < 1e11:
        return ""
    return dt.datetime.fromtimestamp(since_1970, dt.UTC).isoformat(timespec="seconds")
