"""The Run as JSON: what is saved, and what every other face can be made from again."""

from __future__ import annotations

import msgspec

from seatrial.model.run import Run
from seatrial.report.hostile import json_text


def render(run: Run) -> str:
    return json_text(msgspec.json.format(msgspec.json.encode(run), indent=2).decode()) + "\n"
