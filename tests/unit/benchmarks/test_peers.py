"""The comparison of load generators: what each tells is read, held against the truth, and a run that does not count says why."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from threading import Event

import pytest
from benchmarks.peers import aiperf, command, guidellm, inference_perf, vllm
from benchmarks.peers.client import Client, Command, Load, Place, Saw
from benchmarks.peers.ours import BARE, OURS
from benchmarks.peers.parts import PARTS
from benchmarks.peers.process import Failed, finish
from benchmarks.peers.running import Means, Ran, _told
from benchmarks.peers.session import LEFT_OUT, Outcome, Session, doubt

from seatrial.measure.truth import Did

LOAD = Load(tokens=4, rate=100, seconds=1)
STREAMS = Load(tokens=12, streams=50, total=100)
TIMES = {"request_start": 100.0, "first_token_iteration": 100.06}
TOLD = {
    inference_perf.INFERENCE_PERF: (
        "per_request_lifecycle_metrics.json",
        [
            {
                "start_time": 5.0,
                "error": None,
                "response": 'data: {"id":"a-0","object":"text_completion"}\n\n',
                "info": {"response_metrics": {"output_token_times": [5.06, 5.08]}},
            },
            {"start_time": 6.0, "error": {"error_type": "X"}, "response": "", "info": None},
        ],
    ),
    guidellm.GUIDELLM: (
        "benchmarks.json",
        {"benchmarks": [{"requests": {"successful": [{"response_id": "a-0", "info": {"timings": TIMES}}]}}]},
    ),
    aiperf.AIPERF: (
        "profile_export.jsonl",
        {
            "metadata": {"x_request_id": "a-0"},
            "metrics": {"time_to_first_token": {"value": 60.0, "unit": "ms"}},
        },
    ),
}


def place(folder: Path) -> Place:
    return Place(home=folder, folder=folder, tokenizer=folder / "tokenizer", url="http://127.0.0.1:1")


@pytest.mark.parametrize("client", TOLD, ids=lambda client: client.name)
def test_each_answer_is_read_with_its_name(client: Client, tmp_path: Path) -> None:
    name, told = TOLD[client]
    (tmp_path / name).write_text(json.dumps(told))
    (saw,) = client.read(place(tmp_path), LOAD)
    assert saw.id == "a-0"
    assert saw.ttft == pytest.approx(0.06)


def test_vllm_numbers_its_requests_and_keeps_those_that_failed(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"ttfts": [0.06, 0.0, 0.07], "errors": ["", "reset", ""]}))
    assert list(vllm.PYTHON.read(place(tmp_path), LOAD)) == [Saw("peers-0", 0.06), Saw("peers-2", 0.07)]


@pytest.mark.parametrize("client", command.OTHERS, ids=lambda client: client.name)
@pytest.mark.parametrize("load", [LOAD, STREAMS], ids=["rate", "streams"])
def test_each_is_told_of_the_whole_load(client: Client, load: Load, tmp_path: Path) -> None:
    program = tmp_path / "lib" / "python3.11" / "site-packages" / "vllm" / "vllm-rs"
    program.parent.mkdir(parents=True)
    program.touch()
    argv = client.command(place(tmp_path), load).argv
    written = " ".join((*argv, *(one.read_text() for one in tmp_path.glob("*.yaml"))))
    assert "http://127.0.0.1:1" in written
    for number in (load.rate or load.streams, load.tokens):
        assert f"{number:g}" in written


def did(number: int, *, first_after: float = 0.05) -> Did:
    arrived = number * 10_000_000
    first = arrived + round(first_after * 1e9)
    return Did(id=f"a-{number}", arrived_ns=arrived, first_ns=first, last_ns=first + 1, completion_tokens=4)


def told(saw: list[Saw], *, client: Client = OURS, served: int = 100) -> Ran:
    from benchmarks.peers.process import Used

    truth = {one.id: one for one in map(did, range(served))}
    return _told(client, LOAD, truth, saw, Used(begun_ns=-2_000_000_000, cpu=0.2, memory=10))


def test_the_error_is_what_a_client_tells_less_what_the_server_did() -> None:
    ran = told([Saw(f"a-{number}", 0.05 + number / 1e5) for number in range(100)])
    assert ran.errors == pytest.approx((0.00049, 0.00094, 0.00098))
    assert (ran.answers, ran.served, ran.tokens) == (100, 100, 400)
    assert ran.rate == pytest.approx(100)
    assert ran.at_once == 6  # 50 ms each, one begun every 10 ms
    assert ran.first_request == pytest.approx(2)
    assert ran.cpu_per_million == pytest.approx(500)


def test_too_short_a_time_is_an_error_too() -> None:
    ran = told([Saw(f"a-{number}", 0.04) for number in range(100)])
    assert ran.errors == pytest.approx((0.01, 0.01, 0.01))


def test_answers_that_the_server_never_gave_are_refused() -> None:
    with pytest.raises(Failed, match="of the 100 answers that it tells of the server knows 90"):
        told([Saw(f"a-{number}" if number < 90 else "other", 0.05) for number in range(100)])
    with pytest.raises(Failed, match="of the 0 answers"):
        told([])
    assert told([], client=BARE).errors is None


def ran(
    rate: float = 100,
    *,
    error: float = 0.001,
    answers: int = 100,
    late: float = 0.0,
    load: Load = LOAD,
    at_once: int = 0,
) -> Ran:
    return Ran(
        client="one",
        load=load,
        answers=answers,
        served=100,
        tokens=400,
        rate=rate,
        at_once=at_once,
        errors=(0.0, error, error),
        server_late=late,
        first_request=1.0,
        cpu=1.0,
        memory=1,
    )


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (ran(), ""),
        (ran(error=0.0021), "p95 2.1 ms"),
        (ran(rate=60), "only 60 requests/s came"),
        (ran(answers=90), "it counts 90 of 100 answers"),
        (ran(load=STREAMS, at_once=50, late=0.2), ""),
        (ran(load=STREAMS, at_once=40), "only 40 were under way at once"),
        (ran(late=0.2), "the server was 200 ms late: it is the limit"),
    ],
)
def test_a_run_that_does_not_hold_says_why(one: Ran, why: str) -> None:
    assert doubt(Outcome(client="one", load=LOAD, ran=one), 0.002) == why


class Scripted(Session):
    """A session whose client holds up to a rate, and misses one step nearly at its first try."""

    def __init__(self, holds: float, *, nearly: float = 0.0, minutes: float = 1) -> None:
        super().__init__({}, Means(Path(), Path()), minutes=minutes, brief=True, tell=lambda what: None)
        self.holds, self.nearly = holds, nearly
        self.tried: list[float] = []

    async def again(self, client: Client, load: Load) -> Outcome:
        error = 0.001 if load.rate <= self.holds else 1.0
        if load.rate == self.nearly and load.rate not in self.tried:
            error = 0.003
        self.tried.append(load.rate)
        return Outcome(client=client.name, load=load, ran=ran(load.rate, error=error, load=load))


STEPS = [Load(tokens=4, rate=rate, seconds=1) for rate in (10, 20, 40, 80, 160)]


@pytest.mark.parametrize(("holds", "held"), [(5, None), (10, 10), (50, 40), (160, 160)])
async def test_the_highest_step_that_holds_is_found(holds: float, held: float | None) -> None:
    session = Scripted(holds)
    found = await session.highest(OURS, STEPS, 0.002)
    assert (found.held.load.rate if found.held else None) == held
    assert bool(found.beyond) is (holds < 160)
    assert len(session.tried) <= 3


async def test_a_near_miss_has_a_second_try() -> None:
    session = Scripted(40, nearly=40)
    found = await session.highest(OURS, STEPS, 0.002)
    assert found.held is not None
    assert found.held.load.rate == 40
    assert session.tried.count(40) == 2


async def test_no_run_begins_when_the_time_is_up() -> None:
    session = Session({OURS: Path()}, Means(Path(), Path()), minutes=0, brief=True, tell=pytest.fail)
    assert (await session.again(OURS, LOAD)).why == LEFT_OUT
    found = await session.highest(OURS, STEPS, 0.002)
    assert (found.held, found.beyond) == (None, LEFT_OUT)


@pytest.mark.parametrize("part", PARTS)
async def test_every_table_says_what_was_left_out(part: str) -> None:
    session = Session({OURS: Path(), BARE: Path()}, Means(Path(), Path()), minutes=0, brief=True, tell=pytest.fail)
    table = await PARTS[part](session)
    assert part == table.part
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert LEFT_OUT in command.as_text(table) or part == "g"


def run_python(code: str, folder: Path, within: float = 60, stop: Event | None = None) -> None:
    command = Command((sys.executable, "-c", code))
    finish(command, home=folder, folder=folder, within=within, stop=stop or Event())


def test_a_client_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"it ends with 3: no such flag"):
        run_python("print('no such flag'); raise SystemExit(3)", tmp_path)


def test_nothing_of_a_client_is_left_behind(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('child').write_text(str(child.pid))\n"
        "os._exit(0)"
    )
    run_python(code, tmp_path)
    child = int((tmp_path / "child").read_text())
    while Path(f"/proc/{child}/stat").exists() and _alive(child):
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_client_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="it did not end within 1 s"):
        run_python("import time; time.sleep(600)", tmp_path, within=1)


def test_one_that_is_stopped_is_ended(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Failed):
        run_python("import time; time.sleep(600)", tmp_path, stop=stop)


def test_others_have_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    run_python(
        "import os; raise SystemExit('PYTHONPATH' in os.environ or not os.environ['HOME'].endswith('user'))", tmp_path
    )


def test_what_is_no_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--part", "a,z"])
    assert ended.value.code == 2
    assert "no part z" in capsys.readouterr().err
