"""KAITO: models that bring their own nodes. What is asked for in vain is paid for, too.

Severities: a model that does not come up is high, since its nodes are there and paid for. A number of nodes without a limit is medium.
"""

from __future__ import annotations

import re

from seatrial.catalog.systems.kaito import InferenceSet, Workspace
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_DONE = ("WorkspaceSucceeded", "InferenceReady", "ResourceReady")
_NIM = re.compile(r"(?:^|[/._-])nim(?:[/._:-]|$)")
_OTHER = ("nvcr.io/nim",)


@check("kaito.workspaces-come-up", severity=Severity.HIGH)
def workspaces_come_up(workspace: Workspace) -> Verdict:
    """A Workspace has its nodes and its model.

    Why: nodes that it made are paid for, whether the model runs on them or not.
    Fix: the condition's message names what failed: quota of the cloud for `resource.instanceType`, the preset's image, or its memory.
    """
    if not workspace.metadata.uid:
        return not_applicable("it stands in a file")
    conditions = {one.type: one for one in workspace.status.conditions}
    bad = next((conditions[name] for name in _DONE if name in conditions and conditions[name].status == "False"), None)
    if bad is not None:
        return failed(_told(bad))
    done = [name for name in _DONE if name in conditions and conditions[name].status == "True"]
    return passed(f"{done[0]} is true") if done else unknown("KAITO has not said how it goes")


@check("kaito.engines-are-those-that-it-runs", severity=Severity.HIGH)
def engines_are_those_that_it_runs(workspace: Workspace) -> Verdict:
    """No Workspace is expected to run NVIDIA NIM.

    Why: KAITO runs its presets with vLLM alone. It gives its own command to whatever image is named, which a NIM image does not know.
    Fix: name a preset of KAITO's, or run the NIM by NVIDIA's NIM operator (`NIMService`).
    """
    preset = workspace.inference.preset if workspace.inference is not None else None
    if preset is None:
        return not_applicable("it runs no preset")
    named = (preset.name, preset.preset_options.image)
    if any(_NIM.search(text.lower()) or text.startswith(_OTHER) for text in named):
        return failed(
            f"it names {next(text for text in named if _NIM.search(text.lower()) or text.startswith(_OTHER))[:200]}"
        )
    return passed(f"it runs the preset {preset.name[:100]}")


@check("kaito.sets-are-bounded", severity=Severity.MEDIUM)
def sets_are_bounded(one: InferenceSet) -> Verdict:
    """An InferenceSet says how many nodes it may have at most.

    Why: whatever scales it asks the cloud for nodes with accelerators, one for each replica or more, until the quota of the account ends.
    Fix: set `spec.nodeCountLimit`.
    """
    limit = one.spec.node_count_limit
    return passed(f"{limit} nodes at most") if limit else failed("it has no nodeCountLimit")


def _told(condition: Condition) -> str:
    return f"{condition.type} is false ({condition.reason}): {condition.message[:300]}"
