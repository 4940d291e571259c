"""Every flag of ``bench serve`` beside every way to use it: it changes what is sent, or is refused, and is never ignored."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from seatrial.cli.load_plan import plan
from seatrial.cli.load_rules import settle
from seatrial.cli.main import main, parser
from seatrial.model.errors import UsageError
from seatrial.model.load import Plan
from tests.unit.measure.test_tokens import made as tokenizer_in

URL = "http://127.0.0.1:9"
TRACE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6,3,4\n2023-11-16 18:15:57.6,3,4\n"

# Each flag of the plan, with a value that is not the usual one.
PLANNED = {
    "--api": "chat",
    "--model": "llama",
    "--no-stream": None,
    "--header": "X-A: b",
    "--header-from": "X-A=B",
    "--api-key-from": "KEY",
    "--ca": "ca.crt",
    "--cert": "tls.crt",
    "--key": "tls.key",
    "--server-name": "models",
    "--insecure": None,
    "--rate": "7",
    "--clients": "9",
    "--trace": "{trace}",
    "--for": "7s",
    "--requests": "1",
    "--process": "gamma",
    "--variation": "3",
    "--ramp-to": "9",
    "--ramp": "3s",
    "--burst": "2x1s/5s",
    "--speed": "2",
    "--warm-up": "1s",
    "--seed": "5",
    "--processes": "7",
    "--tokens": "5",
    "--may-end": None,
    "--words": "5",
    "--spread": "0.5",
    "--prefix": "8",
    "--prefix-groups": "3",
    "--turns": "4",
    "--prompts": "{prompts}",
    "--tokenizer": "{tokenizer}",
    "--slo": "whole=3s",
    "--slo-share": "0.5",
    "--timeout": "3s",
    "--silence": "3s",
    "--stall": "3s",
    "--no-kernel-stamps": None,
}
# Each flag that does something beside the plan; the ways below say with which of them it is refused.
BESIDES = {
    "--service": "a/b",
    "--lab": "x",
    "--in-cluster": "2",
    "--image": "i",
    "--yes": None,
    "--kubeconfig": "k",
    "--context": "c",
    "--metrics": URL,
    "--otlp": URL,
    "--record": "r",
    "--resume": "r",
    "--save": "s",
    "--baseline": "b",
    "--output": "json",
    "--output-file": "o",
    "--repeats": "3",
    "--sweep": "4,5",
    "--find-rate": None,
}
_NOT_HERE = {"--service", "--lab", "--image", "--kubeconfig", "--context", "--resume", "--find-rate"}
WAYS: dict[str, tuple[str, set[str]]] = {
    "a rate": (f"{URL} --rate 2", {*_NOT_HERE, "--sweep"}),
    "clients": (f"{URL} --clients 4", {*_NOT_HERE, "--sweep"}),
    "a trace": (f"{URL} --trace {{trace}}", {*_NOT_HERE, "--sweep"}),
    "prompts": (f"{URL} --prompts {{prompts}}", _NOT_HERE),
    "turns": (f"{URL} --turns 3", _NOT_HERE),
    "TLS": (f"https{URL[4:]} --ca f", _NOT_HERE),
    "trust in everybody": (f"https{URL[4:]} --insecure", _NOT_HERE),
    "a service": ("--service a/b", {"--image", "--find-rate"}),
    "a lab": ("--lab y", {"--image", "--kubeconfig", "--context", "--find-rate"}),
    "pods of a lab": (f"{URL} --lab y --in-cluster 3", {"--service", "--kubeconfig", "--context", "--resume", "--find-rate"}),
    "pods of a cluster": (f"{URL} --in-cluster 3 --image i", {"--service", "--resume", "--find-rate"}),
    "repeats": (f"{URL} --repeats 2", {*_NOT_HERE, "--record", "--sweep"}),
    "a sweep": (f"{URL} --sweep 1,2", {*_NOT_HERE, "--record", "--baseline", "--repeats"}),
    "a search": (f"{URL} --find-rate --slo ttft=1s", {*_NOT_HERE, "--record", "--baseline", "--repeats", "--sweep"}),
    "a record": ("--resume r", {"--image", "--kubeconfig", "--context", "--record", "--repeats", "--sweep", "--find-rate"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "trace.csv").write_text(TRACE)
    (folder / "prompts").write_text("one\ntwo\n")
    return {
        "trace": str(folder / "trace.csv"),
        "prompts": str(folder / "prompts"),
        "tokenizer": str(tokenizer_in(folder)),
    }


_parser = functools.cache(parser)


def settled(*words: str) -> argparse.Namespace:
    args = _parser().parse_args(["bench", "serve", *words])
    settle(args)
    return args


def planned(*words: str) -> Plan:
    args = settled(*words)
    return plan(args, args.url or URL, 2)


def flags() -> Iterator[str]:
    """Of the command itself."""
    for dest, (flag, _) in settled(URL).usual.items():
        assert dest
        yield flag


def test_no_flag_is_forgotten_here() -> None:
    assert {*flags()} == {*PLANNED, *BESIDES}, "a new flag: say what of it changes, and in load_rules what it goes with"


def words_of(flag: str, value: str | None) -> list[str]:
    return [flag] if value is None else [flag, value]


def refusal(capsys: pytest.CaptureFixture[str], *line: str) -> str | None:
    """What is said where this line is refused before anything is sent."""
    try:
        planned(*line) if "--resume" not in line else settled(*line)
    except UsageError as error:
        return error.what
    except SystemExit:
        return capsys.readouterr().err
    return None


@pytest.mark.parametrize("way", WAYS)
def test_a_flag_of_the_plan_changes_it_or_is_refused(
    way: str, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = [word.format(**files) for word in WAYS[way][0].split()]
    for flag in PLANNED.keys() - {*line}:
        more = [word.format(**files) for word in words_of(flag, PLANNED[flag])]
        said = refusal(capsys, *line, *more)
        if said is not None:
            assert flag in said
        else:
            assert way != "a record", f"{flag} is ignored"
            assert planned(*line, *more) != planned(*line), f"{flag} is ignored"


@pytest.mark.parametrize("way", WAYS)
def test_a_flag_beside_the_plan_is_taken_or_refused_as_stated(
    way: str, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = [word.format(**files) for word in WAYS[way][0].split()]
    said = {flag: refusal(capsys, *line, *words_of(flag, BESIDES[flag])) for flag in BESIDES.keys() - {*line}}
    refused = {flag: what for flag, what in said.items() if what is not None}
    assert {*refused} == WAYS[way][1] - {*line}
    assert all(flag in what for flag, what in refused.items())


# What goes together, from the line of the command on.
@pytest.mark.parametrize(
    ("line", "named"),
    [
        (f"{URL} --service a/b", ("URL", "--service")),
        (f"{URL} --lab x", ("URL", "--lab")),
        (f"{URL} --resume r", ("URL", "--resume")),
        (f"{URL} --variation 3", ("--variation", "--process gamma")),
        (f"{URL} --ca f", ("--ca", "https://")),
        ("https://h --cert f", ("--cert", "--key")),
        ("--lab x --insecure", ("--insecure", "https://")),
        ("--service a/b --api-key-from K", ("--api-key-from", "--service")),
        (f"{URL} --no-stream --slo tpot=1s", ("--no-stream", "--slo")),
        (f"{URL} --clients 2 --rate 3", ("--clients", "--rate")),
        (f"{URL} --repeats 2 --sweep 1,2", ("--repeats", "--sweep")),
        (f"{URL} --lab x --in-cluster 3 --clients 2", ("--in-cluster", "--clients")),
        (f"{URL} --turns 2 --spread 1", ("--spread", "--turns")),
        ("--resume r --metrics http://h --rate 2", ("--resume", "--rate")),
        (f"{URL} --api-key-from K -H Authorization:x", ("--api-key-from", "--header")),
        (f"{URL} -H Content-Length:3", ("content-length", "--header")),
    ],
)
def test_what_does_not_go_together_is_said_by_name(
    line: str, named: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "serve", *line.split()]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert all(name in said for name in named), said


def test_headers_of_ones_own_stand_instead_of_ours() -> None:
    made = planned(URL, "-H", "host: a", "-H", "Accept: b")
    from seatrial.measure.prompts import Requests

    head = Requests(made).build(0)[1].partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
    names = [line.partition(":")[0] for line in head[1:]]
    assert len(names) == len(set(names))
    assert {"host: a", "accept: b"} <= set(head)


@pytest.mark.parametrize("path", [Path("none")])
def test_a_baseline_that_is_none_is_said_before_anything_is_sent(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "serve", URL, "--for", "10m", "--baseline", str(path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
