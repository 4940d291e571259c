"""What a client of a model server sees, under the names that OpenTelemetry gives it: its GenAI client metrics, as histograms.

They are those of the semantic conventions 1.41.1, the last release that has them; the repository to which they have moved since has
released nothing yet. Whatever has a row of its own is counted exactly; the times between chunks come as histograms, which know
each to 0.4 %.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from urllib.parse import SplitResult

import msgspec

from seatrial.kit.histogram import Counts, middle
from seatrial.measure.arrivals import NANOSECONDS
from seatrial.measure.prompts import address
from seatrial.model.load import Api, Plan
from seatrial.model.load_result import Ending, Part, Row

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.1"
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4**power for power in range(14))
_OPERATIONS = {Api.CHAT: "chat", Api.COMPLETIONS: "text_completion"}
_PROVIDER = "openai"  # whose format it is, whoever serves
_BY_STATUS = (Ending.STATUS, Ending.LIMITED)
_PORTS = {"http": 80, "https": 443}

Labels = tuple[tuple[str, str | int | bool], ...]


class Instrument(msgspec.Struct, frozen=True):
    name: str
    unit: str
    about: str
    bounds: tuple[float, ...]
    scale: int  # how many of what is recorded make one of the unit


DURATION = Instrument(
    "gen_ai.client.operation.duration", "s", "From the sending of a request to its end.", _SECONDS, NANOSECONDS
)
USAGE = Instrument("gen_ai.client.token.usage", "{token}", "Tokens of each request, as they were counted.", _TOKENS, 1)
FIRST = Instrument(
    "gen_ai.client.operation.time_to_first_chunk",
    "s",
    "From the sending of a request to the first chunk with text.",
    _SECONDS,
    NANOSECONDS,
)
PER_CHUNK = Instrument(
    "gen_ai.client.operation.time_per_output_chunk",
    "s",
    "From one read of a stream to the next; chunks that came in one read are one.",
    _SECONDS,
    NANOSECONDS,
)


class Tallied:
    """A histogram with explicit bounds: a bound belongs to the bucket below it, as OpenTelemetry has it."""

    __slots__ = ("_bounds", "buckets", "least", "most", "scale", "sum", "total")

    def __init__(self, instrument: Instrument) -> None:
        self.scale = instrument.scale
        self._bounds = [round(bound * self.scale) for bound in instrument.bounds]
        self.buckets = [0] * (len(self._bounds) + 1)
        self.total = self.sum = self.most = 0
        self.least: int | None = None

    def record(self, value: int) -> None:
        self.buckets[bisect_left(self._bounds, value)] += 1
        self._count(1, value, value, value)

    def merge(self, counts: Counts) -> None:
        for index, many in counts.buckets.items():
            self.buckets[bisect_left(self._bounds, middle(index))] += many
        if counts.total:
            self._count(counts.total, counts.sum, counts.least, counts.most)

    def _count(self, total: int, sum: int, least: int, most: int) -> None:
        self.total += total
        self.sum += sum
        self.least = least if self.least is None else min(self.least, least)
        self.most = max(self.most, most)


class ClientMetrics:
    """Of one run, added up from its parts. The warm-up is not in them, as it is in no other figure."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._warm_until = round(plan.warm_up * NANOSECONDS)
        self._common = _common(plan, address(plan.target.url))
        self._found: dict[tuple[Instrument, Labels], Tallied] = {}

    def add(self, part: Part) -> None:
        for row in part.rows:
            if row.due >= self._warm_until and row.ending is not Ending.STOPPED:
                self._row(row)
        if self._plan.stream and part.gaps.total:
            models = self._plan.target.models
            only = (
                self._model(0) if len(models) == 1 else ()
            )  # parts have the times between chunks for all models together
            self._of(PER_CHUNK, only).merge(part.gaps)

    def points(self) -> Iterator[tuple[Instrument, Labels, Tallied]]:
        for (instrument, labels), tallied in self._found.items():
            yield instrument, labels, tallied

    def _row(self, row: Row) -> None:
        model = self._model(row.model)
        begun = row.sent if row.sent >= 0 else row.begun
        failed = () if row.ending is Ending.OK else (("error.type", error_type(row)),)
        self._of(DURATION, model + failed).record(row.end - begun)
        if failed:
            return
        if row.first >= 0:
            self._of(FIRST, model).record(row.first - row.sent)
        for kind, tokens in (("input", row.tokens_in), ("output", row.tokens_out)):
            if tokens >= 0:  # what was not counted must not be told
                self._of(USAGE, (*model, ("gen_ai.token.type", kind))).record(tokens)

    def _model(self, number: int) -> Labels:
        models = self._plan.target.models
        return (("gen_ai.request.model", models[number].name),) if number < len(models) else ()

    def _of(self, instrument: Instrument, labels: Labels) -> Tallied:
        key = instrument, self._common + labels
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Tallied(instrument)
        return found


def error_type(row: Row) -> str:
    """The status where there is one that says it, else the name that the ending has everywhere."""
    return str(row.status) if row.ending in _BY_STATUS and row.status else row.ending.value


def _common(plan: Plan, where: SplitResult) -> Labels:
    labels: Labels = (
        ("gen_ai.operation.name", _OPERATIONS[plan.target.api]),
        ("gen_ai.provider.name", _PROVIDER),
        ("server.address", where.hostname or ""),
        ("server.port", where.port or _PORTS[where.scheme]),
    )
    return (*labels, ("seatrial.simulated", True)) if plan.target.simulated else labels
