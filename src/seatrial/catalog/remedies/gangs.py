"""Gangs that start whole: what Kueue has to be told for it."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.kueue_objects import CONFIG_KEY
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

_GROUP = "config.kueue.x-k8s.io/"
_TIMEOUT = "5m"  # as Kueue's own documentation has it


def _told(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    configs = [one for one in snapshot.all(ConfigMap) if _GROUP in one.data.get(CONFIG_KEY, "")]
    beside: dict[str, Obj] = {}
    for place, config in enumerate(sorted(configs, key=lambda one: one.subject)):
        try:
            now = settings(config, CONFIG_KEY)
        except BadSettings:
            continue  # the check has said so
        beside[CONFIG_KEY if not place else f"{place + 1}-{CONFIG_KEY}"] = _waiting(dict(now))
    return Fix(beside=beside)


def _waiting(config: Obj) -> Obj:
    said = config.get("waitForPodsReady")
    waits = {"timeout": _TIMEOUT, **(said if isinstance(said, dict) else {}), "blockAdmission": True}
    if str(config.get("apiVersion", "")).endswith("v1beta1"):
        waits["enable"] = True
    return {**config, "waitForPodsReady": waits}


KUEUE_WAITS = Remedy(
    id="kueue-waits",
    title="Kueue takes its quota back from jobs whose pods do not all become ready",
    why="Quota is no place on a node: two jobs that fit the quota and not the nodes may each hold half, and wait for ever.",
    effect=(
        f"`{CONFIG_KEY}` is Kueue's configuration as it is in this cluster, with `waitForPodsReady` turned on: a job whose pods are"
        f" not ready after {_TIMEOUT} gives its quota back and is queued anew, and with `blockAdmission` the next job waits until the"
        " pods of the one before are ready. That costs time where jobs are many and small: leave it out there. It is no object: put"
        " it into the ConfigMap, or with Helm into `managerConfig.controllerManagerConfigYaml`, and start Kueue anew. Comments of"
        " the file are lost."
    ),
    undo="- Restore your own configuration, and start Kueue anew.",
    cures=("deadlocks.kueue-waits-for-pods",),
    needs=("kueue",),
    reads=(ConfigMap,),
    render=_told,
)
