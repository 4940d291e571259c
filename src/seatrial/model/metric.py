"""A Metric is how Measures are taken: a function whose signature is its manifest, as a Check's is.

It reads facts, or with a ``Workbench`` does something and looks how long that takes. A parameter of the type ``Means`` is what
only measuring needs beside that.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from seatrial.kit.clock import Clock
from seatrial.model.check import Parameter, Want, manifest
from seatrial.model.docstring import page
from seatrial.model.fact import Fact, sources
from seatrial.model.load_result import LoadResult
from seatrial.model.measure import Measure, Target
from seatrial.model.role import Role
from seatrial.model.verdict import Verdict

Taken = Sequence[Measure] | Verdict
Take = Callable[..., Taken | Awaitable[Taken]]

OF_TALK = "the talk's benchmarking framework"


class Means(msgspec.Struct, frozen=True, kw_only=True):
    clock: Clock
    window: float  # seconds that what is read reaches back
    step: float  # seconds between two points of that
    times: int  # that what takes time is repeated
    gangs: int
    deadlocks: Callable[[str], Awaitable[tuple[str, ...]]]
    """The circles of waiting that are in a namespace at this moment, each in words."""
    load: Callable[[], Awaitable[LoadResult]] | None = None
    """Sends a load to simulated model servers, once, however often it is asked; none where nothing may be started for that."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    how: str
    fix: str
    unit: str
    target: Target | None
    take: Take
    parameters: tuple[Parameter, ...]
    means: str  # the name of the parameter that takes them; empty where none does
    creates: tuple[str, ...]
    exclusive: tuple[str, ...]
    uses: tuple[str, ...]
    looks_at: tuple[str, ...] = ()  # resources that it only watches while it is at work

    @property
    def area(self) -> str:
        return self.id.partition(".")[0]

    @property
    def active(self) -> bool:
        return any(one.want is Want.BENCH for one in self.parameters)

    @property
    def reads(self) -> tuple[type[Fact], ...]:
        asked = (one.kind for one in self.parameters if one.want in (Want.ONE, Want.ALL))
        return tuple(kind for one in asked for kind in sources(one))

    @property
    def role(self) -> type[Role] | None:
        return next((one.kind for one in self.parameters if one.want is Want.ROLE), None)


def metric(
    id: str,
    *,
    unit: str,
    target: Target | None = None,
    creates: tuple[str, ...] = (),
    exclusive: tuple[str, ...] = (),
    uses: tuple[str, ...] = (),
    looks_at: tuple[str, ...] = (),
) -> Callable[[Take], Metric]:
    """Make a function a Metric. Its docstring says what is measured, then ``How:`` and ``Fix:``."""

    def make(take: Take) -> Metric:
        title, how, fix = page(f"metric {id}", take, "How", "Fix")
        hints = typing.get_type_hints(take)
        means = [name for name in inspect.signature(take).parameters if hints.get(name) is Means]
        return Metric(
            id=id,
            title=title,
            how=how,
            fix=fix,
            unit=unit,
            target=target,
            take=take,
            parameters=manifest(id, take, aside=means),
            means=next(iter(means), ""),
            creates=creates,
            exclusive=exclusive,
            uses=uses,
            looks_at=looks_at,
        )

    return make
