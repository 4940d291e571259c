import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import seatrial.app


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Put a stand-in in the place of one module of ``app``, so that a face is tested without a cluster."""

    def stand_in(name: str, **functions: Any) -> None:
        module = SimpleNamespace(**functions)
        monkeypatch.setitem(sys.modules, f"seatrial.app.{name}", module)
        monkeypatch.setattr(seatrial.app, name, module, raising=False)

    return stand_in
