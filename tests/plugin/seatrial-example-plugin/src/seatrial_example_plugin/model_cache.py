"""The system, and the fact that it adds."""

from __future__ import annotations

from typing import ClassVar

from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Served, System


class CacheSpec(Shape, frozen=True):
    replicas: int = 1


class CacheStatus(Shape, frozen=True):
    ready_replicas: int = 0


class ModelCache(Fact, frozen=True):
    of: ClassVar[str] = "cache.example.dev/modelcaches"

    spec: CacheSpec = CacheSpec()
    status: CacheStatus = CacheStatus()


MODEL_CACHE = System(
    id="model-cache",
    title="Model Cache",
    home="https://cache.example.dev",
    found_by=Served("cache.example.dev/modelcaches"),
    facts=(ModelCache,),
)
