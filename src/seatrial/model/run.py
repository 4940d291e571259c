"""The Run: the one result. Frozen, versioned, with a published schema; everything shown anywhere is rendered from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from seatrial.model.evidence import Evidence
from seatrial.model.fact import ClusterIdentity, Gap
from seatrial.model.fleet import FleetNode
from seatrial.model.measure import Measure
from seatrial.model.standard import RequirementResult
from seatrial.model.verdict import Finding

SCHEMA = "seatrial.dev/run/v1"


class EnvironmentKind(StrEnum):
    LIVE = "live"
    LAB = "lab"
    SNAPSHOT = "snapshot"
    MANIFESTS = "manifests"
    IMPORTED = "imported"  # the results of another tool


class SystemSeen(msgspec.Struct, frozen=True):
    id: str
    title: str
    there: bool | None
    how: str
    versions: tuple[str, ...] = ()


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    kind: EnvironmentKind
    simulated: bool | None  # whether its accelerators are simulated; None where nothing tells
    cluster: ClusterIdentity
    name: str = ""  # of the lab, the context or the file
    systems: tuple[SystemSeen, ...] = ()
    images: tuple[str, ...] = ()  # what ran in the pods that were read, by digest


class Page(msgspec.Struct, frozen=True):
    """What a check says of itself, so that a saved Run explains itself without the catalog that made it."""

    title: str
    why: str
    domain: str = ""  # the title of the one to which its area belongs


class Run(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    id: str
    seatrial: str  # the version that made it
    command: str
    started_at: dt.datetime
    finished_at: dt.datetime
    environment: Environment
    requirements: tuple[RequirementResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[Gap, ...] = ()
    fleet: tuple[FleetNode, ...] = ()  # the accelerators and who holds them, where a command read that
    pages: Mapping[str, Page] = {}  # of the checks that have findings
    complete: bool = True  # False when somebody stopped it half-way
