"""A System is one ecosystem project: how it is found, which roles it plays, and how the lab runs the real thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from seatrial.model.fact import All, Fact, Gap, GapReason, Obj, Snapshot
from seatrial.model.lab import LabLevel
from seatrial.model.role import Role


class Sighting(msgspec.Struct, frozen=True):
    """Whether a system is there. ``None`` when what would show it could not be read."""

    there: bool | None
    how: str


class Served(msgspec.Struct, frozen=True):
    """Found by a resource that the API server serves, such as a CRD's; ``beside`` it others, where it takes more than one."""

    resource: str
    beside: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        return f"{' and '.join(self.resources)} being served"

    @property
    def resources(self) -> tuple[str, ...]:
        """Those that have to be served."""
        return (self.resource, *self.beside)

    @property
    def reads(self) -> tuple[type[Fact], ...]:
        return ()

    def look(self, snapshot: Snapshot) -> Sighting:
        looks = [_served(resource, snapshot) for resource in self.resources]
        worst = min(looks, key=lambda look: (look.there is not False, look.there is not None))
        return worst if worst.there is not True else Sighting(True, "; ".join(look.how for look in looks))


def _served(resource: str, snapshot: Snapshot) -> Sighting:
    versions = snapshot.apis.versions(resource)
    if versions:
        return Sighting(True, f"{resource} is served as {', '.join(versions)}")
    if why := snapshot.apis.why_broken(resource):
        return Sighting(None, f"whether {resource} is served is not known: {why}")
    return Sighting(False, f"{resource} is not served")


class Holds(msgspec.Struct, frozen=True):
    """Found by an object in the cluster: ``where`` picks it among the facts of one kind.

    Where it looks at some ``parts`` of them alone, at two or more, it is asked only once of all that share these.
    """

    kind: type[Fact]
    where: Callable[[Any], bool]
    what: str
    parts: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        return f"{self.what} ({self.kind.of})"

    @property
    def resources(self) -> tuple[str, ...]:
        return ()

    @property
    def reads(self) -> tuple[type[Fact], ...]:
        return (self.kind,)

    def look(self, snapshot: Snapshot) -> Sighting:
        gap: Gap | None = snapshot.gap(self.kind)
        facts: All[Fact] = snapshot.all(self.kind)
        some: Iterable[Fact] = facts.first_by(*self.parts) if self.parts else facts
        found = next((fact for fact in some if self.where(fact)), None)
        if found is not None:
            return Sighting(True, f"{found.subject} shows {self.what}")
        if gap is not None and gap.reason is not GapReason.ABSENT:
            return Sighting(None, f"{self.kind.of} could not be read: {gap.detail}")
        return Sighting(False, f"no object of {self.kind.of} shows {self.what}")


FoundBy = Served | Holds


class Proof(StrEnum):
    REAL_PROCESS = "real process"  # the lab runs the project's own programs
    SIMULATED = "simulated by the lab"  # the lab runs programs of its own in its place
    API_ONLY = "API only"  # the lab has its real CRDs and documented objects
    DOCUMENTS = "documents only"  # its documented objects, read as Kubernetes would hand them out


class Process(msgspec.Struct, frozen=True):
    """One program of a system, run by the lab. ``{…}`` in its texts is filled in by the lab (see ``lab/systems.py``)."""

    program: str
    args: tuple[str, ...] = ()
    ready: str = ""  # a URL that answers 200 when it is ready
    env: Mapping[str, str] = {}
    name: str = ""  # of the process, where one program runs more than once


class Image(msgspec.Struct, frozen=True):
    """A container image that the lab makes of programs, for the system's own pods. What they are linked with comes along."""

    reference: str
    program: str
    entrypoint: tuple[str, ...]
    beside: tuple[str, ...] = ()  # more programs in the same image


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How the lab builds and runs a system: pinned source, its own manifests, its own configuration file."""

    module: str
    version: str
    programs: Mapping[str, str]  # program → Go package
    manifests: tuple[str, ...]  # files of the module, applied in this order; webhooks are pointed at this host
    overlay: tuple[
        Obj, ...
    ] = ()  # what upstream's own kustomization lays over them, or objects to add; ``{…}`` as above
    processes: tuple[Process, ...]
    configure: Callable[[Mapping[str, Any]], Mapping[str, str]] | None = None  # settings → files for the processes
    settings: Mapping[str, Any] = {}
    ldflags: str = ""
    tags: tuple[str, ...] = ()  # of the Go build
    wheel: Mapping[str, str] = {}  # program → member of the Python wheel that is pinned beside the Go modules
    images: tuple[Image, ...] = ()
    needs: tuple[str, ...] = ()  # systems that have to be in the lab before it
    after: tuple[str, ...] = ()  # systems that start before it where the lab has them, in this order
    level: LabLevel = LabLevel.CONTROL_PLANE  # NODE: it runs in the node's network, where pods reach it, and it them
    ports: Mapping[str, int] = {}  # those that its programs leave nobody to choose; inside the node they are free
    service: str = (
        ""  # the API server calls its webhooks by a Service of this name, and the program fills them in itself
    )
    certificates: str = ""  # below its folder, where its programs look for tls.crt and tls.key and nowhere else
    by_default: bool = True  # False: takes long to build, so only labs that ask for it have it


class System(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    home: str
    found_by: FoundBy
    facts: tuple[type[Fact], ...] = ()
    roles: tuple[Role, ...] = ()
    proof: Proof = Proof.DOCUMENTS
    recipe: Recipe | None = None
