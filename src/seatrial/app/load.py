"""bench serve: sends the load of a plan, keeps what comes of it, and adds it up."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from seatrial.measure.arrivals import NANOSECONDS, due_times, length
from seatrial.measure.crew import Crew
from seatrial.measure.record import Header, Record, read
from seatrial.measure.saturation import met
from seatrial.measure.scrape import Scraper
from seatrial.measure.tally import Tally
from seatrial.measure.tokens import Counter
from seatrial.model.errors import Interrupted
from seatrial.model.load import Closed, Plan
from seatrial.model.load_result import Doubt, LoadResult, LoadSeries, Mark, Part, ServerSample


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """How a run goes, while it goes."""

    at: float
    requests: int
    in_flight: int
    failed: int
    left: float | None = None  # seconds
    ttft: tuple[float | None, float | None] = (None, None)  # median and 99 %, in seconds


_COUNTED = (
    "{many} answers came without usage: their tokens were counted by {by}, without what a template adds; times between "
    "tokens are those between their events"
)

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


class Hire(Protocol):
    """Finds who sends a plan, or what of it comes after ``skip_before`` seconds."""

    def __call__(self, plan: Plan, *, skip_before: float = 0.0, first_index: int = 0) -> Senders: ...


def here(plan: Plan, *, skip_before: float = 0.0, first_index: int = 0) -> Senders:
    """Processes of this machine."""
    return Crew(plan, skip_before=skip_before, first_index=first_index, cores=cores())


class Listener(Protocol):
    """Whoever tells others of a run while it goes, such as ``measure.exporter``."""

    def begin(self, plan: Plan) -> None: ...

    def take(self, part: Part) -> None: ...

    def end(self) -> None: ...


class How(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on beside a load, and who sends it."""

    metrics: tuple[str, ...] = ()  # addresses of the server's own, which are read meanwhile
    watch: Watch = lambda _: None
    hire: Hire = here
    listener: Listener | None = None


def send(plan: Plan, how: How = How(), *, record: Path | None = None) -> LoadResult:  # noqa: B008 - frozen
    """To the end of the plan; Ctrl-C ends it early, and what there was until then is the result."""
    scraper = Scraper(how.metrics)
    started_at = _now()
    senders = how.hire(plan)
    kept = Record.begin(record, Header(plan=plan, started_at=started_at)) if record is not None else None
    return _sent(Tally(plan, cores=senders.cores), senders, started_at, kept=kept, how=how, scraper=scraper)


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A run that was cut off: what is known of it, and from where on it goes on."""

    record: Path
    header: Header
    tally: Tally
    done: bool  # it was not cut off after all
    lost: int  # requests that had begun and not ended

    @property
    def plan(self) -> Plan:
        return self.header.plan

    def result(self) -> LoadResult:
        return self.tally.result(self.header.started_at, complete=self.done, lost_in_flight=self.lost)


def left_of(record: Path) -> Left:
    header, parts = read(record)
    tally = Tally(header.plan, cores=cores())
    done = _added(tally, parts)
    lost = 0 if done else _begun_before(header.plan, tally) - tally.requests - tally.warm
    return Left(record=record, header=header, tally=tally, done=done, lost=lost)


def go_on(left: Left, plan: Plan, how: How = How()) -> LoadResult:  # noqa: B008 - frozen
    """What had begun and not ended when it was cut off is counted as lost, and not sent again. ``plan``: with the way
    that leads to the server today."""
    if left.done:
        return left.result()
    tally = left.tally
    senders = how.hire(plan, skip_before=tally.until / NANOSECONDS, first_index=tally.indexes + 1)
    tally.go_on()
    return _sent(
        tally,
        senders,
        left.header.started_at,
        kept=Record.resume(left.record),
        how=how,
        scraper=Scraper(how.metrics),
        lost=left.lost,
    )


def of_record(record: Path) -> LoadResult:
    """What a record adds up to, without sending anything."""
    return left_of(record).result()


def _sent(
    tally: Tally,
    crew: Senders,
    started_at: str,
    *,
    kept: Record | None,
    how: How,
    scraper: Scraper,
    lost: int = 0,
) -> LoadResult:
    begun = time.monotonic()
    whole = length(tally.plan.arrivals)

    counter = Counter.of(tally.plan)

    def take(part: Part) -> None:
        if counter is not None:
            part = counter.counted(part)
        if kept is not None:
            kept.add(part)
        tally.add(part)
        if how.listener is not None:
            how.listener.take(part)

    def turn() -> None:
        scraper.turn()
        at = 0.0 if crew.begun_at is None else max(time.monotonic() - begun - (crew.begun_at - _wall(begun)), 0.0)
        how.watch(
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
    if how.listener is not None:
        how.listener.begin(tally.plan)
    try:
        crew.run(take, turn)
    finally:
        if kept is not None:
            kept.close()
        if how.listener is not None:
            how.listener.end()
    if crew.stopped and not tally.requests:
        raise Interrupted("stopped before anything was measured")
    first = before + (crew.begun_at - _wall(begun)) if crew.begun_at is not None else None
    result = tally.result(
        started_at, complete=not crew.stopped, lost_in_flight=lost, first_request=first, samples=_samples(scraper, crew)
    )
    result = result.doubted(crew.doubts) if crew.doubts else result
    return result.noted((*(Doubt("metrics", what) for what in scraper.gaps()), *_counted(result)))


def _counted(result: LoadResult) -> Iterator[Doubt]:
    by, many = result.plan.prompts.tokenizer, result.marks.get(Mark.NO_USAGE, 0)
    if by and many:
        yield Doubt("counted", _COUNTED.format(many=many, by=by))


def _samples(scraper: Scraper, crew: Senders) -> tuple[ServerSample, ...]:
    """From the moment on at which requests began."""
    if crew.begun_at is None:
        return ()
    late = _wall(scraper.begun) - crew.begun_at + crew.skipped
    return tuple(msgspec.structs.replace(one, at=round(one.at + late, 3)) for one in scraper.samples)


def _added(tally: Tally, parts: Iterable[Part]) -> bool:
    """Whether the run had come to its end: each process has told its last, and none was stopped."""
    last: set[int] = set()

    def seen() -> Iterator[Part]:
        for part in parts:
            if part.last and not part.stopped:
                last.add(part.shard)
            yield part

    tally.add_all(seen())
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
