import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seatrial import __version__
from seatrial.cli.main import main, program
from seatrial.model.errors import Interrupted, Unreachable

RUN = Path(__file__).parents[2] / "faces" / "run.json"
HEAVY = {"aiohttp", "asyncio", "msgspec", "rich", "yaml", "argcomplete", "importlib.metadata"}


def seatrial(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from seatrial.cli.main import main; sys.exit(main())", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys; from seatrial.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert "exit codes" in done.stdout
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize(
    ("called", "shown"),
    [("/usr/bin/seatrial", "seatrial"), ("/opt/kubectl-seatrial", "kubectl seatrial"), ("main.py", "seatrial")],
)
def test_it_is_a_plugin_of_kubectl_too(called: str, shown: str) -> None:
    assert program(called) == shown


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"seatrial {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["bogus"], ["prove", "--stand", "x"], ["list", "everything"], ["prove", "--lab", "--snapshot", "x"], ["lab"]],
)
def test_wrong_usage_is_2_and_points_at_the_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert "--help" in shown.err


def test_an_error_says_what_and_the_way_out(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async def take(*_: Any, **__: Any) -> None:
        raise Unreachable("10.0.0.1 does not answer\x1b[2J", way_out="is the VPN up?")

    app("snapshot", take=take)
    assert main(["snapshot", "-o", "x"]) == 3
    assert capsys.readouterr().err == "error: 10.0.0.1 does not answer\\x1b[2J\n  → is the VPN up?\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupted("stopped")])
def test_interrupted_is_130(error: BaseException, app: Any) -> None:
    def status(_: Any) -> None:
        raise error

    app("lab", status=status)
    assert main(["lab", "status"]) == 130


def test_a_bug_says_that_it_is_one_and_keeps_the_details(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def status(_: Any) -> None:
        raise ZeroDivisionError("token: hvs.abcdefghijklmnopqrstuvwxyz0123456789")

    app("lab", status=status)
    assert main(["lab", "status"]) == 3
    said = capsys.readouterr().err
    assert "this is a bug in seatrial: ZeroDivisionError" in said
    assert "Traceback" not in said
    kept = Path(next(word.rstrip(",") for word in said.split() if "seatrial-bug-" in word))
    assert "ZeroDivisionError" in kept.read_text()
    assert "abcdefghijklmnopqrstuvwxyz" not in said + kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.unlink()


def test_debug_shows_the_traceback() -> None:
    done = seatrial("report", "/nowhere/run.json", SEATRIAL_DEBUG="1")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = "import sys; from seatrial.cli.main import main; sys.exit(main())"
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", program, "report", str(RUN)], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_report_goes_to_stdout_without_colour_and_exits_as_the_run_does() -> None:
    done = seatrial("report", str(RUN))
    assert done.returncode == 1
    assert done.stdout.startswith("FAIL ")
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_a_check_ends_with_its_code_and_all_that_it_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}
    (tmp_path / "pod.json").write_text(json.dumps(pod))
    arguments = ["check", "--manifests", str(tmp_path), "-o", "json"]
    done = seatrial(*arguments)
    assert done.returncode == main(arguments) != 0
    assert json.loads(done.stdout)["findings"] == json.loads(capsys.readouterr().out)["findings"] != []


def test_a_report_can_go_to_a_private_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "report.json"
    assert main(["report", str(RUN), "-o", "json", "--output-file", str(there)]) == 1
    assert capsys.readouterr().out == ""
    assert json.loads(there.read_text()) == json.loads(RUN.read_text())
    assert there.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(RUN), "--output-file", "/nowhere/at/all"]) == 2
    assert "/nowhere/at/all cannot be written" in capsys.readouterr().err
