from __future__ import annotations

import collections
import json
from typing import Any

import pytest

from seatrial.measure.prompts import Requests
from seatrial.model.errors import UsageError
from seatrial.model.load import Api, Call, Closed, Model, Plan, Prompts, Replay, Target

URL = "http://server:8000"


def plan(prompts: Prompts | None = None, **target: Any) -> Plan:
    return Plan(
        target=Target(url=URL, **target), arrivals=Closed(clients=1, requests=1), prompts=prompts or Prompts(words=5)
    )


def body(of: Plan, index: int) -> dict[str, Any]:
    return json.loads(Requests(of, {}).build(index)[1].partition(b"\r\n\r\n")[2])


def head(of: Plan, environment: dict[str, str] | None = None) -> str:
    return Requests(of, environment or {}).build(0)[1].partition(b"\r\n\r\n")[0].decode()


def test_the_length_is_that_of_the_body() -> None:
    _, data = Requests(plan(), {}).build(3)
    before, _, after = data.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(after)}".encode() in before
    assert b"X-Request-Id: 1-3\r\n" in before


def test_prompts_are_of_the_length_asked_and_differ() -> None:
    said = [body(plan(), index)["prompt"] for index in range(50)]
    assert {len(one.split()) for one in said} == {5}
    assert len(set(said)) == 50


def test_lengths_spread() -> None:
    lengths = [len(body(plan(Prompts(words=100, spread=0.2)), index)["prompt"].split()) for index in range(300)]
    assert 95 < sum(lengths) / 300 < 105
    assert 12 < (sum((one - 100) ** 2 for one in lengths) / 300) ** 0.5 < 28


def test_groups_share_their_prefix() -> None:
    of = plan(Prompts(words=3, prefix_words=10, prefix_groups=4))
    prefixes = collections.Counter(" ".join(body(of, index)["prompt"].split()[:10]) for index in range(200))
    assert len(prefixes) == 4
    assert min(prefixes.values()) > 25


def test_each_turn_begins_with_all_those_before() -> None:
    of = plan(Prompts(words=3, turns=3), api=Api.CHAT)
    turns = [body(of, index)["messages"] for index in (5, 5 + 64, 5 + 128)]
    assert [len(one) for one in turns] == [1, 3, 5]
    assert turns[2][:3] == turns[1]
    assert turns[1][:1] == turns[0]
    assert [one["role"] for one in turns[2]] == ["user", "assistant", "user", "assistant", "user"]
    assert body(of, 5 + 192)["messages"] != turns[0]  # another session


def test_models_share_by_weight() -> None:
    of = plan(models=(Model(name="base", weight=3), Model(name="adapter")))
    asked = collections.Counter(body(of, index)["model"] for index in range(400))
    assert 260 < asked["base"] < 340
    assert asked["base"] + asked["adapter"] == 400


def test_blocks_that_a_trace_shares_become_a_common_prefix() -> None:
    calls = (Call(0.0, 12, 5, "", (1, 2)), Call(1.0, 14, 6, "", (1, 2, 3)), Call(2.0, 12, 7, "", (9, 2)))
    of = Plan(target=Target(url=URL), arrivals=Replay(calls=calls, block_tokens=5))
    said = [body(of, index) for index in range(3)]
    words = [one["prompt"].split() for one in said]
    assert [len(one) for one in words] == [12, 14, 12]
    assert words[0][:10] == words[1][:10]
    assert words[0][:5] != words[2][:5]
    assert [one["max_tokens"] for one in said] == [5, 6, 7]


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://s:1", "POST /v1/completions HTTP/1.1"),
        ("http://s:1/v1/", "POST /v1/completions HTTP/1.1"),
        ("http://s:1/openai/v1", "POST /openai/v1/completions HTTP/1.1"),
        ("http://s:1/x/chat/completions?a=b", "POST /x/chat/completions?a=b HTTP/1.1"),
    ],
)
def test_the_path(url: str, line: str) -> None:
    of = Plan(target=Target(url=url), arrivals=Closed(clients=1, requests=1))
    assert head(of).startswith(f"{line}\r\nHost: s:1\r\n")


def test_secrets_come_from_the_environment_alone() -> None:
    of = plan(headers=(("X-Team", "red"),), secret_headers=(("Authorization", "KEY"),))
    assert "Authorization: Bearer geheim\r\nX-Request-Id" in head(of, {"KEY": "geheim"})
    assert "X-Team: red" in head(of, {"KEY": "geheim"})
    with pytest.raises(UsageError, match="no KEY"):
        head(of)


@pytest.mark.parametrize("header", [("X", "a\r\nY: b"), ("X\n", "a"), ("", "a"), ("X:", "a")])
def test_headers_cannot_break_out(header: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        head(plan(headers=(header,)))


@pytest.mark.parametrize("url", ["", "server", "ftp://server", "http://", "http://s:99999", "http://u:p@server"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError):
        head(Plan(target=Target(url=url), arrivals=Closed(clients=1, requests=1)))
