"""The command itself on files of strangers: whatever they hold, it ends with one of its exit codes, and every face can show the rest."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seatrial.app import report
from seatrial.cli.main import main
from tests.fuzz import few
from tests.fuzz.test_objects import documents


@few
@given(st.lists(documents(), min_size=1, max_size=2), st.sampled_from(sorted(report.FACES)))
def test_manifests_end_with_an_exit_code_on_every_face(written: list[tuple[str, dict[str, Any]]], face: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, (_, obj) in enumerate(written):
            Path(folder, f"{number}.json").write_text(json.dumps(obj))
        shown, saved = Path(folder, "shown"), Path(folder, "saved.run")
        code = main(["check", "--manifests", folder, "-o", face, "--output-file", str(shown), "--save", str(saved)])
        assert code in (0, 1, 2, 3)
        assert shown.exists() is saved.exists() is (code != 2)
        if code != 2:
            assert main(["report", str(saved), "-o", face, "--output-file", str(shown)]) == code
