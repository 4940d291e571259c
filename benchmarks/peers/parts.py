"""What is compared: a table for each question, with what is wanted of the ratio beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from benchmarks.peers.client import Client, Load
from benchmarks.peers.ours import BARE, OURS
from benchmarks.peers.running import Ran
from benchmarks.peers.session import LEFT_OUT, Found, Session

WITHIN = 0.002  # seconds of error of the first token, at 95 %
WITHIN_STREAMS, OURS_WITHIN = 0.05, 0.012
RATES = (10, 20, 40, 60, 80, 120, 160, 240, 320, 480, 640, 800, 960, 1280)
SHORT_RATES = (50, 100, 200, 400, 800, 1200, 1600, 2400, 3200, 4800, 6400, 9600)
STREAMS = (100, 250, 500, 1000, 2000, 4000, 8000)
EQUAL, BESIDE_BARE = (20, 80), (20, 80, 320)
SEVERAL = (320, 480, 640, 960, 1280, 1920)
LONG, FEW, SHORT = 100, 12, 4  # tokens


class Table(msgspec.Struct, frozen=True, kw_only=True):
    part: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


Part = Callable[[Session], Awaitable[Table]]


async def rates(session: Session) -> Table:
    wanted = {"inference-perf": 6.0, "guidellm": 15.0}
    steps = _by_rate(session, RATES, LONG, seconds=4)
    title = f"highest rate with an error of the first token of {WITHIN * 1e3:g} ms at most at 95 %: {LONG} tokens, 20 ms apart"
    return await _highest(session, "a", title, steps, wanted)


async def short_answers(session: Session) -> Table:
    steps = _by_rate(session, SHORT_RATES, SHORT, seconds=3)
    return await _highest(session, "b", f"the same with {SHORT} tokens", steps, {"vllm": 3.0})


async def streams(session: Session) -> Table:
    """Theirs up to where they hold a weaker limit than ours."""
    counts = STREAMS[:4] if session.brief else STREAMS
    steps = [Load(tokens=FEW, streams=count, total=3 * count) for count in counts]
    rows = []
    for client in session.measuring:
        ours = client is OURS
        limit = OURS_WITHIN if ours else WITHIN_STREAMS
        found = await session.highest(client, steps[-1:] if ours else steps, limit)
        held = found.held
        first = f"{held.load.streams:,}" if held else _nothing(found)
        late = f"{held.server_late * 1e3:.0f}" if held else ""
        rows.append((client.title, first, f"{limit * 1e3:g}", *_errors(held), late, found.beyond))
    title = f"streams held at once, each asking again: {FEW} tokens, 20 ms apart"
    return Table(
        part="c",
        title=title,
        columns=("", "streams", "limit ms", *_ERRORS, "server late ms", "beyond"),
        rows=tuple(rows),
    )


async def costs(session: Session) -> Table:
    rows: list[tuple[str, ...]] = []
    notes = ["CPU: what a longer run takes more than a short one; memory: all processes of a client together"]
    for rate in EQUAL[:1] if session.brief else EQUAL:
        found = {client: await _cost(session, client, rate) for client in session.measuring}
        ours = found[OURS]
        rows += [(f"{rate}/s", client.title, *_cost_row(session, client, cost, ours)) for client, cost in found.items()]
        for which, what, wanted in ((0, "CPU", 0.2), (2, "memory", 0.25)):
            others = {client.name: cost[which] for client, cost in found.items() if cost and client is not OURS}
            if ours and others and (best := min(others, key=lambda name: others[name])) and others[best]:
                ratio = ours[which] / others[best]
                notes.append(
                    f"{rate}/s: {what} is {ratio:.2f} times that of {best}, the best of the others; wanted {wanted}"
                )
    columns = ("rate", "", "CPU s per 1M tokens", "with its start", "ours / theirs", "peak MB", "ours / theirs")
    title = f"what it costs at the same rate: {LONG} tokens"
    return Table(part="d", title=title, columns=columns, rows=tuple(rows), notes=tuple(notes))


async def processes(session: Session) -> Table:
    """Two of ours against one. Where there are but two cores, the server takes its share of them."""
    rows, held = [], []
    for count in (1, 2):
        steps = [msgspec.structs.replace(one, processes=count) for one in _by_rate(session, SEVERAL, LONG, seconds=5)]
        found = await session.highest(OURS, steps, WITHIN)
        rate = found.held.load.rate if found.held else 0.0
        held.append(rate)
        ratio = f"{rate / held[0]:.2f}" if held[0] and count > 1 else ""
        rows.append((f"{count}", f"{rate:g}" if rate else _nothing(found), *_errors(found.held), ratio, found.beyond))
    columns = ("processes", "rate", *_ERRORS, "ratio", "beyond")
    notes = (
        "a core for each process and the others for the server; where none is left for it, it shares all of them",
        "wanted: 1.8",
    )
    return Table(part="e", title="seatrial with several processes", columns=columns, rows=tuple(rows), notes=notes)


async def first_requests(session: Session) -> Table:
    rows = []
    ours = await session.starts(OURS)
    for client in session.measuring:
        theirs = await session.starts(client)
        seen = (
            (f"{theirs[0]:.2f}", f"{theirs[1]:.2f}", _ratio(ours, theirs, 0) if client is not OURS else "")
            if theirs
            else (session.last_words(client), "", "")
        )
        rows.append((client.title, *seen))
    columns = ("", "seconds", "CPU s of such a run", "ours / theirs")
    notes = ("wanted of ours: 1 s",)
    return Table(
        part="f", title="from the command to the first request", columns=columns, rows=tuple(rows), notes=notes
    )


async def beside_bare(session: Session) -> Table:
    rows = []
    for rate in BESIDE_BARE[:1] if session.brief else BESIDE_BARE:
        ours, bare = await _cost(session, OURS, rate), await _cost(session, BARE, rate)
        if ours and bare:
            rows.append((f"{rate}/s", f"{ours[0]:.1f}", f"{bare[0]:.1f}", f"{ours[0] / bare[0]:.2f}"))
    columns = ("rate", "seatrial", BARE.name, "ratio")
    return Table(
        part="g", title="CPU s per 1M tokens beside a bare client", columns=columns, rows=tuple(rows), notes=BARE.notes
    )


PARTS: Mapping[str, Part] = {
    "a": rates,
    "b": short_answers,
    "c": streams,
    "d": costs,
    "e": processes,
    "f": first_requests,
    "g": beside_bare,
}
_ERRORS = ("p50 ms", "p95 ms", "p99 ms")


async def _highest(session: Session, part: str, title: str, steps: list[Load], wanted: Mapping[str, float]) -> Table:
    found = {client: await session.highest(client, steps, WITHIN) for client in session.measuring}
    ours = found[OURS].held
    rows = tuple(_rate_row(client, one, ours, wanted) for client, one in found.items())
    columns = ("", "requests/s", "tokens/s", *_ERRORS, "ours / theirs", "wanted", "beyond")
    return Table(part=part, title=title, columns=columns, rows=rows)


def _rate_row(client: Client, found: Found, ours: Ran | None, wanted: Mapping[str, float]) -> tuple[str, ...]:
    held = found.held
    ratio = f"{ours.load.rate / held.load.rate:.1f}" if ours and held and client is not OURS else ""
    rate = (f"{held.load.rate:g}", f"{held.load.rate * held.load.tokens:,.0f}") if held else (_nothing(found), "")
    return (
        client.title,
        *rate,
        *_errors(held),
        ratio,
        f"{wanted[client.name]:g}" if client.name in wanted else "",
        found.beyond,
    )


def _nothing(found: Found) -> str:
    return "" if found.beyond == LEFT_OUT else "none"


def _by_rate(session: Session, rates: tuple[int, ...], tokens: int, seconds: float) -> list[Load]:
    return [Load(tokens=tokens, rate=rate, seconds=2 if session.brief else seconds) for rate in rates]


def _errors(ran: Ran | None) -> tuple[str, ...]:
    if ran is None or ran.errors is None:
        return ("",) * len(_ERRORS)
    return tuple(f"{error * 1e3:.2f}" for error in ran.errors)


async def _cost(session: Session, client: Client, rate: int) -> tuple[float, float, float] | None:
    """CPU seconds per million tokens without the start and with it, and bytes. A short run at the same rate tells what the start takes."""
    load = Load(tokens=LONG, rate=rate, seconds=4 if session.brief else 8, each=False)
    long = (await session.known(client, load)).ran
    short = (await session.known(client, msgspec.structs.replace(load, seconds=1))).ran
    if long is None or short is None or long.tokens <= short.tokens:
        return None
    more = (long.cpu - short.cpu) / (long.tokens - short.tokens)
    return max(more, 0.0) * 1e6, long.cpu_per_million, float(long.memory)


def _cost_row(
    session: Session, client: Client, cost: tuple[float, float, float] | None, ours: tuple[float, float, float] | None
) -> tuple[str, ...]:
    if cost is None:
        return (session.last_words(client), *("",) * 4)
    cpu, whole, memory = cost
    ratios = (_ratio(ours, cost, 0), _ratio(ours, cost, 2)) if client is not OURS else ("", "")
    return (f"{cpu:.1f}", f"{whole:.1f}", ratios[0], f"{memory / 1e6:.0f}", ratios[1])


def _ratio(ours: tuple[float, ...] | None, theirs: tuple[float, ...], which: int) -> str:
    return f"{ours[which] / theirs[which]:.2f}" if ours and theirs[which] else ""
