import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seatrial.app.target import Target
from seatrial.app.trial import exit_code
from seatrial.cli.main import main
from seatrial.engine.schema import read_run
from seatrial.model.progress import Event, State

RUN = Path(__file__).parents[2] / "faces" / "run.json"


class Asked:
    """Stands in for ``app.prove``: keeps what it was asked, and asks for consent as that does."""

    def __init__(self, *creates: str) -> None:
        self.creates = list(creates)
        self.target = Target()
        self.more: dict[str, Any] = {}

    async def prove(
        self, target: Target, *, consent: Callable[[list[str]], bool], tell: Callable[[Event], None], **more: Any
    ) -> Any:
        self.target, self.more = target, more
        assert consent(self.creates)
        tell(Event("judging", State.BEGUN))
        tell(Event("judging", State.DONE))
        return read_run(RUN)


def test_flags_become_a_target_and_a_selection(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked()
    app("prove", prove=asked.prove)
    flags = "--standard cncf-ai@1.36 --only a.b --only c.d --kubeconfig k --context c -n team --as u --as-group g --as-group h"
    assert main(["prove", *flags.split(), "--request-timeout", "1m30s"]) == 1
    assert asked.more.pop("command").startswith("seatrial prove --standard cncf-ai@1.36")
    assert asked.more == {"standard": "cncf-ai@1.36", "only": ("a.b", "c.d"), "image": None}
    assert asked.target == Target(
        kubeconfig=Path("k"), context="c", namespace="team", as_user="u", as_groups=("g", "h"), request_timeout=90.0
    )
    shown = capsys.readouterr()
    assert shown.out.startswith("FAIL ")
    assert shown.err.splitlines()[0] == "… judging"


@pytest.mark.parametrize(
    ("flags", "target"),
    [
        (["--lab"], Target(lab="default")),
        (["--lab", "mine"], Target(lab="mine")),
        (["--lab", "mine", "--as", "u"], Target(lab="mine", as_user="u")),
        (["--snapshot", "s.gz"], Target(snapshot=Path("s.gz"))),
        (["--manifests", "-"], Target(manifests="-")),
        (["--request-timeout", "0"], Target()),
    ],
)
def test_where_to_look(flags: list[str], target: Target, app: Any) -> None:
    asked = Asked()
    app("prove", prove=asked.prove)
    assert main(["prove", *flags]) == 1
    assert asked.target == target


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--lab", "--context", "c"], "--lab and --context name two different things"),
        (["--snapshot", "s", "--as", "u"], "--snapshot and --as name two different things"),
        (["--as-group", "g"], "--as-group needs --as"),
        (["--request-timeout", "soon"], "no length of time"),
    ],
)
def test_contradictions_are_wrong_usage(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", *flags]) == 2
    assert said in capsys.readouterr().err


def test_the_run_is_saved_whole(app: Any, tmp_path: Path) -> None:
    app("prove", prove=Asked().prove)
    assert main(["prove", "--save", str(tmp_path / "run.json"), "-o", "markdown"]) == 1
    assert read_run(tmp_path / "run.json") == read_run(RUN)


def test_nobody_to_ask_is_a_refusal(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app("prove", prove=Asked("gang.x: a namespace, pods").prove)
    assert main(["prove"]) == 2
    assert "--yes" in capsys.readouterr().err


def test_yes_asks_nobody(app: Any) -> None:
    app("prove", prove=Asked("gang.x: a namespace, pods").prove)
    assert main(["prove", "--yes"]) == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 1), ("YES\n", 1), ("n\n", 2), ("\n", 2), ("", 2)])
def test_a_person_is_asked(answer: str, code: int, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app("prove", prove=Asked("gang.x: a namespace\x1b[2J, pods").prove)
    seen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", seen)
    monkeypatch.setenv("TERM", "dumb")
    assert main(["prove"]) == code
    assert "  · gang.x: a namespace\\x1b[2J, pods\nGo ahead? [y/N]" in seen.getvalue()


def test_a_trial_needs_no_leave(app: Any) -> None:
    asked: dict[str, Any] = {}

    async def trial(*, tell: Any, **more: Any) -> Any:
        asked.update(more)
        return read_run(RUN)

    app("trial", trial=trial, exit_code=exit_code)
    assert main(["trial", "--level", "control-plane", "--with", "kueue,volcano"]) == 1
    expected = {"name": "trial", "kubernetes": "1.37", "level": "control-plane", "systems": ("kueue", "volcano")}
    assert asked == {**expected, "within": None, "keep": False}
    assert main(["trial", "--lab", "mine", "--keep"]) == 1
    assert (asked["name"], asked["keep"], asked["systems"]) == ("mine", True, ("default",))
    assert asked["within"] == 20
    assert main(["trial", "--with", "kueue", "--within", "7.5"]) == 1
    assert asked["within"] == 7.5


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "soon"])
def test_a_trial_takes_only_time_that_there_is(minutes: str, app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app("trial", trial=None, exit_code=exit_code)
    assert main(["trial", f"--within={minutes}"]) == 2
    assert "--within" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    seen = Terminal()
    monkeypatch.setattr(sys, "stdout", seen)
    assert main(["report", str(RUN)]) == 1
    assert ("\x1b[" in seen.getvalue()) is coloured
