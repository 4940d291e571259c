"""Whole runs in processes of their own: shared out, cut off, taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from seatrial.app import load
from seatrial.measure.record import Header, read
from seatrial.model.errors import UsageError
from seatrial.model.load import Closed, Plan, Target
from seatrial.model.load_result import Ending, LoadResult, Row
from tests.unit.measure.run import closed_plan, open_plan
from tests.unit.measure.server import plain, serving

MAIN = "import sys; from seatrial.cli.main import main; sys.exit(main())"


def resumed(record: Path) -> LoadResult:
    left = load.left_of(record)
    return load.go_on(left, left.plan)


def rows(record: Path) -> list[Row]:
    return [row for part in read(record)[1] for row in part.rows]


@contextmanager
def command(*args: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        (sys.executable, "-c", MAIN, "bench", "serve", *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until_rows(process: subprocess.Popen[bytes], record: Path, least: int) -> None:
    """A record that grows is a run that goes."""
    while not record.exists() or not record.stat().st_size or len(rows(record)) < least:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_two_processes_send_what_one_would(tmp_path: Path) -> None:
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        one = load.send(open_plan(server.url, rate=60, seconds=0.5), record=tmp_path / "one")
        bodies = sorted(str(asked.body) for asked in server.asked)
        server.asked.clear()
        two = load.send(open_plan(server.url, rate=60, seconds=0.5, shards=2), record=tmp_path / "two")
        assert bodies == sorted(str(asked.body) for asked in server.asked)
    due = [sorted((row.index, row.due) for row in rows(tmp_path / name)) for name in ("one", "two")]
    assert due[0] == due[1]
    assert (one.requests, two.requests) == (30, 30)
    assert (one.endings, two.endings) == ({Ending.OK: 30}, {Ending.OK: 30})
    assert two.client.processes == 2
    assert not two.client.lost
    assert one.client.first_request is not None


def test_a_record_adds_up_to_the_result(tmp_path: Path) -> None:
    with serving(plain(tokens=3, ttft=0, gap=0)) as server:
        result = load.send(closed_plan(server.url, clients=2, requests=10), record=tmp_path / "record")
    again = load.of_record(tmp_path / "record")
    assert again.distributions == result.distributions
    assert (again.requests, again.complete) == (10, True)


def test_killed_and_taken_up_again_nothing_counts_twice(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with serving(plain(tokens=2, ttft=0.01, gap=0.01)) as server:
        with command(server.url, "--rate", "40", "--for", "4s", "--processes", "2", "--record", str(record)) as process:
            until_rows(process, record, 20)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        before = len(rows(record))
        with record.open("ab") as file:
            file.write(b'{"shard": 0, "numb')  # as a crash leaves it
        result = resumed(record)
    indexes = [row.index for row in rows(record)]
    assert len(indexes) == len(set(indexes))
    assert len(indexes) > before
    planned = sum(1 for _ in load.due_times(result.plan.arrivals, result.plan.seed))
    assert result.requests + result.lost_in_flight == planned
    assert resumed(record).distributions == result.distributions  # there is nothing left to do


def test_the_processes_end_with_the_command(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        with command(
            server.url, "--rate", "50", "--for", "60s", "--processes", "1", "--record", str(record)
        ) as process:
            until_rows(process, record, 5)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert children
        deadline = time.monotonic() + 60
        while any(_runs(child) for child in children):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_somebody_else_ends_is_a_lost_one(tmp_path: Path, ended_by: signal.Signals) -> None:
    record, saved = tmp_path / "record", tmp_path / "saved"
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        more = ("--processes", "2", "--record", str(record), "--save", str(saved))
        with command(server.url, "--rate", "50", "--for", "10m", *more) as process:
            until_rows(process, record, 10)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(children[1]), ended_by)
            while _runs(children[1]):
                time.sleep(0.05)
            until_rows(process, record, len(rows(record)) + 50)  # which takes the other one a second or two
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=60)
    assert process.returncode == 3, error
    result = msgspec.json.decode(saved.read_bytes(), type=LoadResult)
    assert result.client.lost == (1,)
    assert {"lost", "lost-process"} <= {doubt.id for doubt in result.validity.doubts}
    assert b"process 1 of the load is lost" in out
    assert not result.complete
    assert load.of_record(record).client.lost == (1,)


def test_one_signal_to_all_of_them_loses_none(tmp_path: Path) -> None:
    """As a service manager ends a group: the processes may hear of it before we do."""
    record, saved = tmp_path / "record", tmp_path / "saved"
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        more = ("--processes", "2", "--record", str(record), "--save", str(saved))
        with command(server.url, "--rate", "50", "--for", "10m", *more) as process:
            until_rows(process, record, 10)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for one in (*map(int, children), process.pid):
                os.kill(one, signal.SIGTERM)
            _, error = process.communicate(timeout=60)
    result = msgspec.json.decode(saved.read_bytes(), type=LoadResult)
    assert result.client.lost == (), error
    assert not any(doubt.id.startswith("lost") for doubt in result.validity.doubts)


def _runs(process: str) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_ctrl_c_tells_what_there_was_until_then(tmp_path: Path) -> None:
    record, saved = tmp_path / "record", tmp_path / "saved"
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        more = ("--record", str(record), "--save", str(saved))
        with command(server.url, "--rate", "50", "--for", "60s", *more) as process:
            until_rows(process, record, 10)
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=60)
    assert b"stopped before its end" in out, error
    result = msgspec.json.decode(saved.read_bytes(), type=LoadResult)
    assert not result.complete
    assert result.requests >= 10
    assert not result.client.lost


def test_what_no_process_can_do_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    nobody = "http://127.0.0.1:9"
    for target, said in (
        (Target(url=nobody, secret_headers=(("Authorization", "NO_SUCH_VARIABLE"),)), "NO_SUCH_VARIABLE"),
        (Target(url="nowhere"), "no address"),
    ):
        with pytest.raises(UsageError, match=said) as refused:
            load.send(Plan(target=target, arrivals=Closed(clients=2, requests=2), shards=2))
        assert refused.value.way_out
    assert not capfd.readouterr().err


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "record").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        load.send(closed_plan("http://127.0.0.1:9"), record=tmp_path / "record")
    with pytest.raises(UsageError, match="no record"):
        resumed(tmp_path / "record")


GOOD_ROW = [0, 0, 0, 0, 1, 2, 3, "ok", 200, 1, 2, 2, 0, 0, 0]


@pytest.mark.parametrize(
    "part",
    [
        {"rows": [[0, 1 << 63, *GOOD_ROW[2:]]]},
        {"rows": [[*GOOD_ROW[:6], -(1 << 63), *GOOD_ROW[7:]]]},
        {"gaps": {"buckets": {"99999999999": 1}, "total": 1}},
        {"gaps": {"buckets": {"-1": 1}, "total": 1}},
        {"health": {"loop": {"buckets": {"5": -1}, "total": 1}}},
    ],
)
def test_a_record_is_anybodys_text(tmp_path: Path, part: dict[str, object]) -> None:
    header = msgspec.json.encode(Header(plan=closed_plan("http://h"), started_at=""))
    good = {"shard": 0, "number": 1, "until": 5, "rows": [GOOD_ROW]}
    (tmp_path / "record").write_bytes(b"%s\n%s\n" % (header, msgspec.json.encode(good)))
    assert load.of_record(tmp_path / "record").requests == 1
    (tmp_path / "record").write_bytes(b"%s\n%s\n" % (header, msgspec.json.encode(good | part)))
    with pytest.raises(UsageError, match="line 2"):
        load.of_record(tmp_path / "record")
