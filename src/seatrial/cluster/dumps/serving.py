"""What the API server behind a dump serves, as far as it tells; where it does not, nobody can say that a system is not there."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.cluster.dumps import names
from seatrial.cluster.dumps.coverage import DEFINITIONS, Shelf, parsed
from seatrial.cluster.dumps.piles import EVERYWHERE
from seatrial.cluster.objects import group_of
from seatrial.model.fact import Apis

_SILENT = "the dump does not tell what is served in this group"
_SINCE = (1, 25)


def apis_of(shelf: Shelf, resources: Iterable[str]) -> Apis:
    served = {of: (version,) for of, version in shelf.observed.items()} | shelf.about.served
    if not shelf.about.has_resources and (not shelf.version or parsed(shelf.version) >= _SINCE):
        served = {**names.SERVED, **served}
    unsure = {group_of(of) for of in resources if of not in served and not _is_told(of, shelf)}
    return Apis(served, dict.fromkeys(sorted(unsure), _SILENT))


def is_absent(of: str, shelf: Shelf) -> bool:
    return of not in names.SERVED and of not in shelf.about.served and _is_told(of, shelf)


def _is_told(of: str, shelf: Shelf) -> bool:
    """Whether the dump would say so, were it served."""
    about, group = shelf.about, group_of(of)
    if (version := parsed(shelf.version)) and version[:2] < max(names.SINCE.get(one, (0, 0)) for one in (of, group)):
        return True
    if about.has_resources or (about.groups and group not in about.groups):
        return True
    return EVERYWHERE in shelf.piles[DEFINITIONS].asked and group not in names.BUILT_IN
