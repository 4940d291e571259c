"""KAITO: a Workspace is a model together with the nodes that it needs; an InferenceSet is several that are alike."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.pods import Condition, LabelSelector
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System


class Machines(Shape, frozen=True):
    """What KAITO asks the cluster's node provisioner for."""

    count: int | None = None
    instance_type: str = ""
    label_selector: LabelSelector | None = None
    preferred_nodes: tuple[str, ...] = ()


class PresetOptions(Shape, frozen=True):
    image: str = ""
    model_access_secret: str = ""


class Preset(Shape, frozen=True):
    name: str = ""
    access_mode: str = ""
    preset_options: PresetOptions = PresetOptions()


class AdapterSource(Shape, frozen=True):
    name: str = ""
    image: str = ""
    urls: tuple[str, ...] = ()


class Adapter(Shape, frozen=True):
    source: AdapterSource = AdapterSource()
    strength: str | None = None


class Inference(Shape, frozen=True):
    preset: Preset | None = None
    config: str = ""  # a ConfigMap with what vLLM is told
    adapters: tuple[Adapter, ...] = ()


class TunedPreset(Shape, frozen=True):
    name: str = ""


class Tuning(Shape, frozen=True):
    preset: TunedPreset | None = None
    method: str = ""


class WorkspaceStatus(Shape, frozen=True):
    state: str = ""
    target_node_count: int = 0
    worker_nodes: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


class Workspace(Fact, frozen=True):
    """Its parts stand beside the metadata: it has no ``spec``."""

    of = "kaito.sh/workspaces"

    resource: Machines = Machines()
    inference: Inference | None = None
    tuning: Tuning | None = None
    status: WorkspaceStatus = WorkspaceStatus()


class MachineType(Shape, frozen=True):
    instance_type: str = ""


class SetTemplate(Shape, frozen=True):
    resource: MachineType = MachineType()
    inference: Inference = Inference()


class InferenceSetSpec(Shape, frozen=True):
    replicas: int | None = None
    node_count_limit: int | None = None
    label_selector: LabelSelector = LabelSelector()
    template: SetTemplate = SetTemplate()


class InferenceSetStatus(Shape, frozen=True):
    replicas: int = 0
    ready_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class InferenceSet(Fact, frozen=True):
    of = "kaito.sh/inferencesets"

    spec: InferenceSetSpec = InferenceSetSpec()
    status: InferenceSetStatus = InferenceSetStatus()


KAITO = System(
    id="kaito",
    title="KAITO",
    home="https://kaito-project.github.io/kaito/",
    found_by=Served(Workspace.of),
    facts=(Workspace, InferenceSet),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/kaito-project/kaito",
        version="v0.11.0",
        programs={},
        manifests=tuple(f"config/crd/bases/kaito.sh_{name}.yaml" for name in ("workspaces", "inferencesets")),
        processes=(),
        by_default=False,
    ),
)
