"""`check --watch` on a real API server: what changes is told, a restart is survived, and what may not be read stays unknown."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

from seatrial.app import lab as labs
from seatrial.app import rbac
from seatrial.app.check import check
from seatrial.app.reach import connect_to
from seatrial.app.target import Target
from seatrial.engine.permissions import binding
from seatrial.lab import site as sites
from seatrial.lab.process import running
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel, LabSpec
from tests.live.conftest import down, tell, up
from tests.live.test_command_line import HEEDING, SEATRIAL

NAME = "test-watch"
USER = "test:watcher"
QUOTA = "quotas.extended-resources-are-bounded"
WITHIN = 300.0  # seconds, on a busy machine

Event = dict[str, Any]


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    try:
        up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE))
        yield NAME
    finally:
        down(NAME)


class Watch:
    """The real command, whose lines one waits for."""

    def __init__(self, *args: str) -> None:
        argv = [sys.executable, "-c", HEEDING, SEATRIAL, "check", "--watch", "-o", "json", *args]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._lines: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        """The first that is wanted; the others go by."""
        end, seen = time.monotonic() + WITHIN, []
        while time.monotonic() < end:
            try:
                event = json.loads(self._lines.get(timeout=5))
            except Empty:
                assert self.process.poll() is None, self.process.communicate()[1]
                continue
            if wanted(event):
                return event
            seen.append(event["event"])
        raise AssertionError(f"never seen; seen: {seen}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=120)
        return self.process.returncode


@pytest.fixture
def watch() -> Iterator[Callable[..., Watch]]:
    started: list[Watch] = []

    def start(*args: str) -> Watch:
        started.append(Watch(*args))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def shift(event: Event, check: str, subject: str) -> Event | None:
    shifts = event.get("shifts", ())
    return next((one for one in shifts if one["check"] == check and one["subject"] == subject), None)


def told(check: str, subject: str, after: str) -> Callable[[Event], bool]:
    return lambda event: (shift(event, check, subject) or {}).get("after") == after


def pod(namespace: str, name: str) -> Obj:
    container = {"name": "main", "image": "registry.example/a:1", "resources": {"limits": {"example.com/gpu": "1"}}}
    spec = {"containers": [container], "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def namespace(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def account(namespace: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}


def quota(namespace: str) -> Obj:
    spec = {"hard": {"requests.example.com/gpu": "1"}}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": namespace},
        "spec": spec,
    }


def change(*create: Obj, delete: tuple[Obj, ...] = ()) -> None:
    async def do() -> None:
        async with connect_to(Target(lab=NAME)) as client:
            for obj in create:
                await client.ensure(obj)
            for obj in delete:
                await client.delete(obj)

    asyncio.run(do())


def findings(run: Event) -> dict[tuple[str, str], tuple[str, str]]:
    return {(one["check"], one["subject"]): (one["outcome"], one["because"]) for one in run["findings"]}


def test_what_comes_changes_and_goes_is_told_and_a_fresh_check_agrees(
    lab: str, watch: Callable[..., Watch], tmp_path: Path
) -> None:
    saved = tmp_path / "run.json"
    watched = watch("--lab", lab, "--save", str(saved))
    first = watched.until(lambda event: event["event"] == "judged")["run"]
    assert (QUOTA, "namespaces/team-w") not in findings(first)
    change(namespace("team-w"), account("team-w"), pod("team-w", "trainer"))
    new = watched.until(told(QUOTA, "namespaces/team-w", "fail"))
    assert (shift(new, QUOTA, "namespaces/team-w") or {})["before"] is None
    change(quota("team-w"))
    fixed = watched.until(told(QUOTA, "namespaces/team-w", "pass"))
    assert "resourcequotas/team-w/q" in fixed["changed"]
    change(delete=(quota("team-w"),))
    watched.until(told(QUOTA, "namespaces/team-w", "fail"))
    for alive in running(sites.need(lab).root):
        if alive.name == "kube-apiserver":
            os.kill(alive.pid, signal.SIGKILL)
    assert "127.0.0.1" in watched.until(lambda event: event["event"] == "heard" and event["lost"])["lost"]
    asyncio.run(labs.up(sites.need(lab).spec, tell=tell))
    watched.until(lambda event: event["event"] == "heard" and not event["lost"])
    change(quota("team-w"))
    watched.until(told(QUOTA, "namespaces/team-w", "pass"))
    code = watched.end()
    last = json.loads(saved.read_text())
    anew = asyncio.run(check(Target(lab=lab), tell=tell))
    fresh = {(one.check, one.subject): (one.outcome.value, one.because) for one in anew.findings}
    assert last["complete"] is True
    assert code == (1 if any(outcome == "fail" for outcome, _ in fresh.values()) else 3)
    apart = {key for key in {*findings(last), *fresh} if findings(last).get(key) != fresh.get(key)}
    assert apart == set()


def test_a_kind_that_may_not_be_read_stays_unknown_and_the_others_are_followed(
    lab: str, watch: Callable[..., Watch]
) -> None:
    roles = rbac.rules((QUOTA,))
    for role in roles:
        for rule in role["rules"]:
            rule["resources"] = [one for one in rule["resources"] if one != "resourcequotas"]
        role["rules"] = [rule for rule in role["rules"] if rule["resources"]]
    subject = {"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}
    bound = [{**binding(role, account="", namespace=""), "subjects": [subject]} for role in roles]
    change(*roles, *bound)
    watched = watch("--lab", lab, "--as", USER, "--only", QUOTA)
    first = watched.until(lambda event: event["event"] == "judged")["run"]
    assert {one["outcome"] for one in first["findings"]} == {"unknown"}
    assert "forbidden" in {gap["reason"] for gap in first["gaps"] if gap["resource"] == "resourcequotas"}
    change(namespace("team-f"), account("team-f"), pod("team-f", "trainer"))
    watched.until(lambda event: "pods/team-f/trainer" in event.get("changed", ()))
    assert watched.end() == 3
