import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.cli.main import main
from seatrial.submission.rule import Profile

LINT = {
    "official-2026-08": ["metadata-is-there", "spec-is-there"],
    "newest": ["metadata-is-there", "spec-is-there"],
    "strict": ["metadata-is-there", "spec-is-there"],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    home = tmp_path / "v1.36" / "x"
    home.mkdir(parents=True)
    (home / "PRODUCT.yaml").write_text("other: 1\n")
    return home / "PRODUCT.yaml"


@pytest.mark.parametrize("rules", [profile.value for profile in Profile])
def test_errors_are_1(file: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "lint", "--rules", rules, "-o", "json", str(file)]) == 1
    body = json.loads(capsys.readouterr().out)
    assert [one["rule"] for one in body["messages"]] == LINT[rules]


@pytest.mark.parametrize(
    "arguments",
    [
        ["submit"], ["submit", "lint"], ["submit", "lint", "absent"], ["submit", "lint", "--rules", "mild", "x"], ["submit", "plan", "--from", "1.36"],
        ["submit", "plan", "--from", "1.36", "--to", "9.9"], ["submit", "plan", "--from", "1.36", "--to", "1.37", "--certified", "soon"],
        ["submit", "build"], ["submit", "build", "--run", "a", "--product", "b", "--checklist", "c", "--out", "d"],
    ],
)  # fmt: skip
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_sarif_to_a_file(file: Path, tmp_path: Path) -> None:
    to = tmp_path / "lint.sarif"
    assert main(["submit", "lint", "-o", "sarif", "--output-file", str(to), str(file)]) == 1
    assert json.loads(to.read_text())["version"] == "2.1.0"


def test_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "plan", "--from", "1.35", "--to", "1.37", "-o", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    changes = {step["id"]: step["change"] for step in plan["steps"]}
    assert (changes["dra_support"], changes["workload_sandboxing"], changes["accelerator_metrics"]) == (
        "dropped",
        "new",
        "reworded",
    )


def test_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "build", "--template"]) == 0
    assert "contactEmailAddress" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("missing", "path", "code"), [((), Path("d"), 0), (("gang",), Path("d"), 1), (("gang",), None, 1)]
)
def test_a_build_says_what_is_left(
    app: Any, capsys: pytest.CaptureFixture[str], missing: tuple[str, ...], path: Path | None, code: int
) -> None:
    from types import SimpleNamespace

    from seatrial.submission.message import Report

    written = SimpleNamespace(path=path, missing=missing, report=Report("strict", (), ()))
    app("submit", build=lambda *_, **__: written)
    assert main(["submit", "build", "--run", "a", "--product", "b", "--checklist", "c", "--out", "d"]) == code
    shown = capsys.readouterr().out
    assert ("written to d" in shown) is (path is not None)
    assert ("open: gang" in shown) is bool(missing)


def test_a_checklist_brings_a_version_and_its_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "v9.9" / "x"
    home.mkdir(parents=True)
    answer = "{id: a, level: MUST, status: Implemented, evidence: [https://a.example/x], description: It has to sink.}"
    (home / "PRODUCT.yaml").write_text(f"spec:\n  one:\n    - {answer}\n")
    checklist = tmp_path / "checklist.yaml"
    checklist.write_text(
        "metadata: {kubernetesVersion: v9.9}\nspec: {one: [{id: a, level: MUST, description: It has to float.}]}\n"
    )
    assert main(["submit", "lint", str(home)]) == 1
    assert "[version-has-a-checklist]" in capsys.readouterr().out
    assert main(["submit", "lint", "--checklist", str(checklist), str(home)]) == 1
    shown = capsys.readouterr().out
    assert "[version-has-a-checklist]" not in shown
    assert "from word 4 on it should read: float." in shown
    assert "1 link not checked" in shown
