import datetime as dt

import pytest

from seatrial.report.wording import moment, span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.42, "0.4 s"), (42.4, "42 s"), (97.4, "1 min 37 s"), (3600, "1 h 00 min"), (7325, "2 h 02 min")],
)
def test_spans_read_well(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_moments_are_in_utc() -> None:
    berlin = dt.timezone(dt.timedelta(hours=1))
    assert moment(dt.datetime(2026, 1, 1, 0, 30, tzinfo=berlin)) == "2025-12-31 23:30:00 UTC"
