"""The figures of a load, each with its name and what it means, the same on every face."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from seatrial.kit.histogram import Counts
from seatrial.model.load import Open, Slo
from seatrial.model.load_result import Ending, LoadResult

SHARES = (0.5, 0.9, 0.95, 0.99, 1.0)
ENDINGS = {
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
    Ending.OTHER: "failed; the tool that measured does not say how",
}
_TIMES = (
    ("ttft_due", "first token, since it was due", "what a user waits, from when the plan wanted the request sent"),
    ("ttft_sent", "first token, since it was sent", "from when the request was handed to the kernel"),
    ("per_token", "", "between two reads of a stream, shared out among the tokens of each"),
    ("gaps", "between two reads of a stream", "what a reader sees; a stall cannot hide in it"),
    ("per_token_mean", "mean per token of each request", "from the first token to the last, by the tokens after the first"),
    ("whole_due", "whole answer, since it was due", "to the last byte, from when the plan wanted the request sent"),
    ("whole_sent", "whole answer, since it was sent", "to the last byte, from when it was handed to the kernel"),
    ("send_lag", "the client: sent late by", "from when a request was due to when the client took it up"),
    ("queued", "the client: waited to connect", "from when it was taken up to when it was handed to the kernel"),
)  # fmt: skip


class Time(msgspec.Struct, frozen=True):
    """A distribution of times, in nanoseconds."""

    id: str
    title: str
    meaning: str
    counts: Counts


class Total(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    number: int
    per_second: float | None
    meaning: str
    depth: int = 0  # part of the one above


def times(result: LoadResult) -> Iterator[Time]:
    """Those of which there is anything."""
    for id, title, meaning in _TIMES:
        counts: Counts = getattr(result.distributions, id)
        if counts.total:
            yield Time(id, title or per_token_words(result), meaning, counts)


def totals(result: LoadResult) -> Iterator[Total]:
    ok = result.endings.get(Ending.OK, 0)
    yield Total(
        id="requests",
        title="requests",
        number=result.requests,
        per_second=result.per_second(result.requests),
        meaning="that were due after the warm-up",
    )
    yield Total(
        id="ok",
        title="that went well",
        number=ok,
        per_second=result.per_second(ok),
        meaning="at least one token, a finish reason or [DONE], and no error",
        depth=1,
    )
    if result.plan.slo.asks:
        yield Total(
            id="good",
            title="and within the objectives",
            number=result.good,
            per_second=result.per_second(result.good),
            meaning="goodput",
            depth=1,
        )
    yield Total(
        id="tokens_out",
        title="tokens out",
        number=result.tokens_out,
        per_second=result.tokens_per_second,
        meaning="as the server counts them; the rate is of those that came while requests were due",
    )
    yield Total(
        id="tokens_in",
        title="tokens in",
        number=result.tokens_in,
        per_second=result.per_second(result.tokens_in),
        meaning="as the server counts them",
    )


def per_token_words(result: LoadResult) -> str:
    """It is the time between tokens only where each event carries one."""
    each = result.tokens_out / result.chunks if result.chunks else 1.0
    return "between tokens" if abs(each - 1) < 0.01 else f"per token ({each:.1f} to an event)"


def objectives(slo: Slo) -> str:
    named = (("first token", slo.ttft), ("mean per token", slo.per_token), ("whole answer", slo.whole))
    return ", ".join(f"{name} ≤ {value * 1000:g} ms" for name, value in named if value is not None)


def rate_of(result: LoadResult) -> float | None:
    """What was asked for, where that is one rate."""
    arrivals = result.plan.arrivals
    return arrivals.phases[0].rate if isinstance(arrivals, Open) and arrivals.phases else None


def first_token(result: LoadResult) -> Counts:
    """Since it was due; since it was sent where another tool does not tell more."""
    return result.distributions.ttft_due if result.distributions.ttft_due.total else result.distributions.ttft_sent


def each_token(result: LoadResult) -> Counts:
    """The mean of each request where another tool does not tell more."""
    return (
        result.distributions.per_token if result.distributions.per_token.total else result.distributions.per_token_mean
    )


def milliseconds(counts: Counts, share: float) -> float | None:
    value = counts.percentile(share)
    return None if value is None else value / 1e6


def share_words(share: float) -> str:
    return "most" if share == 1.0 else f"{share:.0%}"
