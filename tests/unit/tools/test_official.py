"""What the programme's own validator says, beside what seatrial says. The validator itself takes Go; here a script speaks as it does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seatrial.app import submit
from tests.unit.tools import tool

TOOL = tool("official")
VERSION = "1.34"
METADATA = f"""\
metadata:
  kubernetesVersion: v{VERSION}
  platformName: Encabulator
  platformVersion: "1.0"
  vendorName: SUSE
  websiteUrl: https://yoyo.example
  documentationUrl: https://yoyo.example/docs
  productLogoUrl: https://yoyo.example/logo.svg
  description: It encabulates.
  contactEmailAddress: team@yoyo.example
  k8sConformanceUrl: https://github.com/cncf/k8s-conformance/tree/master/v{VERSION}/encabulator
spec:
"""

SPEAKS = """\
#!{python}
import os, pathlib, sys
assert "CNCF Members" in pathlib.Path(os.environ["LANDSCAPE"]).read_text()
bad = "{bad}" in sys.argv[1]
print("Fetching CNCF member list from landscape...")
print(f"Validating {{sys.argv[1]}}...")
print("Validation failed:\\n  - Missing 'metadata' section" if bad else "Validation successful!")
sys.exit(bad)
"""


def sound() -> str:
    checklist = submit.every_checklist()[VERSION]
    rows = {
        category: "".join(
            f"    - {{id: {one.id}, status: Implemented, evidence: ['https://yoyo.example/{one.id}']}}\n"
            for one in checklist.asked
            if one.category == category
        )
        for category in checklist.categories
    }
    return METADATA + "".join(f"  {category}:\n{entries}" for category, entries in rows.items())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in (("sound", sound()), ("empty", "spec: {}\n")):
        place = tmp_path / f"v{VERSION}" / name
        place.mkdir(parents=True)
        (place / "PRODUCT.yaml").write_text(text)
    return tmp_path


def speaking(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """Their program as one that finds fault with the submissions of one name."""

    def built(checkout: Path, folder: Path) -> Path:
        program = folder / "validate"
        program.write_text(SPEAKS.format(python=sys.executable, bad=bad))
        program.chmod(0o755)
        return program

    monkeypatch.setattr(TOOL, "built", built)


def test_both_say_the_same(checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    speaking(monkeypatch, bad="empty")
    assert TOOL.main([str(checkout)]) == 0
    assert capsys.readouterr().out == "agreements: 2 of 2, 1 of them valid\n"


def test_a_difference_is_told_with_what_both_say(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speaking(monkeypatch, bad="sound")
    assert TOOL.main([str(checkout)]) == 1
    said = capsys.readouterr().out
    assert (
        f"v{VERSION}/sound/PRODUCT.yaml:\n  the programme's: not valid\n    Missing 'metadata' section\n  seatrial: valid"
        in said
    )
    assert (
        f"v{VERSION}/empty/PRODUCT.yaml:\n  the programme's: valid\n  seatrial: not valid\n    metadata-is-there"
        in said
    )
    assert said.endswith("agreements: 0 of 2, 0 of them valid\n")


def test_a_folder_without_submissions_agrees_with_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert TOOL.main([str(tmp_path)]) == 2
    assert "PRODUCT.yaml" in capsys.readouterr().err


def test_a_program_that_does_not_judge_is_no_verdict(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TOOL, "built", lambda checkout, folder: Path("/bin/true"))
    assert TOOL.main([str(checkout)]) == 2
