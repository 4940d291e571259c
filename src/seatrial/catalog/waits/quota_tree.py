"""Kueue's quota as a tree: queues lend to their cohort and borrow from it, cohorts from the ones above, each within limits.

The arithmetic is Kueue's own: what a queue does not lend is its local quota; what it uses beyond that it takes from above.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import msgspec

from seatrial.catalog.systems.kubernetes.requests import thousandths
from seatrial.catalog.systems.kueue_objects import ClusterQueue, Cohort, QueuedWorkload, ResourceGroup

Cell = tuple[str, str]  # flavor and resource
_DEEPEST = 32


class Limits(msgspec.Struct, frozen=True):
    nominal: int = 0
    borrowing: int | None = None
    lending: int | None = None


class Branch(msgspec.Struct):
    """A queue or a cohort."""

    subject: str
    limits: dict[Cell, Limits]
    parent: Branch | None = None
    children: list[Branch] = []
    used: dict[Cell, int] = {}  # by workloads of this queue itself
    known: dict[tuple[str, Cell], int] = {}

    @property
    def root(self) -> Branch:
        found = self
        for _ in range(_DEEPEST):
            if found.parent is None:
                break
            found = found.parent
        return found

    def cells(self, resource: str) -> list[Cell]:
        return [cell for cell in self.limits if cell[1] == resource]

    def subtree(self, cell: Cell) -> int:
        """Its own quota, and what those below it lend."""
        return self._once("subtree", cell, self._subtree)

    def local(self, cell: Cell) -> int:
        """What nobody else gets of it."""
        lending = self._limit(cell).lending
        return max(0, self.subtree(cell) - lending) if lending is not None and self.parent is not None else 0

    def usage(self, cell: Cell) -> int:
        return self._once("usage", cell, self._usage)

    def available(self, cell: Cell, *, heeding: bool = True) -> int:
        """What it can have now; without heeding, as if nothing limited how much it borrows."""
        if self.parent is None:
            return self.subtree(cell) - self.usage(cell)
        above = self.parent.available(cell)
        borrowing, local = self._limit(cell).borrowing, self.local(cell)
        if borrowing is not None and heeding:
            stored, taken = self.subtree(cell) - local, max(0, self.usage(cell) - local)
            above = min(above, stored - taken + borrowing)
        return max(0, local - self.usage(cell)) + above

    def most(self, cell: Cell) -> int:
        """What it could have if nobody else used anything."""
        if self.parent is None:
            return self.subtree(cell)
        found, borrowing = self.local(cell) + self.parent.most(cell), self._limit(cell).borrowing
        return found if borrowing is None else min(found, self.subtree(cell) + borrowing)

    def lent(self, cell: Cell) -> int:
        """What others use of its own quota, at most."""
        return max(0, self._limit(cell).nominal - max(self.used.get(cell, 0), self.local(cell)))

    def borrowed(self, cell: Cell) -> int:
        return max(0, self.used.get(cell, 0) - self._limit(cell).nominal)

    def _limit(self, cell: Cell) -> Limits:
        return self.limits.get(cell, Limits())

    def _subtree(self, cell: Cell) -> int:
        lent = sum(one.subtree(cell) - one.local(cell) for one in self.children)
        return self._limit(cell).nominal + lent

    def _usage(self, cell: Cell) -> int:
        return self.used.get(cell, 0) + sum(max(0, one.usage(cell) - one.local(cell)) for one in self.children)

    def _once(self, what: str, cell: Cell, find: Callable[[Cell], int]) -> int:
        if (what, cell) not in self.known:
            self.known[what, cell] = find(cell)
        return self.known[what, cell]


def tree(
    queues: Iterable[ClusterQueue], cohorts: Iterable[Cohort], workloads: Iterable[QueuedWorkload]
) -> dict[str, Branch]:
    """Each queue by its name. A cohort that nobody has made is there all the same; a circle of cohorts is cut."""
    above = {one.name: Branch(one.subject, _limits(one.spec.resource_groups), None, [], {}, {}) for one in cohorts}
    parents = {one.name: one.spec.parent_name for one in cohorts}

    def cohort(name: str) -> Branch:
        return above.setdefault(name, Branch(f"{Cohort.of}/{name}", {}, None, [], {}, {}))

    for name, parent in parents.items():
        if parent and not _leads_to(parents, parent, name):
            _hang(above[name], cohort(parent))
    found: dict[str, Branch] = {}
    for queue in queues:
        found[queue.name] = Branch(queue.subject, _limits(queue.spec.resource_groups), None, [], {}, {})
        if name := queue.spec.cohort_name or queue.spec.cohort:
            _hang(found[queue.name], cohort(name))
    for workload in workloads:
        queue_name = workload.status.admission.cluster_queue if workload.status.admission else ""
        if queue_name in found:
            branch = found[queue_name]
            for cell, amount in use_of(workload, branch).items():
                branch.used[cell] = branch.used.get(cell, 0) + amount
    return found


def _hang(below: Branch, parent: Branch) -> None:
    below.parent = parent
    parent.children.append(below)


def _leads_to(parents: Mapping[str, str], start: str, end: str) -> bool:
    for _ in range(_DEEPEST):
        if start == end:
            return True
        start = parents.get(start, "")
        if not start:
            return False
    return True


def _limits(groups: Iterable[ResourceGroup]) -> dict[Cell, Limits]:
    return {
        (flavor.name, quota.name): Limits(
            thousandths(quota.nominal_quota), _optional(quota.borrowing_limit), _optional(quota.lending_limit)
        )
        for group in groups
        for flavor in group.flavors
        for quota in flavor.resources
    }


def _optional(text: str | int | float | None) -> int | None:
    return None if text is None else thousandths(text)


def use_of(workload: QueuedWorkload, branch: Branch) -> dict[Cell, int]:
    """What an admitted workload has of each flavor; where it does not say of which, of the first that its queue has."""
    found: dict[Cell, int] = defaultdict(int)
    assigned = workload.status.admission.pod_set_assignments if workload.status.admission else ()
    for one in assigned:
        for resource, text in one.resource_usage.items():
            first = next(iter(branch.cells(resource)), ("", resource))
            flavor = one.flavors.get(resource, first[0])
            found[flavor, resource] += thousandths(text)
    return found
