"""What a pod of a Job runs, as processes of this machine."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from seatrial.app.load_keys import handed
from seatrial.app.load_objects import objects
from seatrial.model.load import Shard, Target, Tls
from seatrial.model.load_result import Ending, Part, Row
from tests.unit.measure.run import closed_plan, open_plan
from tests.unit.measure.server import plain, serving
from tests.unit.measure.test_secure import Papers

POD = (sys.executable, "-m", "seatrial.measure.pod")


def told(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run((*POD, *words), env=environment, capture_output=True, text=True, check=False)


def begun(folder: Path, plan: Path, index: int, **more: str) -> subprocess.Popen[bytes]:
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder), "JOB_COMPLETION_INDEX": str(index), **more}
    process = subprocess.Popen((*POD, str(plan)), env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"waits\n"
    return process


def test_each_sends_its_share_and_hands_it_in(tmp_path: Path) -> None:
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        plan = tmp_path / "plan.json"
        plan.write_bytes(msgspec.json.encode(Shard(plan=open_plan(server.url, rate=40, seconds=0.5, shards=2))))
        pods = [begun(tmp_path / str(index), plan, index) for index in range(2)]
        moment = time.time() + 2
        for index in range(2):
            assert told(tmp_path / str(index), "begin", repr(moment)).returncode == 0
        rows: dict[int, list[Row]] = {}
        for index, pod in enumerate(pods):
            out, _ = pod.communicate()
            parts = [msgspec.json.decode(line, type=Part) for line in out.splitlines() if line.startswith(b"{")]
            assert [part.number for part in parts] == [*range(1, len(parts) + 1)]
            assert parts[-1].last
            rows[index] = [row for part in parts for row in part.rows]
    assert sorted(row.index for each in rows.values() for row in each) == [*range(20)]
    assert all(row.index % 2 == index and row.ending is Ending.OK for index, each in rows.items() for row in each)


def test_keys_and_certificates_reach_the_server_by_what_is_created_for_a_pod(tmp_path: Path) -> None:
    """As kubelet does it: the volume as a folder, and the environment from the Secret."""
    papers = Papers(tmp_path)
    certificate, key = papers.client
    with serving(plain(tokens=2, ttft=0, gap=0), papers.context(papers.server, asks=True)) as server:
        plan = msgspec.structs.replace(
            closed_plan(server.url, clients=1, requests=2),
            target=Target(
                url=server.url,
                secret_headers=(("Authorization", "MY_KEY"),),
                tls=Tls(ca=papers.ca, certificate=certificate, key=key),
            ),
        )
        keys = handed(plan.target, {"MY_KEY": "hush-hush-hush"})
        config, secret, job = objects("load-1", Shard(plan=plan), keys, image="i", environment={})
        data = {name: base64.b64decode(value) for name, value in secret["data"].items()}
        volume = tmp_path / "load"
        volume.mkdir()
        (volume / "shard.json").write_text(config["data"]["shard.json"].replace("/load/", f"{volume}/"))
        for item in job["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"][1]["secret"]["items"]:
            (volume / item["path"]).write_bytes(data[item["key"]])
        env = job["spec"]["template"]["spec"]["containers"][0]["env"]
        given = {one["name"]: data[one["valueFrom"]["secretKeyRef"]["key"]].decode() for one in env}
        pod = begun(tmp_path / "0", volume / "shard.json", 0, **given)
        assert told(tmp_path / "0", "begin", repr(time.time() + 4)).returncode == 0
        out, _ = pod.communicate()
    assert [asked.header("authorization") for asked in server.asked] == ["Bearer hush-hush-hush"] * 2
    assert b"hush" not in out
    parts = [msgspec.json.decode(line, type=Part) for line in out.splitlines() if line.startswith(b"{")]
    assert [row.ending for part in parts for row in part.rows] == [Ending.OK] * 2


def test_told_too_late_is_an_error_and_no_late_start(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(msgspec.json.encode(Shard(plan=open_plan("http://127.0.0.1:9"))))
    pod = begun(tmp_path / "0", plan, 0)
    told(tmp_path / "0", "begin", "1.0")
    out, _ = pod.communicate()
    assert pod.returncode == 2
    assert b"{" not in out


def test_its_clock(tmp_path: Path) -> None:
    before = time.time()
    assert before <= float(told(tmp_path, "clock").stdout) <= time.time()


def test_what_it_does_not_know(tmp_path: Path) -> None:
    done = told(tmp_path, "one", "two", "three")
    assert done.returncode == 2
    assert "seatrial.measure.pod" in done.stderr
