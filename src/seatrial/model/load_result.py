"""What came of a load: the parts that the processes hand in, and the result that they add up to.

All times are whole nanoseconds; moments are counted from the beginning of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from seatrial.kit.histogram import Counts
from seatrial.model.load import Plan

SCHEMA = "seatrial.dev/load/v1"
SERIES_SCHEMA = "seatrial.dev/load-series/v1"


class Ending(StrEnum):
    """What became of a request. Only the first is a success."""

    OK = "ok"
    REFUSED = "refused"  # nobody listens
    UNREACHABLE = "unreachable"  # no way there, or no connection in time
    TLS = "tls"  # the handshake failed
    RESET = "reset"  # the connection was cut off before anything of the answer
    STATUS = "status"  # another status than 200
    LIMITED = "limited"  # 429
    ERROR_EVENT = "error-event"  # an error inside a 200
    NO_TOKEN = "no-token"  # a whole answer that says nothing
    TRUNCATED = "truncated"  # the connection ended inside the answer
    UNFINISHED = "unfinished"  # a whole stream without finish reason and without [DONE]
    MALFORMED = "malformed"  # not HTTP, or not what the API says
    SILENT = "silent"  # no byte for too long; the other side may be half gone
    TIMEOUT = "timeout"  # longer than a request may take
    STOPPED = "stopped"  # by the end of the run; neither good nor bad
    NO_SOCKET = "no-socket"  # this machine had no socket left
    OTHER = "other"  # a failure of which the tool that measured says no more


class Mark(StrEnum):
    """What is odd about an answer and yet no failure. Their order is their bit in ``Row.marks``."""

    NO_DONE = "no-done"  # a finish reason, but no [DONE]
    EMPTY_FIRST = "empty-first"  # the first event carried no text
    COALESCED = "coalesced"  # several events in one read
    STALLED = "stalled"
    NO_USAGE = "no-usage"
    RESENT = "resent"  # a kept connection was gone; sent again on a new one


MARKS = tuple(Mark)


Moment = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One request. A moment that did not come is -1."""

    index: int
    due: Moment
    begun: Moment  # when the client took it up
    sent: Moment  # when the request was handed to the kernel
    first: Moment  # the first event with text
    last: Moment  # the last event with text
    end: Moment
    ending: Ending
    status: int
    tokens_in: int
    tokens_out: int  # as the server counts them; -1 where it does not
    chunks: int  # events that carried text
    stall: Moment  # the longest time between two reads of the stream
    marks: int
    model: int
    retry_after: float = 0.0
    text: str = ""  # what was said, where the server did not count it and somebody else will


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the client itself did since its last part."""

    receive_lag: Counts = Counts()  # from the kernel's stamp to when the loop learnt of it
    loop: Counts = Counts()  # how long one turn of the loop took
    connect: Counts = Counts()
    odd_stamps: int = 0  # of the kernel, that made no sense; the loop's own were taken
    cpu: float = 0.0  # seconds
    wall: float = 0.0
    peak_memory: int = 0  # bytes, of the process


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one process hands in about once a second. Parts add up, in any order, each counted once."""

    shard: int
    number: int
    until: int  # the moment of the run up to which everything that has ended is in this and earlier parts
    rows: tuple[Row, ...] = ()
    gaps: Counts = Counts()  # between reads of a stream
    per_token: Counts = Counts()  # the same, shared out among the tokens that came in each
    warm_gaps: Counts = Counts()  # of the warm-up
    in_flight: int = 0
    health: Health = Health()
    last: bool = False
    stopped: bool = False  # before the end of the plan


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the run, for plots and for what needs independent samples."""

    at: float
    seconds: float
    due: int = 0
    ok: int = 0
    failed: int = 0
    good: int = 0  # ok and within the objectives
    tokens: int = 0
    in_flight: int = 0  # at its end
    ttft: tuple[float, float, float] | None = None  # median, 95 %, 99 %, seconds, from when it was due
    whole: tuple[float, float, float] | None = None

    def per_second(self, number: float) -> float:
        return number / self.seconds if self.seconds > 0 else 0.0


class Distributions(msgspec.Struct, frozen=True, kw_only=True):
    """Nanoseconds, of the requests that went well."""

    ttft_due: Counts = Counts()  # from when the request was due
    ttft_sent: Counts = Counts()  # from when it was handed to the kernel
    whole_due: Counts = Counts()
    whole_sent: Counts = Counts()
    per_token_mean: Counts = Counts()  # of each request: the time after the first token, by token
    per_token: Counts = Counts()  # between tokens
    gaps: Counts = Counts()  # between reads
    send_lag: Counts = Counts()  # from due to taken up: what the client is to blame for
    queued: Counts = Counts()  # from taken up to handed to the kernel: connecting
    due_gaps: Counts = Counts()  # between one request that was due and the next
    begun_gaps: Counts = Counts()  # between one that was taken up and the next
    tokens_in: Counts = Counts()
    tokens_out: Counts = Counts()


class Doubt(msgspec.Struct, frozen=True):
    """Why a run is no valid measurement."""

    id: str
    what: str


class Validity(msgspec.Struct, frozen=True, kw_only=True):
    valid: bool
    doubts: tuple[Doubt, ...] = ()
    notes: tuple[Doubt, ...] = ()  # what a reader should know, and does not make it invalid
    asked_rate: float | None = None
    sent_rate: float | None = None
    asked_variation: float | None = None
    sent_variation: float | None = None
    receive_lag_known: bool = False


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """What the measurement cost here."""

    processes: int = 1
    cores: int = 1
    cpu_seconds: float = 0.0
    busiest: float = 0.0  # the highest share of a core that one process took
    peak_memory: int = 0  # the sum over processes
    lost: tuple[int, ...] = ()  # shards that handed in nothing to the end
    receive_lag: Counts = Counts()
    loop: Counts = Counts()
    connect: Counts = Counts()
    odd_stamps: int = 0
    first_request: float | None = None  # seconds from the start of the command


class ServerSample(msgspec.Struct, frozen=True, array_like=True):
    """One reading of the server's own metrics, on the time axis of the run."""

    at: float
    values: Mapping[str, float]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The other tool that measured this."""

    tool: str
    version: str = ""
    lacks: tuple[str, ...] = ()  # figures that its file does not have
    caveats: tuple[str, ...] = ()  # what its figures mean that ours do not


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    plan: Plan
    started_at: str
    seconds: float  # that count: without the warm-up, and to the end of the last answer
    sending: float = 0.0  # of these, as long as requests were due: what rates are counted over
    tokens_sending: float = 0.0  # tokens out that came meanwhile
    requests: int = 0
    endings: Mapping[Ending, int] = {}
    statuses: Mapping[int, int] = {}
    marks: Mapping[Mark, int] = {}
    by_model: Mapping[str, int] = {}
    good: int = 0
    warm: int = 0  # requests of the warm-up, in no figure but this
    lost_in_flight: int = 0  # were under way when an earlier part of the run was cut off
    tokens_in: int = 0
    tokens_out: int = 0
    chunks: int = 0
    distributions: Distributions = Distributions()
    windows: tuple[Window, ...] = ()
    steady_from: float | None = None
    validity: Validity
    client: Client = Client()
    complete: bool = True
    samples: tuple[ServerSample, ...] = ()
    origin: Origin | None = None  # None where seatrial measured

    def doubted(self, doubts: tuple[Doubt, ...]) -> LoadResult:
        """The same, with more reasons why it is no measurement."""
        validity = msgspec.structs.replace(self.validity, valid=False, doubts=(*self.validity.doubts, *doubts))
        return msgspec.structs.replace(self, validity=validity)

    def noted(self, notes: tuple[Doubt, ...]) -> LoadResult:
        """The same, with more that a reader should know."""
        validity = msgspec.structs.replace(self.validity, notes=(*self.validity.notes, *notes))
        return msgspec.structs.replace(self, validity=validity) if notes else self

    def per_second(self, number: float) -> float | None:
        return number / self.sending if self.sending > 0 else None

    @property
    def tokens_per_second(self) -> float | None:
        return self.per_second(self.tokens_sending)

    @property
    def goodput(self) -> float | None:
        """Good answers per second."""
        return self.per_second(self.good)


class SeriesKind(StrEnum):
    REPEATS = "repeats"
    SWEEP = "sweep"  # through rates that were given
    SEARCH = "search"  # for the highest rate that meets the objectives


class LoadSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Several loads of one server, one after the other."""

    schema: str = SERIES_SCHEMA
    kind: SeriesKind
    results: tuple[LoadResult, ...]
    highest: float | None = None  # rate that met the objectives
    lowest_missed: float | None = None
    limit_is_client: bool = False  # beyond ``highest``, the client is no measure
