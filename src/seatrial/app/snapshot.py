"""snapshot: everything that any check, or a diagnosis, may want to know of a cluster, in one file."""

from __future__ import annotations

from pathlib import Path

from seatrial.app.diagnose import facts as read_by
from seatrial.app.reach import reach
from seatrial.app.target import Target
from seatrial.cluster import snapshots
from seatrial.cluster.dumps.reading import Dump
from seatrial.engine.catalog import Catalog
from seatrial.engine.plan import plan
from seatrial.model.fact import Snapshot
from seatrial.model.progress import Event, State, Tell, silent


async def take(target: Target, output: Path, *, tell: Tell = silent) -> Snapshot:
    """Read all facts that the catalog knows, and save them; what could not be read is saved with its reason."""
    catalog = Catalog.installed()
    what = "reading the cluster"
    tell(Event(what, State.BEGUN))
    async with reach(target, catalog, (*plan(catalog, catalog.checks.values()).facts, *read_by(catalog))) as ground:
        snapshots.save(ground.snapshot, output)
    tell(Event(what, State.DONE, ground.told))
    return ground.snapshot


def notes(taken: Snapshot) -> tuple[str, ...]:
    """Who wrote down what it was read from, where that was another tool, and what is worth knowing of that."""
    if not isinstance(taken, Dump):
        return ()
    more = taken.wanting
    ask = (f"more of it could be judged with: kubectl get {','.join(more)} -A -o json > more.json",) if more else ()
    return (f"read from: {taken.layout}", *taken.notes, *ask)
