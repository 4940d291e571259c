from __future__ import annotations

from typing import Any

import pytest

from seatrial.app.target import Target
from seatrial.cli.main import main
from seatrial.model.progress import Event, State
from tests.unit.report.runs import a_run, finding


def test_a_preflight_asks_for_no_leave_and_creates_nothing(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked: dict[str, Any] = {}

    async def preflight(target: Target, *, tell: Any, **more: Any) -> Any:
        asked.update(more, target=target)
        tell(Event("look ahead", State.DONE, "nothing stands in the way"))
        return a_run(finding("preflight.permissions-suffice"))

    app("prove", preflight=preflight)
    assert main(["prove", "--preflight", "--standard", "cncf-ai@1.36", "--only", "gang_scheduling"]) == 0
    assert asked.pop("command").startswith("seatrial prove --preflight")
    assert asked == {"standard": "cncf-ai@1.36", "only": ("gang_scheduling",), "target": Target()}
    assert capsys.readouterr().out.startswith("PASS ")
