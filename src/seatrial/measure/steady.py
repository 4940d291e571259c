"""From when on a run is steady: MSER, the cut that leaves the mean of the rest best known (White, 1997)."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.model.load_result import Window

_LEAST = 10  # windows


def steady_from(windows: Sequence[Window]) -> float | None:
    """The second; None where the run is too short to tell, or never became steady."""
    full = [one for one in windows if one.due]
    series = [(one.ttft or one.whole or (0.0,))[0] for one in full]
    cut = truncation(series)
    return None if cut is None else full[cut].at


def truncation(series: Sequence[float]) -> int | None:
    """How many values to leave out at the beginning; None where more than half would have to go."""
    if len(series) < _LEAST:
        return None
    best: tuple[float, int] | None = None
    count, total, squares = 0, 0.0, 0.0
    for cut in range(len(series) - 1, -1, -1):
        value = series[cut]
        count, total, squares = count + 1, total + value, squares + value * value
        if count < _LEAST // 2:
            continue
        error = max(squares - total * total / count, 0.0) / (count * count)
        if best is None or error <= best[0]:
            best = (error, cut)
    return None if best is None or best[1] > len(series) // 2 else best[1]
