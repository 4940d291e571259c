"""How everything that a bench creates is marked, so that it is found again after a kill."""

from __future__ import annotations

import re
import secrets

from seatrial.cluster.decode import part
from seatrial.model.fact import Obj
from seatrial.model.workbench import MARK

BENCH = "seatrial.dev/bench"  # the bench's namespace
RUN = "seatrial.dev/run"
ADOPTED = "seatrial.dev/adopted"  # on the namespace: what the cluster made there for one of ours, as resource/name, comma between

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # no words by chance


def new_namespace(check: str) -> str:
    """``seatrial-<check>-<random>``, short enough for a name."""
    middle = re.sub(r"[^a-z0-9]+", "-", check.lower()).strip("-")[:45].strip("-")
    return f"seatrial-{middle}-{''.join(secrets.choice(_LETTERS) for _ in range(6))}"


def marked(obj: Obj, *, bench: str, run: str, namespace: str) -> Obj:
    """A copy that carries our labels, and the namespace where it takes one and has none."""
    metadata = dict(part(obj, "metadata"))
    labels = {**MARK, **part(metadata, "labels"), BENCH: bench}
    if run:
        labels[RUN] = re.sub(r"[^A-Za-z0-9]+", "-", run)[:63].strip("-")
    metadata["labels"] = labels
    if namespace:
        metadata.setdefault("namespace", namespace)
    return {**obj, "metadata": metadata}
