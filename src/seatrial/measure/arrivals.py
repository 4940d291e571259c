"""When requests are due: the same moments for the same seed, whoever asks, so that processes can share them out.

A renewal process of rate one is stretched by the phases' rates. Ramps, bursts and steps therefore work with every process.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from seatrial.model.load import Arrivals, Closed, Open, Phase, Process, Replay

NANOSECONDS = 1_000_000_000


def due_times(arrivals: Arrivals, seed: int) -> Iterator[int]:
    """Nanoseconds from the beginning, in order. A closed loop has none: there, answers decide."""
    match arrivals:
        case Open():
            return _open(arrivals, seed)
        case Replay():
            return (round(call.at * NANOSECONDS) for call in arrivals.calls)
        case Closed():
            return iter(())


def length(arrivals: Arrivals) -> float | None:
    """Seconds over which requests are due; None where their number decides."""
    match arrivals:
        case Open():
            return sum(phase.seconds for phase in arrivals.phases)
        case Replay():
            return max((call.at for call in arrivals.calls), default=0.0)
        case Closed():
            return arrivals.seconds


def bursts(rate: float, times: float, *, every: float, lasting: float, seconds: float) -> tuple[Phase, ...]:
    """A rate that is multiplied for ``lasting`` seconds out of every ``every``."""
    phases: list[Phase] = []
    left = seconds
    while left > 1e-9:
        for stretch, at in ((every - lasting, rate), (lasting, rate * times)):
            if (now := min(stretch, left)) > 1e-9:
                phases.append(Phase(seconds=now, rate=at))
            left -= now
    return tuple(phases)


def _open(arrivals: Open, seed: int) -> Iterator[int]:
    steps = _steps(arrivals, random.Random(seed))  # noqa: S311 - no secret
    count = next(steps)  # requests that the process has let through
    before, begun = 0.0, 0.0
    for phase in arrivals.phases:
        end = phase.rate if phase.to is None else phase.to
        holds = (phase.rate + end) / 2 * phase.seconds
        while count - before < holds:
            yield round((begun + _moment(phase, end, count - before)) * NANOSECONDS)
            count += next(steps)
        before += holds
        begun += phase.seconds


def _steps(arrivals: Open, chance: random.Random) -> Iterator[float]:
    if arrivals.process is Process.CONSTANT or arrivals.variation <= 0:
        yield 0.0
        while True:
            yield 1.0
    if arrivals.process is Process.POISSON:
        while True:
            yield -math.log(1.0 - chance.random())
    shape = 1 / arrivals.variation**2
    while True:
        yield chance.gammavariate(shape, 1 / shape)


def _moment(phase: Phase, end: float, count: float) -> float:
    """The second of the phase at which its rate has added up to ``count``."""
    slope = (end - phase.rate) / phase.seconds
    if abs(slope) < 1e-12:
        return count / phase.rate
    # The root of slope/2·t² + rate·t = count that lies in the phase, in the form that does not cancel.
    return 2 * count / (phase.rate + math.sqrt(max(phase.rate**2 + 2 * slope * count, 0.0)))
