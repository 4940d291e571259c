"""Fluid: data sets that are cached beside what computes on them, and loaded before it starts."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System

_GROUP = "data.fluid.io"

# Pods say with these labels whether they run only where the data is, and how they reach it.
SCHEDULED = "fluid.io/dataset.{name}.sched"  # "required"
INJECTED = ("serverless.fluid.io/inject", "fuse.serverful.fluid.io/inject")


class Mount(Shape, frozen=True):
    mount_point: str = ""
    name: str = ""
    path: str = ""
    read_only: bool = False
    shared: bool = False
    options: dict[str, str] = {}  # for the engine; nothing there makes it read-only


class RuntimeReference(Shape, frozen=True):
    name: str = ""
    namespace: str = ""
    type: str = ""
    category: str = ""


class DatasetSpec(Shape, frozen=True):
    mounts: tuple[Mount, ...] = ()
    access_modes: tuple[str, ...] = ()  # none: ReadOnlyMany
    placement: str = ""
    shared_options: dict[str, str] = {}


class DatasetStatus(Shape, frozen=True):
    phase: str = ""
    ufs_total: str = ""
    file_num: str = ""
    cache_states: dict[str, str] = {}
    conditions: tuple[Condition, ...] = ()
    runtimes: tuple[RuntimeReference, ...] = ()
    data_load_ref: str = ""


class Dataset(Fact, frozen=True):
    of = f"{_GROUP}/datasets"

    spec: DatasetSpec = DatasetSpec()
    status: DatasetStatus = DatasetStatus()


class Loaded(Shape, frozen=True):
    name: str = ""
    namespace: str = ""


class Part(Shape, frozen=True):
    path: str = ""
    replicas: int | None = None


class DataLoadSpec(Shape, frozen=True):
    dataset: Loaded = Loaded()
    load_metadata: bool = False
    target: tuple[Part, ...] = ()
    policy: str = "Once"
    schedule: str = ""


class DataLoadStatus(Shape, frozen=True):
    phase: str = ""
    duration: str = ""
    conditions: tuple[Condition, ...] = ()


class DataLoad(Fact, frozen=True):
    of = f"{_GROUP}/dataloads"

    spec: DataLoadSpec = DataLoadSpec()
    status: DataLoadStatus = DataLoadStatus()


class Tier(Shape, frozen=True):
    mediumtype: str = ""
    path: str = ""
    quota: str | int | None = None
    high: str = ""
    low: str = ""


class Tiers(Shape, frozen=True):
    levels: tuple[Tier, ...] = ()


class RuntimeSpec(Shape, frozen=True):
    replicas: int | None = None
    tieredstore: Tiers = Tiers()


class RuntimeStatus(Shape, frozen=True):
    master_phase: str = ""
    worker_phase: str = ""
    fuse_phase: str = ""
    worker_number_ready: int = 0
    desired_worker_number_scheduled: int = 0
    cache_states: dict[str, str] = {}


class CacheRuntime(Fact, frozen=True):
    """What keeps the data; each engine has a kind of its own."""

    spec: RuntimeSpec = RuntimeSpec()
    status: RuntimeStatus = RuntimeStatus()


class AlluxioRuntime(CacheRuntime, frozen=True):
    of = f"{_GROUP}/alluxioruntimes"


class JindoRuntime(CacheRuntime, frozen=True):
    of = f"{_GROUP}/jindoruntimes"


class JuiceFSRuntime(CacheRuntime, frozen=True):
    of = f"{_GROUP}/juicefsruntimes"


class ThinRuntime(CacheRuntime, frozen=True):
    of = f"{_GROUP}/thinruntimes"


RUNTIMES: tuple[type[CacheRuntime], ...] = (AlluxioRuntime, JindoRuntime, JuiceFSRuntime, ThinRuntime)
_DEFINED = ("datasets", "dataloads", *(kind.of.partition("/")[2] for kind in RUNTIMES))

FLUID = System(
    id="fluid",
    title="Fluid",
    home="https://fluid-cloudnative.github.io",
    found_by=Served(Dataset.of),
    facts=(Dataset, DataLoad, *RUNTIMES),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/fluid-cloudnative/fluid",
        version="v1.0.8",
        programs={},
        manifests=tuple(f"config/crd/bases/{_GROUP}_{name}.yaml" for name in _DEFINED),
        processes=(),
        by_default=False,
    ),
)
