from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.unit.tools import tool

TOOL = tool("digests")

CHECKLIST = """
metadata: {kubernetesVersion: v9.1, platformName: "[Platform Name]"}
spec:
  hulls:
    - {id: no_leaks, description: "  Ships must\\n not   leak. ", level: MUST, status: "", evidence: []}
  crews:
    - id: enough_rum
      description: >-
        There should be
        rum.
      level: SHOULD
"""


def test_it_prints_a_row_with_the_digest_of_every_description(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "made-up.yaml"
    path.write_text(CHECKLIST)
    assert TOOL.main([str(path), str(path)]) == 0
    leaks, rum = (hashlib.sha256(text).hexdigest() for text in (b"Ships must not leak.", b"There should be rum."))
    rows = [f"v9.1 no_leaks hulls MUST {leaks}", f"v9.1 enough_rum crews SHOULD {rum}"]
    assert capsys.readouterr().out.splitlines() == rows * 2


@pytest.mark.parametrize("text", ["spec: {}", "[", "", "metadata: {kubernetesVersion: v1}\nspec: {a: [{id: x}]}"])
def test_what_is_no_checklist_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    path = tmp_path / "made-up.yaml"
    path.write_text(text)
    assert TOOL.main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err
