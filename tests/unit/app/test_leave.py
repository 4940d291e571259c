from __future__ import annotations

from seatrial.app.leave import pace
from seatrial.model.run import EnvironmentKind


def test_a_lab_on_a_busy_machine_is_waited_for_longer_and_nobody_waits_for_ever() -> None:
    assert pace(EnvironmentKind.LAB, busy=0.3) == (2.0, 30.0)
    assert pace(EnvironmentKind.LAB, busy=3) == (2.0, 45.0)
    assert pace(EnvironmentKind.LAB, busy=40) == (2.0, 60.0)
    assert pace(EnvironmentKind.LIVE, busy=40) == pace(
        EnvironmentKind.LIVE, busy=0
    )  # the load here says nothing of theirs
