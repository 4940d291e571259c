from __future__ import annotations

import re

import pytest

from seatrial.kit.histogram import Histogram
from seatrial.report.load_plots import shares
from seatrial.report.plot import Limit, Line, Look, Plot, figure, ticks


def a_plot(*points: tuple[float, float], **more: object) -> Plot:
    line = Line(name="one", points=points, look=Look.DOTS)
    return Plot(**{"title": "t", "meaning": "m", "x": "s", "y": "ms", "lines": (line,), **more})  # type: ignore[arg-type]


def centres(svg: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]


@pytest.mark.parametrize(
    ("low", "top", "log", "expected"),
    [
        (0, 10, False, [0, 2, 4, 6, 8, 10]),
        (0, 0.3, False, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]),
        (3, 47, False, [10, 20, 30, 40]),
        (1, 100, True, [1, 2, 5, 10, 20, 50, 100]),
        (0.1, 10_000, True, [0.1, 1, 10, 100, 1000, 10_000]),
    ],
)
def test_ticks_are_round(low: float, top: float, log: bool, expected: list[float]) -> None:
    assert list(ticks(low, top, log=log)) == pytest.approx(expected)


@pytest.mark.parametrize("top", [1e-12, 1e-3, 7, 1e6, 1e14])
def test_there_are_a_few_ticks_whatever_the_size(top: float) -> None:
    assert 2 <= len(ticks(0, top)) <= 8
    assert 1 <= len(ticks(top / 1e9, top, log=True)) <= 11


def test_points_lie_where_their_values_are() -> None:
    (left, low), (middle, half), (right, high) = centres(figure(a_plot((0, 0), (5, 50), (10, 100))))
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert half == pytest.approx((low + high) / 2, abs=0.1)
    assert low > high  # upwards is more


def test_a_logarithmic_axis_gives_each_decade_the_same_room() -> None:
    (first, _), (second, _), (third, _) = centres(figure(a_plot((1, 1), (10, 1), (100, 1), log_x=True)))
    assert second - first == pytest.approx(third - second, abs=0.1)


def test_what_is_no_number_is_left_out() -> None:
    drawn = figure(a_plot((0, 1), (1, float("nan")), (2, float("inf")), (3, 1e300), (4, 2)))
    assert len(centres(drawn)) == 2
    assert figure(a_plot((0, float("nan")))) == ""
    assert len(centres(figure(a_plot((0, 1), (1, 0), (2, 5), log_y=True)))) == 2


def test_names_are_text() -> None:
    hostile = "<script>alert(1)</script>"
    drawn = figure(
        a_plot(
            (0, 1), (1, 2), title=hostile, meaning=hostile, x=hostile, y=hostile, limits=(Limit(name=hostile, at=1.5),)
        )
    )
    assert "<script" not in drawn


def test_shares_end_at_all_and_are_few() -> None:
    histogram = Histogram()
    histogram.extend(range(1_000_000, 90_000_000, 9_000))
    points = list(shares(histogram.counts()))
    assert len(points) <= 202
    assert points[-1][1] == 100.0
    assert [share for _, share in points] == sorted(share for _, share in points)
    half = min(points, key=lambda point: abs(point[1] - 50))
    assert half[0] == pytest.approx(45.5, rel=0.02)


def test_a_limit_far_above_is_named_and_flattens_nothing() -> None:
    near = figure(a_plot((0, 1), (1, 10), limits=(Limit(name="objective", at=20),)))
    far = figure(a_plot((0, 1), (1, 10), limits=(Limit(name="objective", at=5_000),)))
    assert 'class="limit"' in near
    assert 'class="limit"' not in far
    assert "objective ↑" in far
    assert min(y for _, y in centres(far)) < min(y for _, y in centres(near))
