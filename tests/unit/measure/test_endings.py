"""What servers do to clients, and that each is told apart: a real server on loopback, byte by byte."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from seatrial.measure.exchange import Exchange
from seatrial.measure.pool import answering
from seatrial.model.load import Limits, Prompts
from seatrial.model.load_result import MARKS, Ending, Mark, Row
from tests.unit.measure.run import closed_plan, ending_of, parts_of, result_of, row_of
from tests.unit.measure.server import DONE, HEAD, Answer, Script, chunk, event, plain, serving, usage

JSON = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"


def marks(row: Row) -> set[Mark]:
    return {mark for number, mark in enumerate(MARKS) if row.marks >> number & 1}


def writes(*pieces: bytes, close: bool = False) -> Script:
    """These bytes, each in a write of its own."""

    async def script(answer: Answer) -> None:
        for piece in pieces:
            await answer.raw(piece)
            await asyncio.sleep(0.005)
        if close:
            answer.close()

    return script


END = b"0\r\n\r\n"
DOCUMENT = JSON % (b"200 OK", b"", 31, b'{"choices": [{"text": "word"}]}')
GOOD = (HEAD, chunk(event()), chunk(event(finish="stop")), chunk(usage(3, 2)), chunk(DONE), END)


def document(status: bytes, body: bytes, headers: bytes = b"") -> Script:
    return writes(JSON % (status, headers, len(body), body))


SCRIPTS: list[tuple[str, Script, Ending]] = [
    ("good", writes(*GOOD), Ending.OK),
    ("all at once", writes(b"".join(GOOD)), Ending.OK),
    ("byte by byte", writes(*(bytes([byte]) for byte in b"".join(GOOD)[:60]), b"".join(GOOD)[60:]), Ending.OK),
    ("an error event in a 200", writes(HEAD, chunk(event()), chunk(b'data: {"error": {"message": "no"}}\n\n'), chunk(DONE), END), Ending.ERROR_EVENT),
    ("an event named error", writes(HEAD, chunk(event()), chunk(b"event: error\ndata: {}\n\n"), END), Ending.ERROR_EVENT),
    ("an object named error", writes(HEAD, chunk(b'data: {"object": "error", "message": "no"}\n\n'), END), Ending.ERROR_EVENT),
    ("no token", writes(HEAD, chunk(event("", finish="stop")), chunk(DONE), END), Ending.NO_TOKEN),
    ("nothing at all", writes(HEAD, END), Ending.NO_TOKEN),
    ("cut inside the answer", writes(HEAD, chunk(event()), close=True), Ending.TRUNCATED),
    ("cut inside an event", writes(HEAD, chunk(event())[:20], close=True), Ending.TRUNCATED),
    ("cut after the headers", writes(HEAD, close=True), Ending.TRUNCATED),
    ("cut inside the headers", writes(HEAD[:30], close=True), Ending.TRUNCATED),
    ("cut before an answer", writes(close=True), Ending.RESET),
    ("neither finish reason nor [DONE]", writes(HEAD, chunk(event()), chunk(event()), END), Ending.UNFINISHED),
    ("no [DONE]", writes(HEAD, chunk(event()), chunk(event(finish="stop")), END), Ending.OK),
    ("cut after [DONE]", writes(HEAD, chunk(event()), chunk(DONE), close=True), Ending.OK),
    ("until the end of the connection", writes(b"HTTP/1.0 200 OK\r\n\r\n", event(), event(finish="stop"), DONE, close=True), Ending.OK),
    ("too many requests", document(b"429 Too Many Requests", b'{"error": "slow down"}', b"Retry-After: 7\r\n"), Ending.LIMITED),
    ("a failure", document(b"500 Internal Server Error", b"oh"), Ending.STATUS),
    ("not found", document(b"404 Not Found", b'{"error": {}}'), Ending.STATUS),
    ("no content", writes(b"HTTP/1.1 204 No Content\r\n\r\n"), Ending.STATUS),
    ("a document instead of a stream", document(b"200 OK", b'{"choices": [{"text": "word"}]}'), Ending.MALFORMED),
    ("not HTTP", writes(b"SSH-2.0-OpenSSH_9.2\r\n"), Ending.MALFORMED),
    ("not JSON", writes(HEAD, chunk(b"data: {nonsense}\n\n"), END), Ending.MALFORMED),
    ("numbers that are none", writes(HEAD, chunk(b'data: {"usage": {"completion_tokens": -5}}\n\n'), END), Ending.MALFORMED),
    ("a chunk that lies", writes(HEAD, b"3\r\nabcdef\r\n"), Ending.MALFORMED),
    ("a size that is none", writes(HEAD, b"-5\r\nabc\r\n"), Ending.MALFORMED),
    ("first a 100", writes(b"HTTP/1.1 100 Continue\r\n\r\n", *GOOD), Ending.OK),
    ("comments between events", writes(HEAD, chunk(b": wait\n\n"), *GOOD[1:]), Ending.OK),
    ("carriage returns", writes(HEAD, *(chunk(one.replace(b"\n", b"\r\n")) for one in (event(), DONE)), END), Ending.OK),
    ("a chunk for each byte", writes(HEAD, b"".join(chunk(bytes([byte])) for byte in event()), chunk(DONE), END), Ending.OK),
    ("a packed answer", writes(HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"), chunk(b"\x1f\x8b\x08"), END), Ending.MALFORMED),
    ("chunks that are packed", writes(HEAD.replace(b": chunked", b": gzip, chunked"), chunk(event()), END), Ending.MALFORMED),
    ("an error as a document", document(b"200 OK", b'{"error": {"message": "no"}}'), Ending.ERROR_EVENT),
    ("a document whose head comes in two", writes(DOCUMENT[:20], DOCUMENT[20:]), Ending.MALFORMED),
    ("a failure in a stream that is none", writes(HEAD.replace(b"200 OK", b"503 No"), chunk(b"data: {nonsense}\n\n"), END), Ending.STATUS),
    ("somewhere else", writes(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"), Ending.STATUS),
    ("nothing new, and a length", writes(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), Ending.STATUS),
    ("two lengths", writes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n"), Ending.MALFORMED),
    ("a head without an end", writes(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 10_000), Ending.MALFORMED),
    ("a large head", writes(HEAD.replace(b"\r\n\r\n", b"\r\nX-A: " + b"b" * 60_000 + b"\r\n\r\n"), *GOOD[1:]), Ending.OK),
    ("a status of four digits", writes(b"HTTP/1.1 2000 OK\r\n\r\n"), Ending.MALFORMED),
    ("cut inside an event at the end of the connection", writes(b"HTTP/1.0 200 OK\r\n\r\n", event(), event()[:20], close=True), Ending.TRUNCATED),
    ("half a character as it is", writes(HEAD, chunk(b'data: {"choices": [{"text": "\xf0\x9f"}]}\n\n'), chunk(DONE), END), Ending.OK),
    ("an event over several chunks", writes(HEAD, *(chunk(event()[at : at + 9]) for at in range(0, len(event()), 9)), chunk(DONE), END), Ending.OK),
]  # fmt: skip


@pytest.mark.parametrize(("script", "ending"), [row[1:] for row in SCRIPTS], ids=[row[0] for row in SCRIPTS])
@pytest.mark.parametrize("stamps", [True, False], ids=["kernel", "loop"])
def test_what_a_server_does_is_told_apart(script: Script, ending: Ending, stamps: bool) -> None:
    with serving(script) as server:
        assert ending_of(server.url, kernel_stamps=stamps) is ending


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert ending_of(f"http://127.0.0.1:{free.getsockname()[1]}") is Ending.REFUSED


def test_torn_off_inside_the_answer() -> None:
    async def script(answer: Answer) -> None:
        await answer.raw(HEAD + chunk(event()))
        await asyncio.sleep(0.02)
        answer.reset()

    with serving(script) as server:
        assert ending_of(server.url) is Ending.TRUNCATED


def test_half_closed_and_silent() -> None:
    async def script(answer: Answer) -> None:
        await answer.raw(HEAD + chunk(event()))
        await asyncio.sleep(5)

    with serving(script) as server:
        assert ending_of(server.url, limits=Limits(silence=0.2)) is Ending.SILENT
        assert ending_of(server.url, limits=Limits(whole=0.2)) is Ending.TIMEOUT


def test_retry_after_is_kept_and_closed_loops_obey_it() -> None:
    with serving(document(b"429 Too Many Requests", b"{}", b"Retry-After: 1\r\n")) as server:
        result = result_of(closed_plan(server.url, requests=2))
        first, second = server.asked
        assert result.endings == {Ending.LIMITED: 2}
        assert result.statuses == {429: 2}
        assert second.arrived - first.arrived >= 1_000_000_000
        assert row_of(closed_plan(server.url)).retry_after == 1.0


def test_a_kept_connection_that_is_gone_is_no_failure_of_the_request() -> None:
    served = 0

    async def script(answer: Answer) -> None:
        nonlocal served
        served += 1
        if served == 2:  # the connection of the first answer is cut when the second request comes
            answer.close()
        else:
            await plain(tokens=2, ttft=0, gap=0)(answer)

    with serving(script) as server:
        result = result_of(closed_plan(server.url, requests=2))
    assert result.endings == {Ending.OK: 2}
    assert result.marks[Mark.RESENT] == 1


def test_connections_are_kept() -> None:
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        assert result_of(closed_plan(server.url, requests=20)).endings == {Ending.OK: 20}
        assert server.connections == 1


def test_whole_answers() -> None:
    body = b'{"choices": [{"text": "two words", "finish_reason": "stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}'
    with serving(document(b"200 OK", body)) as server:
        row = row_of(closed_plan(server.url, stream=False))
        assert (row.ending, row.tokens_in, row.tokens_out, row.first) == (Ending.OK, 5, 2, -1)
        assert server.asked[0].body["stream"] is False
    with serving(document(b"200 OK", b'{"choices": []}')) as server:
        assert ending_of(server.url, stream=False) is Ending.NO_TOKEN
    with serving(document(b"200 OK", b'{"error": {"message": "no"}}')) as server:
        assert ending_of(server.url, stream=False) is Ending.ERROR_EVENT


def test_an_empty_first_event_is_no_first_token() -> None:
    async def script(answer: Answer) -> None:
        await answer.raw(HEAD + chunk(event("")))
        await asyncio.sleep(0.1)
        await answer.raw(chunk(event()) + chunk(DONE) + END)

    with serving(script) as server:
        row = row_of(closed_plan(server.url))
    assert row.first - row.sent >= 100_000_000
    assert row.chunks == 1
    assert Mark.EMPTY_FIRST in marks(row)


def test_odd_but_good_is_marked() -> None:
    with serving(writes(HEAD, chunk(event()), chunk(event(finish="stop")), END)) as server:
        assert marks(row_of(closed_plan(server.url))) == {Mark.NO_DONE, Mark.NO_USAGE}


def test_done_and_never_ended() -> None:
    """What a server forgets after [DONE] costs time, and is no failure."""

    async def script(answer: Answer) -> None:
        await answer.raw(HEAD + chunk(event()) + chunk(DONE))
        await asyncio.sleep(5)

    with serving(script) as server:
        parts = parts_of(closed_plan(server.url, requests=2, limits=Limits(silence=0.2)))
    first, second = (row for part in parts for row in part.rows)
    assert first.ending is second.ending is Ending.OK
    assert first.end == first.last
    assert second.due - first.end >= 200_000_000  # the client did wait, and asked again only then


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (b"Retry-After: 7\r\n", 7.0),
        (b"retry-after:2.5\r\n", 2.5),
        (b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:57 GMT\r\n", 20.0),
        (b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:00:00 GMT\r\n", 0.0),
        (b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", 3600.0),  # by our own clock, and no longer than is believed
        (b"Retry-After: Sun, 31 Feb 2030 08:00:00 GMT\r\n", 0.0),
        (b"Retry-After: Sun, 06 Foo 2030 08:00:00 GMT\r\n", 0.0),
        (b"Retry-After: soon\r\n", 0.0),
        (b"Retry-After: -5\r\n", 0.0),
        (b"Retry-After: 99999999999\r\n", 0.0),
    ],
)
def test_when_to_come_back(headers: bytes, seconds: float) -> None:
    exchange = Exchange(0, 0, 0, 0, b"", is_stream=True)
    assert exchange.feed(JSON % (b"429 Slow", headers, 0, b""), 0)
    assert exchange.retry_after() == seconds


@pytest.mark.parametrize(
    ("head", "connections"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", 3),
        (b"HTTP/1.1 200 OK\r\nconnection: Keep-Alive\r\nContent-Length: %d\r\n\r\n", 1),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n", 1),
        (b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n", 3),
    ],
)
def test_connections_are_kept_where_the_server_keeps_them(head: bytes, connections: int) -> None:
    body = event(finish="stop") + DONE
    with serving(writes(head % len(body) + body)) as server:
        assert result_of(closed_plan(server.url, requests=3)).endings == {Ending.OK: 3}
        assert server.connections == connections


def test_a_refusal_that_comes_before_all_was_asked_is_read() -> None:
    """A question too long for a server that answers and leaves: what it said counts, not that it left."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        plan = closed_plan(f"http://127.0.0.1:{listening.getsockname()[1]}", prompts=Prompts(words=1_000_000))
        seen: list[Row] = []
        asking = threading.Thread(target=lambda: seen.append(row_of(plan)))
        asking.start()
        connection, _ = listening.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 413 Too Long\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 20) and not seen:
                pass
        asking.join()
    assert (seen[0].ending, seen[0].status) == (Ending.STATUS, 413)


def test_only_addresses_that_answer_are_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        good = (socket.AF_INET, listening.getsockname())
        bad = (socket.AF_INET, free.getsockname())
        assert answering((bad, good)) == (good,)
        assert answering((bad, bad)) == (bad, bad)  # what becomes of each request is then told
        assert answering((bad,)) == (bad,)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_addresses_of_version_6() -> None:
    with serving(plain(tokens=2, ttft=0, gap=0), host="::1") as server:
        assert "[::1]" in server.url
        assert ending_of(server.url) is Ending.OK
        assert server.asked[0].header("host") == server.url.removeprefix("http://")


def test_answers_without_usage_are_counted_by_events_and_that_is_said() -> None:
    with serving(writes(HEAD, chunk(event()), chunk(event(finish="stop")), chunk(DONE), END)) as server:
        result = result_of(closed_plan(server.url))
    assert result.tokens_out == 2
    (note,) = [one for one in result.validity.notes if one.id == "tokens"]
    assert "1 answers came without usage" in note.what
