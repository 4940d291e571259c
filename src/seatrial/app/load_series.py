"""bench serve, several times: repeats, a sweep through rates, or a search for the highest that is good enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from seatrial.measure.saturation import search, sweep
from seatrial.model.errors import Interrupted, UsageError
from seatrial.model.load import Open, Phase, Plan
from seatrial.model.load_result import LoadResult, LoadSeries, SeriesKind

Begin = Callable[[str], None]  # told what comes next
Send = Callable[[Plan], LoadResult]


def repeats(plan: Plan, times: int, *, send: Send, begin: Begin) -> LoadSeries:
    """The same plan with another seed each time, so that what they have in common is the server."""

    def attempt(number: float) -> LoadResult:
        again = msgspec.structs.replace(plan, seed=plan.seed + int(number))
        return _sent(again, f"run {number + 1:.0f} of {times}", send, begin)

    return sweep(attempt, range(times), SeriesKind.REPEATS)


def rates(plan: Plan, steps: Sequence[float], *, send: Send, begin: Begin) -> LoadSeries:
    return sweep(_at_rate(plan, send, begin), steps)


def highest(plan: Plan, *, within: float, send: Send, begin: Begin) -> LoadSeries:
    if not plan.slo.asks:
        raise UsageError("a search needs to know what is good enough", way_out="say it with --slo, such as ttft=200ms")
    return search(_at_rate(plan, send, begin), _open(plan).phases[0].rate, within=within)


def _at_rate(plan: Plan, send: Send, begin: Begin) -> Callable[[float], LoadResult]:
    arrivals = _open(plan)
    seconds = sum(phase.seconds for phase in arrivals.phases)

    def attempt(rate: float) -> LoadResult:
        at_rate = msgspec.structs.replace(arrivals, phases=(Phase(seconds=seconds, rate=rate),))
        what = f"{rate:.4g} requests/s for {seconds:g} s"
        return _sent(msgspec.structs.replace(plan, arrivals=at_rate), what, send, begin)

    return attempt


def _sent(plan: Plan, what: str, send: Send, begin: Begin) -> LoadResult:
    """Ctrl-C before one of several has begun leaves those before it."""
    begin(what)
    try:
        return send(plan)
    except (Interrupted, KeyboardInterrupt):
        begin("stopped; what there was until then is told")
        raise Interrupted("stopped before anything was measured") from None


def _open(plan: Plan) -> Open:
    if not isinstance(plan.arrivals, Open):
        raise UsageError("rates can be tried where requests come at a rate", way_out="leave --clients and --trace out")
    return plan.arrivals
