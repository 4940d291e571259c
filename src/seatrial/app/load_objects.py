"""What ``bench serve --in-cluster`` creates: the plan as a ConfigMap, what is secret of it as a Secret, and an indexed Job."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.app.load_keys import FOLDER, Keys
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES
from seatrial.model.errors import UsageError
from seatrial.model.fact import Obj
from seatrial.model.load import Shard

NAME = "load"
MODULE = ("python3", "-m", "seatrial.measure.pod")
FILE = "shard.json"
_LARGEST_PLAN = 900_000  # bytes: what a ConfigMap holds, with room for the rest of it


def objects(name: str, shard: Shard, keys: Keys, *, image: str, environment: Mapping[str, str]) -> tuple[Obj, ...]:
    """``keys`` are of the target of the shard's plan. They have no namespace: the bench has."""
    plan = msgspec.structs.replace(shard.plan, target=keys.target)
    text = msgspec.json.encode(msgspec.structs.replace(shard, plan=plan)).decode()
    if len(text) > _LARGEST_PLAN:
        raise UsageError(
            f"the plan has {len(text):,} bytes, and pods are handed {_LARGEST_PLAN:,} at most",
            way_out="give fewer prompts, or a shorter trace",
        )
    count = plan.shards
    job = {"completionMode": "Indexed", "completions": count, "parallelism": count, "backoffLimit": 0}
    template = {"spec": _pod(name, keys, image, environment)}
    named = {"metadata": {"name": name}}
    secret = {"apiVersion": "v1", "kind": "Secret", **named, "type": "Opaque", "data": dict(keys.data)}
    return (
        {"apiVersion": "v1", "kind": "ConfigMap", **named, "data": {FILE: text}},
        *((secret,) if keys.data else ()),
        {"apiVersion": "batch/v1", "kind": "Job", **named, "spec": {**job, "template": template}},
    )


def _pod(name: str, keys: Keys, image: str, environment: Mapping[str, str]) -> Obj:
    plain = [{"name": one, "value": value} for one, value in environment.items()]
    secret = [{"name": one, "valueFrom": {"secretKeyRef": {"name": name, "key": one}}} for one in keys.variables]
    sources: list[Obj] = [{"configMap": {"name": name}}]
    if keys.files:
        sources.append({"secret": {"name": name, "items": [{"key": one, "path": one} for one in keys.files]}})
    container = {
        "name": NAME,
        "image": image,
        "command": [*MODULE, f"{FOLDER}/{FILE}"],
        "env": [*plain, *secret],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
        "volumeMounts": [{"name": NAME, "mountPath": FOLDER, "readOnly": True}],
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "affinity": ON_REAL_NODES,
        "containers": [container],
        "volumes": [{"name": NAME, "projected": {"sources": sources}}],
    }
