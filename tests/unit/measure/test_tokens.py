"""Prompts of exactly so many tokens of a real tokenizer, and answers counted by it where the server does not; one is made here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from seatrial.app import load
from seatrial.cli.main import main
from seatrial.measure import events
from seatrial.measure.prompts import COMMON, Requests, words
from seatrial.measure.record import read
from seatrial.measure.tokens import Tokens
from seatrial.model.errors import UsageError
from seatrial.model.load import Api, Closed, Plan, Prompts, Target
from seatrial.model.load_result import Ending, Mark
from tests.unit.measure.run import closed_plan
from tests.unit.measure.server import DONE, HEAD, Answer, chunk, event, serving

SAID = ("time", " people", " thing and", " a word")  # an answer, event by event


def made(folder: Path, *, splits: bool = True) -> Path:
    """A byte-level tokenizer, trained on our own words; unless it ``splits`` at spaces, tokens reach across them."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=splits)
    tokenizer.enable_truncation(8)
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=3000, show_progress=False)
    texts = [" ".join([one, *COMMON]) for one in COMMON] if splits else ["time people"] * 9
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


def prompts(file: Path, **more: Any) -> Prompts:
    return Prompts(tokenizer=str(file), vocabulary=Tokens(file).vocabulary(), **more)


def asked(prompts: Prompts, index: int, api: Api = Api.COMPLETIONS) -> Any:
    plan = Plan(target=Target(url="http://x", api=api), arrivals=Closed(clients=1, requests=1), prompts=prompts)
    return json.loads(Requests(plan, {}).build(index)[1].partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("length", [1, 7, 500])
def test_a_prompt_has_exactly_as_many_tokens_as_asked(tmp_path: Path, length: int) -> None:
    file = made(tmp_path)
    tokens, of = Tokens(tmp_path), prompts(file, words=length, prefix_words=20, prefix_groups=3)
    texts = [asked(of, index)["prompt"] for index in range(40)]
    assert {tokens.count(text) for text in texts} == {length + 20}
    assert len(set(texts)) == 40 or length == 1
    chat = asked(prompts(file, words=length), 3, Api.CHAT)["messages"]
    assert [tokens.count(one["content"]) for one in chat] == [length]


def test_the_words_are_the_same_each_time_and_those_that_are_several_tokens_are_not_among_them(tmp_path: Path) -> None:
    file = made(tmp_path)
    tokens, found = Tokens(file), Tokens(file).vocabulary()
    assert found == Tokens(tmp_path).vocabulary()
    assert len(found) >= 32
    assert all(tokens.count(word) == 1 and tokens.count(f"time {word}") == 2 for word in found)
    assert tokens.count("time zymurgy people") > 3, "or it would prove nothing"


def test_without_a_tokenizer_words_are_what_they_were() -> None:
    assert asked(Prompts(words=3), 0)["prompt"] == words(3, 1, 1 << 32, 0)


async def silent_on_usage(answer: Answer) -> None:
    await answer.raw(HEAD)
    for number, text in enumerate(SAID):
        await answer.piece(event(text, finish="stop" if number == len(SAID) - 1 else None))
    await answer.raw(chunk(DONE) + b"0\r\n\r\n")


@pytest.mark.parametrize("shards", [1, 2])
def test_what_the_server_does_not_count_is_counted_and_that_is_said(tmp_path: Path, shards: int) -> None:
    file = made(tmp_path)
    said = Tokens(file).count("".join(SAID))
    assert said != len(SAID), "or events could stand for tokens"
    with serving(silent_on_usage) as server:
        plan = closed_plan(server.url, clients=2, requests=10, shards=shards, prompts=prompts(file, words=33))
        result = load.send(plan, record=tmp_path / "record")
    assert result.endings == {Ending.OK: 10}
    assert (result.tokens_in, result.tokens_out) == (330, 10 * said)
    assert result.marks[Mark.NO_USAGE] == 10
    (note,) = (one for one in result.validity.notes if one.id == "counted")
    assert "10 answers came without usage" in note.what
    assert str(file) in note.what
    rows = [row for part in read(tmp_path / "record")[1] for row in part.rows]
    assert {row.text for row in rows} == {""}, "nobody's answers are written down"
    assert load.of_record(tmp_path / "record").tokens_out == 10 * said


def test_of_an_answer_without_end_no_part_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LONGEST", 200)
    whole, endless = events.Events(is_stream=True, keeps=True), events.Events(is_stream=True, keeps=True)
    for number in range(12):
        endless.feed(event("x" * 20))
        if number < 10:
            whole.feed(event("x" * 20))
    assert whole.uncounted == "x" * 200
    assert (endless.uncounted, endless.texts) == ("", 12)


def test_texts_of_ones_own_are_counted(tmp_path: Path) -> None:
    file, texts = made(tmp_path), ("time people", "time people way day man")
    with serving(silent_on_usage) as server:
        plan = closed_plan(server.url, requests=2, prompts=Prompts(texts=texts, tokenizer=str(file)))
        assert load.send(plan).tokens_in == 7


def test_without_a_tokenizer_tokens_that_nobody_counted_are_not_known() -> None:
    with serving(silent_on_usage) as server:
        result = load.send(closed_plan(server.url, requests=2))
    assert result.distributions.tokens_in.total == 0
    assert not [one for one in result.validity.notes if one.id == "counted"]


def test_a_tokenizer_whose_tokens_reach_across_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no prompts of an exact length"):
        Tokens(made(tmp_path, splits=False)).vocabulary()


@pytest.mark.parametrize("text", ["", "{}", '{"model": {"type": "none-such"}}'])
def test_a_file_that_is_no_tokenizer_is_an_error_in_words(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "tokenizer.json").write_text(text)
    assert main(["bench", "serve", "http://127.0.0.1:1", "--tokenizer", str(tmp_path)]) == 2
    assert "is no tokenizer" in capsys.readouterr().err


def test_without_the_package_the_way_to_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert main(["bench", "serve", "http://127.0.0.1:1", "--tokenizer", str(tmp_path / "tokenizer.json")]) == 2
    assert "pip install 'seatrial[tokenizer]'" in capsys.readouterr().err
