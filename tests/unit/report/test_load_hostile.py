"""A saved load in which somebody put nonsense: shown or refused, never a traceback, never a picture without numbers."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from seatrial.app.load_files import read
from seatrial.app.load_report import FACES, render
from seatrial.model.errors import UsageError
from tests.faces.conftest import HERE

_WORSE = (1e300, -1e300, 0, -1, 10**18, 1e-300, None, "x", [], {})


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Of every number: what holds it, and where in that."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    own = [(value, key) for key, one in inner if isinstance(one, int | float) and not isinstance(one, bool)]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return own + [place for _, one in inner for place in _places(one)]


@pytest.mark.parametrize("worse", _WORSE, ids=repr)
@pytest.mark.parametrize("stored", ["load", "series"])
def test_one_number_at_a_time(stored: str, worse: Any, tmp_path: Path) -> None:
    whole, bad = json.loads((HERE / f"{stored}.json").read_text()), tmp_path / "bad.json"
    places = [place for place in _places(whole) if "buckets" not in str(place[1])]
    for holder, key in random.Random(7).sample(places, 25):
        kept, holder[key] = holder[key], worse
        bad.write_text(json.dumps(whole))
        _shown_or_refused(bad)
        holder[key] = kept


@pytest.mark.parametrize("worse", _WORSE, ids=repr)
def test_one_field_everywhere(worse: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    told = (HERE / "load.json").read_text()
    for name in (
        "at",
        "seconds",
        "due",
        "tokens",
        "ttft",
        "total",
        "most",
        "least",
        "sum",
        "rate",
        "warm_up",
        "sending",
    ):
        whole = json.loads(told)
        for holder in _holders(whole, name):
            holder[name] = worse
        bad.write_text(json.dumps(whole))
        _shown_or_refused(bad)


def _holders(value: Any, name: str) -> list[dict[str, Any]]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [value] if isinstance(value, dict) and name in value else []
    return own + [found for one in inner for found in _holders(one, name)]


def _shown_or_refused(path: Path) -> None:
    try:
        outcome = read(path)
    except UsageError:
        return
    for face in (*FACES, "text"):
        shown = render(outcome, face)
        assert face != "html" or not re.search(r'[ "]-?(?:nan|inf)\b', shown)
        assert face == "json" or len(shown) < 2_000_000
