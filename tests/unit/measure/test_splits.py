"""The same bytes mean the same, however a network cuts them; and whatever they are, they are told apart and break nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.measure.exchange import Exchange
from seatrial.measure.framing import Malformed
from seatrial.model.load_result import Ending
from tests.unit.measure.server import chunk


def delta(**said: object) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": said, "finish_reason": None}]})


# What an event is, and whether it carries text.
EVENTS: dict[str, bool] = {
    delta(content="word"): True,
    delta(content="schön 🙂"): True,
    json.dumps({"choices": [{"delta": {"content": "schön 🙂"}}]}, ensure_ascii=False): True,
    '{"choices": [{"delta": {"content": "\\ud83d"}}]}': True,  # the half of a character
    '{"choices": [{"delta": {"content": "\\\\ud83d"}}]}': True,
    delta(content=[{"type": "text", "text": "word"}]): True,
    delta(content=None, reasoning_content="hm"): True,
    delta(reasoning="hm"): True,
    delta(refusal="no"): True,
    delta(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": ""}}]): True,
    delta(content=None, function_call={"name": "f"}): True,
    json.dumps({"choices": [{"text": "word"}]}): True,
    json.dumps({"choices": [{"text": "word", "logprobs": None, "more": {"a": [1, 2]}}], "usage": None}): True,
    delta(role="assistant", content=""): False,
    delta(role="assistant"): False,
    delta(content=None): False,
    delta(content="", tool_calls=[]): False,
    json.dumps({"choices": []}): False,
    json.dumps({"choices": None, "object": "x"}): False,
    "": False,  # as some keep a connection awake
}
USAGE = json.dumps({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 11}})
BESIDES = [": a comment", "event: message", "id: 7", "retry: 3000", "unknown: x"]
HEADS = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n",
    b"HTTP/1.1 200\r\nCONTENT-type:text/event-stream; charset=utf-8\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n%s\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\nServer: like a file\n%s\n",
    b"HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\n%s\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 \xe2\x9c\x93\r\n%s\r\n",
]


@st.composite
def a_stream(draw: st.DrawFn) -> tuple[bytes, int]:
    """The body of a stream as some server may write it, and how many of its events carry text."""
    texts, lines = 0, bytearray(draw(st.sampled_from([b"", b"\xef\xbb\xbf"])))
    for data in [*draw(st.lists(st.sampled_from([*EVENTS, USAGE]), max_size=8)), "[DONE]"]:
        ending = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
        colon = draw(st.sampled_from(["data:", "data: "]))
        texts += EVENTS.get(data, False)
        before = draw(st.lists(st.sampled_from(BESIDES), max_size=2))
        over_lines = draw(st.booleans()) and data.startswith("{")
        said = json.dumps(json.loads(data), indent=1) if over_lines else data
        event = [*before, *(colon + line for line in said.split("\n"))]
        for line in [*event, "", *draw(st.sampled_from([[], [""]]))]:
            lines += line.encode("utf-8", "surrogatepass") + ending
    return bytes(lines), texts


@st.composite
def an_answer(draw: st.DrawFn) -> tuple[bytes, int]:
    body, texts = draw(a_stream())
    head = draw(st.sampled_from(HEADS))
    match draw(st.sampled_from(["chunks", "length", "end"])):
        case "length":
            return head % (b"content-LENGTH: %d\r\n" % len(body)) + body, texts
        case "end":
            return head % b"Connection: close\r\n" + body, texts
    pieces = cut(draw, body, most=6)
    extension = draw(st.sampled_from([b"", b";a=b", b" "]))
    chunks = b"".join(chunk(one).replace(b"\r\n", extension + b"\r\n", 1) for one in pieces if one)
    trailer = draw(st.sampled_from([b"", b"X-Trailer: a\r\n"]))
    return head % b"Transfer-Encoding: Chunked\r\n" + chunks + b"0\r\n" + trailer + b"\r\n", texts


def cut(draw: st.DrawFn, data: bytes, *, most: int) -> list[bytes]:
    if draw(st.integers(0, 9)) == 0:
        return [data[at : at + 1] for at in range(len(data))]
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=most)))
    return [data[left:right] for left, right in zip([0, *places], [*places, len(data)], strict=True)]


def outcome(pieces: Sequence[bytes]) -> tuple[object, ...]:
    exchange, ending = Exchange(0, 0, 0, 0, b"", is_stream=True), None
    exchange.sent = 0
    try:
        for piece in pieces:
            if piece and exchange.feed(piece, 0):
                break
    except Malformed:
        ending = Ending.MALFORMED
    exchange.close(ending, 0)
    row, events = exchange.row(0, 0), exchange.events
    told = (row.ending, row.status, row.tokens_in, row.tokens_out, row.chunks)
    return told if row.ending is Ending.MALFORMED else (*told, events.done, events.finished, events.empty_first)


@given(an_answer(), st.data())
def test_however_it_is_cut(answer: tuple[bytes, int], data: st.DataObject) -> None:
    whole, texts = answer
    first = outcome([whole])
    assert first[0] is (Ending.OK if texts else Ending.NO_TOKEN)
    assert first[4] == texts
    assert first == outcome(cut(data.draw, whole, most=12))


@given(an_answer(), st.data())
@settings(max_examples=200)
def test_what_is_broken_is_so_however_it_is_cut(answer: tuple[bytes, int], data: st.DataObject) -> None:
    broken = bytearray(answer[0])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not broken:
            return
    assert outcome([bytes(broken)]) == outcome(cut(data.draw, bytes(broken), most=12))


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=5), st.sampled_from([b"", HEADS[0] % b"", b"HTTP/1.1 "]))
def test_anything_at_all_breaks_nothing(pieces: list[bytes], head: bytes) -> None:
    assert outcome([head, *pieces])[0] in (
        Ending.RESET,
        Ending.MALFORMED,
        Ending.TRUNCATED,
        Ending.NO_TOKEN,
        Ending.STATUS,
    )
