"""A Workbench is leave to change a cluster: a fresh labelled namespace, a record of all that happens, and a clean end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from seatrial.model.fact import Apis, ClusterIdentity, Obj


class Observation(msgspec.Struct, frozen=True):
    """What a wait ended with: whether the condition was met, the objects at that moment, and after how long."""

    met: bool
    objects: tuple[Obj, ...]
    seconds: float


class Ran(msgspec.Struct, frozen=True):
    """What a command in a container printed and how it ended."""

    code: int
    stdout: str
    stderr: str


class Door(msgspec.Struct, frozen=True):
    """What answers HTTP inside the cluster, as the API server's proxy reaches it."""

    resource: str  # pods or services
    namespace: str
    name: str
    port: int
    scheme: str = "http"

    def __str__(self) -> str:
        return f"{self.resource}/{self.namespace}/{self.name}:{self.port}"


class Heard(msgspec.Struct, frozen=True):
    """What was answered last: whether that was what one waited for, and after how long."""

    met: bool
    text: str
    seconds: float


Condition = Callable[[Sequence[Obj]], bool]

MARK: Mapping[str, str] = {"app.kubernetes.io/managed-by": "seatrial"}
"""The label of every namespace of a bench, and of all that is created there."""


class Workbench(Protocol):
    """In a check's signature it means: this check is active, ask for consent first."""

    @property
    def namespace(self) -> str: ...

    @property
    def apis(self) -> Apis: ...

    @property
    def cluster(self) -> ClusterIdentity: ...

    @property
    def image(self) -> str:
        """The image whose one program plays every workload of a proof (see ``lab/programs/workload``)."""
        ...

    @property
    def window(self) -> float:
        """Seconds for which something must hold here before it counts: a lab decides faster than a large cluster."""
        ...

    @property
    def patience(self) -> float:
        """Seconds within which something that will happen has happened here."""
        ...

    async def admits(self, obj: Obj) -> bool:
        """Whether admission would let this object in, asked by a dry run; what it answered goes into the evidence."""
        ...

    async def create(self, obj: Obj) -> Obj:
        """Create one object (in the bench's namespace where it has none), record it, and remove it at the end."""
        ...

    async def adopt(self, resource: str, name: str) -> None:
        """Remove at the end also this object, which the cluster made by itself for one of ours."""
        ...

    async def remove(self, resource: str, name: str, *, namespace: str | None = None) -> None: ...

    async def patch(self, resource: str, name: str, merge: Obj, *, namespace: str | None = None) -> Obj: ...

    async def read(self, resource: str, name: str, *, namespace: str | None = None) -> Obj | None: ...

    async def list(self, resource: str, *, selector: str = "", everywhere: bool = False) -> tuple[Obj, ...]: ...

    async def until(
        self,
        resource: str,
        condition: Condition,
        *,
        within: float,
        what: str,
        selector: str = "",
        everywhere: bool = False,
    ) -> Observation:
        """Watch until the condition holds for the objects, or the time is up. ``what`` goes into the evidence."""
        ...

    async def holds(
        self,
        resource: str,
        condition: Condition,
        *,
        window: float,
        what: str,
        selector: str = "",
        everywhere: bool = False,
    ) -> Observation:
        """Watch for the whole window; met only if the condition held at every moment of it."""
        ...

    async def run(self, pod: str, argv: Sequence[str], *, container: str = "", within: float = 20.0) -> Ran: ...

    async def logs(self, pod: str, *, container: str = "") -> str: ...

    async def ask(
        self,
        door: Door,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        until: Callable[[str], bool] | None = None,
        within: float = 0.0,
        what: str = "",
    ) -> Heard:
        """GET from something in the cluster: once, or again and again until the answer is as it should be. Evidence has its size."""
        ...

    def note(self, what: str, **detail: Any) -> None: ...

    def control(self, what: str, **detail: Any) -> None:
        """Record what a positive or a negative control showed."""
        ...
