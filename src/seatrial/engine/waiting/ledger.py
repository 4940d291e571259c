"""How much of one thing is free at each place, and whether several parts of it can be had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from seatrial.model.wait import Piece

Places = frozenset[str] | None


class Ledger:
    """Counts places by how much is free there, so that a question costs what there are amounts, not places."""

    def __init__(self, free: Mapping[str, int]) -> None:
        self._free = dict(free)
        self._views: dict[Places, Counter[int]] = {}

    def copy(self) -> Ledger:
        other = Ledger(self._free)
        other._views = {places: Counter(view) for places, view in self._views.items()}
        return other

    def give(self, holds: Mapping[str, int], sign: int = 1) -> None:
        """What was held comes back; with ``sign=-1`` it is taken."""
        for place, amount in holds.items():
            before = self._free.get(place)
            after = (before or 0) + sign * amount
            self._free[place] = after
            for places, view in self._views.items():
                if places is None or place in places:
                    if before is not None:
                        view[before] -= 1
                    view[after] += 1

    def fits(self, wants: Iterable[Piece]) -> bool:
        """Whether each piece can be had, and their sum. Of pieces that differ it may say yes too often, never no."""
        wants = tuple(wants)
        if any(self.parts(piece.size, piece.places) < piece.count for piece in wants):
            return False
        if len(wants) < 2:
            return True
        places: Places = None
        if all(piece.places is not None for piece in wants):
            places = frozenset().union(*(piece.places for piece in wants if piece.places is not None))
        return self.total(places) >= sum(piece.count * piece.size for piece in wants)

    def fits_without(self, wants: Iterable[Piece], holds: Mapping[str, int]) -> bool:
        """The same, were it not for what is held. Most answers need no look at the single places."""
        wants = tuple(wants)
        if not self.fits(wants):
            return False
        if not holds:
            return True
        if len(wants) == 1 and self._to_spare(wants[0]) >= sum(-(-one // wants[0].size) for one in holds.values()):
            return True
        self.give(holds, -1)
        fits = self.fits(wants)
        self.give(holds)
        return fits

    def _to_spare(self, piece: Piece) -> int:
        return self.parts(piece.size, piece.places) - piece.count

    def parts(self, size: int, places: Places) -> int:
        """How many parts of this size can be had."""
        return sum(count * (amount // size) for amount, count in self._view(places).items() if amount >= size and count)

    def total(self, places: Places) -> int:
        return sum(count * amount for amount, count in self._view(places).items() if amount > 0)

    def _view(self, places: Places) -> Counter[int]:
        if places not in self._views:
            among = self._free if places is None else places & self._free.keys()
            self._views[places] = Counter(self._free[place] for place in among)
        return self._views[places]
