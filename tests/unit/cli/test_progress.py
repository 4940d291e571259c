import io

from rich.console import Console

from seatrial.cli.live import LiveView
from seatrial.cli.progress import PlainLines, shown
from seatrial.kit.clock import FakeClock
from seatrial.model.progress import Event, State


def test_plain_lines_say_each_thing_once() -> None:
    stream, clock = io.StringIO(), FakeClock()
    lines = PlainLines(stream, clock.monotonic)
    lines.tell(Event("build kube 1.37", State.BEGUN, expected=400.0))
    lines.tell(Event("build kube 1.37", State.BEGUN, expected=400.0))
    for fraction in (0.1, 0.2):
        lines.tell(Event("build kube 1.37", State.GOING, fraction=fraction))
    clock.advance(412)
    lines.tell(Event("build kube 1.37", State.DONE, detail="from cache\x1b[2J"))
    lines.tell(Event("check gang", State.FAILED, detail="no node"))
    assert stream.getvalue().splitlines() == [
        "… build kube 1.37 (usually 6 min 40 s)",
        "✓ build kube 1.37 (6 min 52 s): from cache\\x1b[2J",
        "✗ check gang (0.0 s): no node",
    ]


def test_what_is_not_a_terminal_gets_plain_lines() -> None:
    with shown(io.StringIO()) as progress:
        assert isinstance(progress, PlainLines)


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_live_view_shows_what_is_under_way() -> None:
    clock = FakeClock()
    view = LiveView(io.StringIO(), clock.monotonic)
    view.tell(Event("build [red]kube", State.BEGUN, expected=60.0))
    clock.advance(5)
    view.tell(Event("build [red]kube", State.GOING, detail="package\x1b[2J 7", fraction=0.25))
    for number in range(12):
        view.tell(Event(f"check {number}", State.BEGUN))
    shown = _drawn(view)
    assert "build [red]kube" in shown
    assert "25% 5.0 s of about 1 min 00 s" in shown
    assert "package\\x1b[2J 7" in shown
    assert "and 5 more" in shown


def test_what_has_ended_goes_by_above_and_is_under_way_no_more() -> None:
    screen, clock = _Screen(), FakeClock()
    view = LiveView(screen, clock.monotonic)
    view.tell(Event("check gang", State.BEGUN))
    clock.advance(3)
    view.tell(Event("check gang", State.DONE))
    assert "✓ check gang (3.0 s)" in screen.getvalue()
    assert "check gang" not in _drawn(view)


def test_a_question_stops_the_live_view() -> None:
    with LiveView(_Screen(), FakeClock().monotonic) as view:
        with view.paused():
            assert not view.is_drawing
        assert view.is_drawing
    assert not view.is_drawing


def _drawn(view: LiveView) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    with console.capture() as captured:
        console.print(view)
    return captured.get()
