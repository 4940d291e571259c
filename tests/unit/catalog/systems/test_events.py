"""What a kubelet says of a pull is read from its words; what only looks like it is left alone."""

from __future__ import annotations

import pytest

from seatrial.catalog.systems.kubernetes.events import Event

WORDS = 'Successfully pulled image "{image}" in {pull} ({total} including waiting). Image size: {size} bytes.'


@pytest.mark.parametrize(
    ("pull", "total", "seconds", "with_waiting"),
    [
        ("313ms", "313ms", 0.313, 0.313),
        ("1.661s", "2m5s", 1.661, 125.0),
        ("1h2m3.5s", "1h2m3.5s", 3723.5, 3723.5),
        ("250µs", "1s", 0.00025, 1.0),
    ],
)
def test_a_pull_is_told_in_the_durations_of_go(pull: str, total: str, seconds: float, with_waiting: float) -> None:
    event = Event(reason="Pulled", message=WORDS.format(image="r/vllm:1", pull=pull, total=total, size=64753325))
    assert event.pull is not None
    assert (event.pull.image, event.pull.size) == ("r/vllm:1", 64753325)
    assert event.pull.seconds == pytest.approx(seconds)
    assert event.pull.with_waiting == pytest.approx(with_waiting)


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("Pulled", 'Container image "a:1" already present on machine'),
        ("Pulled", 'Successfully pulled image "a:1" in 3s'),  # before 1.28: nobody knows how long it waited
        ("Failed", WORDS.format(image="a:1", pull="1s", total="1s", size=1)),
        ("Pulled", WORDS.format(image="a" * 2000, pull="1s", total="1s", size=1)),
        ("Pulled", ""),
    ],
)
def test_what_tells_nothing_of_a_pull(reason: str, message: str) -> None:
    assert Event(reason=reason, message=message).pull is None
