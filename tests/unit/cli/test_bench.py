from __future__ import annotations

import json
from pathlib import Path

import pytest

from seatrial.cli.load_plan import plan
from seatrial.cli.load_rules import settle
from seatrial.cli.main import main, parser
from seatrial.model.errors import UsageError
from seatrial.model.load import Closed, Model, Open, Phase, Plan, Process, Replay, Slo
from tests.unit.measure.server import Answer, plain, serving
from tests.unit.measure.test_scrape import METRICS, page

URL = "http://127.0.0.1:9"


def planned(*flags: str) -> Plan:
    args = parser().parse_args(["bench", "serve", URL, *flags])
    settle(args)
    return plan(args, args.url, 2)


def test_unless_something_is_said() -> None:
    made = planned()
    assert made.arrivals == Open(phases=(Phase(seconds=30, rate=1),), process=Process.POISSON, variation=2.0)
    assert (made.stream, made.tokens_out, made.shards, made.slo.asks) == (True, 100, 2, False)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--rate 5 --for 1m --ramp-to 10", Open(phases=(Phase(seconds=60, rate=5, to=10),), variation=2.0)),
        ("--clients 4 --requests 9", Closed(clients=4, requests=9)),
        ("--clients 4 --for 9s --ramp 2s", Closed(clients=4, seconds=9, ramp=2)),
    ],
)
def test_arrivals(flags: str, expected: object) -> None:
    assert planned(*flags.split()).arrivals == expected


def test_bursts() -> None:
    arrivals = planned("--rate", "2", "--for", "20s", "--burst", "10x2s/10s").arrivals
    assert isinstance(arrivals, Open)
    assert [(one.seconds, one.rate) for one in arrivals.phases] == [(8, 2), (2, 20), (8, 2), (2, 20)]


def test_objectives_models_and_headers() -> None:
    made = planned(
        "--slo", "ttft=200ms,tpot=50ms", "--slo-share", "0.9", "--model", "a=3", "--model", "org/b", "-H", "X: y: z"
    )
    assert made.slo == Slo(ttft=0.2, per_token=0.05, share=0.9)
    assert made.target.models == (Model(name="a", weight=3), Model(name="org/b"))
    assert made.target.headers == (("X", "y: z"),)


def test_no_more_processes_than_clients() -> None:
    assert planned("--clients", "1", "--requests", "2").shards == 1


def test_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6,3,4\n")
    arrivals = planned("--trace", str(path)).arrivals
    assert isinstance(arrivals, Replay)
    assert [(one.tokens_in, one.tokens_out) for one in arrivals.calls] == [(3, 4)]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--resume x --lab",
        "http://127.0.0.1:9 --service a/b",
        "http://127.0.0.1:9 --lab x",
        "http://127.0.0.1:9 --in-cluster 2",
        "--service a/b --in-cluster 2 --clients 1 --image i",
        "--service a/b --in-cluster 2 --image i --api-key-from NO_SUCH_VARIABLE",
        "--service a/b --in-cluster 2 --processes 2 --image i",
    ],
)
def test_what_cannot_be_meant(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "serve", *line.split()]) == 2
    assert "→" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        "--rate 0",
        "--rate nan",
        "--rate 1 --clients 2",
        "--requests 3",
        "--slo ttft=soon",
        "--slo speed=1s",
        "--slo-share 2",
        "--burst often",
        "--burst 10x5s/2s",
        "--burst 2x1s/2s --ramp-to 3",
        "--cert a",
        "-H nothing",
        "--model a=-1",
        "--prompts /nowhere",
        "--trace /nowhere",
        "--spread=-1",
        "--for 0s",
    ],
)
def test_what_makes_no_sense_is_said(flags: str) -> None:
    with pytest.raises(UsageError):
        planned(*flags.split())


def run(*args: str) -> int:
    return main(["bench", "serve", *args, "--processes", "1"])


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = str(tmp_path / "saved")
    with serving(plain(tokens=3, ttft=0, gap=0)) as server:
        code = run(server.url, "--clients", "2", "--requests", "6", "--save", saved, "-o", "json")
        told = json.loads(capsys.readouterr().out)
        assert (told["requests"], told["tokens_out"], told["schema"]) == (6, 18, "seatrial.dev/load/v1")
        assert code == (0 if told["validity"]["valid"] else 3)
        run(server.url, "--clients", "2", "--requests", "6", "--repeats", "2", "--baseline", saved)
    said = capsys.readouterr()
    assert "run 2 of 2" in said.err
    assert "95 % sure" in said.out or "INVALID" in said.out
    assert main(["bench", "compare", "--before", saved, "--after", saved]) == 0
    assert "first token, median" in capsys.readouterr().out


def test_the_servers_own_metrics_are_read_in_every_run(tmp_path: Path) -> None:
    saved, record = tmp_path / "saved", tmp_path / "record"
    with serving(plain(tokens=1, ttft=0, gap=0)) as server, page(200, METRICS) as metrics:
        flags = ("--clients", "1", "--requests", "2", "--save", str(saved), "--metrics", metrics)
        run(server.url, *flags, "--repeats", "2")
        assert [bool(one["samples"]) for one in json.loads(saved.read_text())["results"]] == [True, True]
        run(server.url, *flags[:4], "--record", str(record))
        cut = record.read_bytes().splitlines(keepends=True)[0]
        record.write_bytes(cut)  # as if it had been cut off before its first part
        assert main(["bench", "serve", "--resume", str(record), *flags[4:]]) in (0, 3)
    told = json.loads(saved.read_text())
    assert told["samples"]
    assert told["requests"] == 2


def test_keys_are_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MY_KEY", "hush-hush-hush")
    with serving(plain(tokens=1, ttft=0, gap=0)) as server:
        kept = ("--save", str(tmp_path / "saved"), "--record", str(tmp_path / "record"))
        run(
            server.url,
            "--clients",
            "1",
            "--requests",
            "2",
            "--api-key-from",
            "MY_KEY",
            "--header-from",
            "X-A=MY_KEY",
            *kept,
        )
        assert server.asked[0].header("authorization") == "Bearer hush-hush-hush"
        assert server.asked[1].header("x-a") == "hush-hush-hush"
    said = capfd.readouterr()
    for place in (said.out, said.err, *(path.read_text() for path in tmp_path.iterdir())):
        assert "hush" not in place
    assert "MY_KEY" in (tmp_path / "record").read_text()


@pytest.mark.parametrize("flag", ["--save", "--output-file"])
def test_a_place_that_cannot_be_written_is_said_first(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(URL, "--for", "10m", flag, "/no/such/folder/file") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_metrics_that_are_not_there_are_told(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    with serving(plain(tokens=1, ttft=0, gap=0)) as server:
        run(server.url, "--clients", "1", "--requests", "2", "--save", str(saved), "--metrics", f"{URL}/metrics")
    (note,) = [one for one in json.loads(saved.read_text())["validity"]["notes"] if one["id"] == "metrics"]
    assert f"{URL}/metrics told no known metric" in note["what"]


def test_what_was_measured_saved_or_recorded_is_one_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, record, page = (str(tmp_path / name) for name in ("saved", "record", "page"))
    shown = ("-o", "html", "--output-file", page)
    with serving(plain(tokens=3, ttft=0, gap=0)) as server:
        code = run(server.url, "--clients", "2", "--requests", "6", "--save", saved, "--record", record, *shown)
    measured = Path(page).read_text("utf-8")
    assert main(["report", saved, *shown]) == code
    assert Path(page).read_text("utf-8") == measured
    assert main(["report", record, *shown]) == code
    of_record = Path(page).read_text("utf-8")
    for part in ("Over time", "How it spreads", "since it was due", server.url):
        assert part in measured
        assert part in of_record
    assert capsys.readouterr().out == ""


def test_failures_are_told_in_words_and_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(answer: Answer) -> None:
        await answer.raw(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")

    with serving(script) as server:
        assert run(server.url, "--clients", "1", "--requests", "2") in (1, 3)
    out = capsys.readouterr().out
    assert "2 status: another status than 200" in out
    assert "503 × 2" in out
    assert "failures: 2 of 2 requests failed" in out


@pytest.mark.parametrize(
    "args",
    [
        (),
        (URL, "--resume", "x"),
        (URL, "--record", "x", "--repeats", "2"),
        (URL, "--find-rate"),
        (URL, "--service", "a/b"),
        ("--service", "b"),
        ("--service", "a/b", "--api-key-from", "K"),
    ],
)
def test_usage(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*args) == 2
    assert "→" in capsys.readouterr().err


def test_a_lab_without_a_node_has_no_room_for_servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["bench", "serve", "--lab", "none-such"]) == 2
    assert "seatrial lab up" in capsys.readouterr().err
