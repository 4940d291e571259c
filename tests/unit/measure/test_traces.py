from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.measure.traces import replay, texts_of
from seatrial.model.errors import UsageError
from seatrial.model.load import Call

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
"""
AZURE_2024 = """TIMESTAMP,ContextTokens,GeneratedTokens
2024-05-10 00:00:00.009930+00:00,2162,5
2024-05-10 00:00:01.017335+00:00,2399,6
"""
BURST_GPT = """Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
45,ChatGPT,1087,230,1317,Conversation log
"""
MOONCAKE = """{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47, 48]}
{"timestamp": 30535, "input_length": 6472, "output_length": 26, "hash_ids": [46, 47]}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "trace"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        (AZURE, [(0.0, 374, 44), (4.314579, 396, 109)]),
        (AZURE_2024, [(0.0, 2162, 5), (1.007405, 2399, 6)]),
        (BURST_GPT, [(0.0, 472, 18), (40.0, 1087, 230)]),
        (MOONCAKE, [(0.0, 6955, 52), (3.053, 6472, 26)]),
    ],
    ids=["azure", "azure of 2024", "burst-gpt", "mooncake"],
)
def test_the_public_traces(tmp_path: Path, text: str, calls: list[tuple[float, int, int]]) -> None:
    read = replay(written(tmp_path, text)).calls
    assert [(pytest.approx(call.at, abs=1e-6), call.tokens_in, call.tokens_out) for call in read] == calls


def test_blocks_are_kept(tmp_path: Path) -> None:
    assert replay(written(tmp_path, MOONCAKE)).calls[1] == Call(pytest.approx(3.053), 6472, 26, "", (46, 47))


def test_twice_as_fast_and_cut(tmp_path: Path) -> None:
    path = written(tmp_path, BURST_GPT)
    assert replay(path, speed=2).calls[1].at == 20.0
    assert len(replay(path, speed=2, seconds=20).calls) == 1
    assert len(replay(path, requests=1).calls) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        AZURE.replace("374", "many"),
        AZURE.replace("374", "-1"),
        AZURE.replace("2023-11-16", "yesterday"),
        MOONCAKE.replace("6955", "1e30"),
        MOONCAKE.replace("52,", "[],"),
        BURST_GPT.replace("5,Chat", "nan,Chat"),
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46\n",
    ],
)
def test_what_is_no_trace_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        replay(written(tmp_path, text))


@settings(max_examples=30)
@given(st.text(max_size=200))
def test_any_text_is_a_trace_or_an_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "trace"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UsageError):
        replay(path)


def test_prompts(tmp_path: Path) -> None:
    path = written(tmp_path, 'plain\n{"prompt": "one"}\n\n{"messages": [{"content": "a"}, {"content": "b"}]}\n')
    assert texts_of(path) == ("plain", "one", "a\nb")
    with pytest.raises(UsageError, match="line 1 asks nothing"):
        texts_of(written(tmp_path, "{}\n"))
