import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from seatrial.app import compare as app_compare
from seatrial.cli.main import main
from seatrial.engine.schema import read_run
from seatrial.model.verdict import Outcome
from seatrial.report import record

RUN = Path(__file__).parents[2] / "faces" / "run.json"


@pytest.mark.parametrize("kind", ["checks", "systems", "standards", "faults"])
def test_list_has_the_same_rows_on_both_faces(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind, "-o", "json"]) == 0
    ids = [row["id"] for row in json.loads(capsys.readouterr().out)]
    assert main(["list", kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ids
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("gang.starts-whole-or-not-at-all", "Why: "),
        ("kueue", "Built from: sigs.k8s.io/kueue@"),
        ("cncf-ai@1.36", "Proven by: gang.starts-whole-or-not-at-all"),
        ("gang_scheduling", "MUST in cncf-ai@1.33"),
        ("cncf-ai@1.36/gang_scheduling", "gang_scheduling (MUST in cncf-ai@1.36)"),
    ],
)
def test_explain(id: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", id]) == 0
    shown = capsys.readouterr().out
    assert said in " ".join(shown.split())
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_explain_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "gang_schedulin"]) == 2
    assert "did you mean gang_scheduling" in capsys.readouterr().err


def test_compare_of_a_run_with_itself_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(RUN), str(RUN)]) == 0
    shown = capsys.readouterr().out
    assert "Worse" not in shown
    assert "Unchanged: 10 requirements, 15 findings." in shown


def test_compare_tells_what_got_worse_and_what_was_fixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = read_run(RUN)
    swap = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}
    turned = [msgspec.structs.replace(one, outcome=swap.get(one.outcome, one.outcome)) for one in run.findings]
    later = tmp_path / "later.json"
    later.write_text(record.render(msgspec.structs.replace(run, findings=tuple(turned))))
    assert main(["compare", str(RUN), str(later)]) == 1
    shown = capsys.readouterr().out
    assert shown.index("Worse (") < shown.index("Fixed (")
    assert "\x1b" not in shown


def test_a_new_finding_that_passes_is_not_worse(tmp_path: Path) -> None:
    run = read_run(RUN)
    fewer = msgspec.structs.replace(run, findings=tuple(one for one in run.findings if one.subject != "device-plugin"))
    earlier = tmp_path / "earlier.json"
    earlier.write_text(record.render(fewer))
    assert app_compare.is_worse(app_compare.of_files(earlier, RUN)) is False


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_rbac_prints_what_kubectl_applies(form: str, app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "seatrial-read"}}
    app("rbac", rules=lambda only, standard, verb: [role] if (only, standard, verb) == (("a.b",), "s@1", None) else [])
    assert main(["rbac", "--only", "a.b", "--standard", "s@1", "-o", form]) == 0
    out = capsys.readouterr().out
    assert (json.loads(out)["items"] if form == "json" else list(yaml.safe_load_all(out))) == [role]


@pytest.mark.parametrize(
    ("shell", "said"), [("bash", "complete "), ("zsh", "compdef"), ("fish", "complete --command seatrial")]
)
def test_completion_script(shell: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert said in script
    assert "kubectl-seatrial" in script


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("seatrial prov", "prove"),
        ("seatrial explain gang_", "gang_scheduling"),
        ("seatrial prove --standard cncf-ai@1.3", "cncf-ai@1.36"),
    ],
)
def test_a_shell_gets_answers(line: str, answer: str, tmp_path: Path) -> None:
    answers = tmp_path / "answers"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answers),
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    program = "from seatrial.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert answer in [found.strip() for found in answers.read_text().split("\n")]
