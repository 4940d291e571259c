from pathlib import Path
from typing import Any

import pytest

from seatrial.cli.main import main, parser
from seatrial.cli.model_server import KEYS, chosen
from seatrial.lab.model_server import Lateness, Served

LATE = Lateness(count=3, p50_ns=20_000, p95_ns=1_000_000, p99_ns=2_000_000, max_ns=3_500_000)


def said(*flags: str) -> dict[str, str]:
    return chosen(parser().parse_args(["lab", "model-server", *flags]))


def test_each_mode_has_its_own_defaults() -> None:
    assert said("--mode", "fixed") == {"mode": "fixed", "tokens": "100"}
    model = said("--step", "5ms", "--strict")
    assert (model["step"], model["per-sequence"], model["strict"]) == ("5ms", "100us", "true")


def test_what_is_of_no_use_in_a_mode_reaches_the_program_which_refuses_it() -> None:
    assert said("--mode", "fixed", "--step", "5ms")["step"] == "5ms"


def test_it_says_where_it_is_and_what_it_did(
    app: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    async def serve(options: dict[str, str], *, begun: Any, **rest: Any) -> Served:
        asked.append((options["port"], rest["tls"], rest["mutual"], rest["keys"]))
        begun("http://127.0.0.1:7")
        return Served(requests=1, tokens=3, lateness=LATE, first_lateness=LATE)

    app("model_server", serve=serve)
    monkeypatch.setenv(KEYS, "secret")
    assert main(["lab", "model-server", "--port", "7", "--tls", "keys", "--mutual"]) == 0
    assert asked == [("7", Path("keys"), True, "secret")]
    out = capsys.readouterr().out
    assert "http://127.0.0.1:7/v1" in out
    assert "1 requests, 3 tokens; later than due by p50 0.02 ms, p95 1.00 ms" in out
