"""A Measure is one number or distribution, with its unit, its target, how it was obtained, and whether it may be relied on."""

from __future__ import annotations

import msgspec


class Target(msgspec.Struct, frozen=True):
    """What a number should be, and who says so."""

    bound: float
    unit: str
    source: str
    least: bool = False  # at least so much; otherwise at most

    @property
    def text(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.bound:g} {self.unit}".rstrip()

    def is_met_by(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


class Bucket(msgspec.Struct, frozen=True):
    upto: float | None  # none: whatever is above the others
    count: float


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    p50: float
    p90: float
    p95: float
    p99: float
    least: float | None = None  # none: only what lies between two bounds is known
    most: float | None = None
    buckets: tuple[Bucket, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of what took time. They follow each other, so that all of them add up to the whole."""

    name: str
    seconds: float
    ended_by: str  # what was seen at its end
    error: float = 0.0  # so many seconds of it may belong to its neighbours


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The same measure of a part of all: of one device, one node, one namespace, one kind of error."""

    by: str
    name: str
    value: float
    unit: str = ""
    weight: float = 1.0  # what it counts for among the others of its kind
    over_time: tuple[float | None, ...] = ()  # every so many seconds, as the measure's ``step`` says


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    value: float
    unit: str
    subject: str = ""  # of what it is the measure, where there are several
    low: float | None = None  # it truly lies between these
    high: float | None = None
    target: str = ""
    target_source: str = ""
    met: bool | None = None  # none: there is no target, or the number says nothing
    source: str = ""
    samples: int = 0
    seconds: float = 0.0  # for how long it was looked at
    spread: Distribution | None = None
    parts: tuple[Part, ...] = ()
    rows: tuple[Row, ...] = ()
    step: float = 0.0
    valid: bool = True
    why_not_valid: str = ""
    simulated: bool = False  # what it is of, or ran on, is
    evidence: str = ""  # the id of the Evidence, where something was done for it

    @property
    def key(self) -> str:
        """What a comparison calls it."""
        return f"{self.id}@{self.subject}" if self.subject else self.id

    @property
    def is_there(self) -> bool:
        """Whether anything was measured at all."""
        return self.valid or self.samples > 0 or self.value != 0


def held_against(measure: Measure, target: Target | None) -> Measure:
    """With what it should be, and whether it is."""
    if target is None:
        return measure
    met = target.is_met_by(measure.value) if measure.valid else None
    return msgspec.structs.replace(measure, target=target.text, target_source=target.source, met=met)


def doubted(measure: Measure, *doubts: str) -> Measure:
    """Not valid for those of the reasons that are any."""
    why = "; ".join(filter(None, (measure.why_not_valid, *doubts)))
    return msgspec.structs.replace(measure, valid=not why, why_not_valid=why)
