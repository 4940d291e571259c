"""bench serve: sends the load of a plan, keeps what comes of it, and adds it up."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from seatrial.measure.arrivals import NANOSECONDS, due_times, length
from seatrial.measure.crew import Crew
from seatrial.measure.record import Header, Record, read
from seatrial.measure.saturation import met
from seatrial.measure.scrape import Scraper
from seatrial.measure.tally import Tally
from seatrial.model.errors import Interrupted, UsageError
from seatrial.model.load import Closed, Plan
from seatrial.model.load_result import Doubt, LoadResult, LoadSeries, Part, ServerSample


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """How a run goes, while it goes."""

    at: float
    requests: int
    in_flight: int
    failed: int
    left: float | None = None  # seconds
    ttft: tuple[float | None, float | None] = (None, None)  # median and 99 %, in seconds


Watch = Callable[[Glimpse], None]


def cores() -> int:
    return len(os.sched_getaffinity(0))


class Senders(Protocol):
    """The processes that share a load: those of this machine (``measure.crew``), or pods."""

    skipped: float
    begun_at: float | None  # on the wall clock
    stopped: bool
    doubts: tuple[Doubt, ...]
    cores: int

    def run(self, take: Callable[[Part], None], turn: Callable[[], None]) -> None: ...


def send(
    plan: Plan,
    *,
    record: Path | None = None,
    metrics: tuple[str, ...] = (),
    watch: Watch = lambda _: None,
    senders: Senders | None = None,
) -> LoadResult:
    """To the end of the plan; Ctrl-C ends it early, and what there was until then is the result.

    ``metrics``: addresses of the server's own, which are read meanwhile. ``senders``: those of this machine unless given.
    """
    scraper = Scraper(metrics)
    started_at = _now()
    kept = Record.begin(record, Header(plan=plan, started_at=started_at)) if record is not None else None
    crew = senders or Crew(plan, cores=cores())
    return _sent(Tally(plan, cores=crew.cores), crew, started_at, kept=kept, watch=watch, scraper=scraper)


def resume(record: Path, *, watch: Watch = lambda _: None) -> LoadResult:
    """Go on where a run was cut off. What had begun and not ended then is counted as lost, and not sent again."""
    header, parts = read(record)
    tally = Tally(header.plan, cores=cores())
    done = _added(tally, parts)
    skip = tally.until / NANOSECONDS
    lost = _begun_before(header.plan, tally) - tally.requests - tally.warm
    if done:
        return tally.result(header.started_at, lost_in_flight=lost)
    if header.plan.in_pods:
        raise UsageError(f"{record} is of pods, which are gone", way_out="begin anew with --in-cluster")
    tally.go_on()
    kept = Record.resume(record)
    crew = Crew(header.plan, skip_before=skip, first_index=tally.indexes + 1, cores=cores())
    return _sent(tally, crew, header.started_at, kept=kept, watch=watch, lost=lost)


def of_record(record: Path) -> LoadResult:
    """What a record adds up to, without sending anything."""
    header, parts = read(record)
    tally = Tally(header.plan, cores=cores())
    done = _added(tally, parts)
    lost = 0 if done else _begun_before(header.plan, tally) - tally.requests - tally.warm
    return tally.result(header.started_at, complete=done, lost_in_flight=lost)


def _sent(
    tally: Tally,
    crew: Senders,
    started_at: str,
    *,
    kept: Record | None,
    watch: Watch,
    scraper: Scraper | None = None,
    lost: int = 0,
) -> LoadResult:
    begun = time.monotonic()
    whole = length(tally.plan.arrivals)

    def take(part: Part) -> None:
        if kept is not None:
            kept.add(part)
        tally.add(part)

    def turn() -> None:
        if scraper is not None:
            scraper.turn()
        at = 0.0 if crew.begun_at is None else max(time.monotonic() - begun - (crew.begun_at - _wall(begun)), 0.0)
        watch(
            Glimpse(
                at=at,
                requests=tally.requests + tally.warm,
                in_flight=tally.in_flight,
                failed=tally.failed,
                left=None if whole is None else max(whole - crew.skipped - at, 0.0),
                ttft=(tally.percentile("ttft_due", 0.5), tally.percentile("ttft_due", 0.99)),
            )
        )

    before = _since_process_start()
    try:
        crew.run(take, turn)
    finally:
        if kept is not None:
            kept.close()
    if crew.stopped and not tally.requests:
        raise Interrupted("stopped before anything was measured")
    first = before + (crew.begun_at - _wall(begun)) if crew.begun_at is not None else None
    result = tally.result(
        started_at, complete=not crew.stopped, lost_in_flight=lost, first_request=first, samples=_samples(scraper, crew)
    )
    return result.doubted(crew.doubts) if crew.doubts else result


def _samples(scraper: Scraper | None, crew: Senders) -> tuple[ServerSample, ...]:
    """From the moment on at which requests began."""
    if scraper is None or crew.begun_at is None:
        return ()
    late = _wall(scraper.begun) - crew.begun_at
    return tuple(msgspec.structs.replace(one, at=round(one.at + late, 3)) for one in scraper.samples)


def _added(tally: Tally, parts: Iterable[Part]) -> bool:
    """Whether the run had come to its end: each process has told its last, and none was stopped."""
    last: set[int] = set()
    for part in parts:
        tally.add(part)
        if part.last and not part.stopped:
            last.add(part.shard)
    return last >= set(range(tally.plan.shards))


def _begun_before(plan: Plan, tally: Tally) -> int:
    """How many requests were due before the moment up to which something is known."""
    if isinstance(plan.arrivals, Closed):
        return tally.indexes + 1
    return sum(1 for due in due_times(plan.arrivals, plan.seed) if due < tally.until)


def exit_code(*results: LoadResult) -> int:
    """3 where one is no measurement, 1 where too few answers were good, else 0."""
    if not all(result.validity.valid for result in results):
        return 3
    return 0 if all(met(result) for result in results) else 1


def encode(result: LoadResult | LoadSeries) -> str:
    return msgspec.json.encode(result).decode() + "\n"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _wall(monotonic: float) -> float:
    return time.time() - (time.monotonic() - monotonic)


def _since_process_start() -> float:
    """Seconds since this command was started, from the kernel's books."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
