"""The simulated server's side of a run: its metrics and its truth, over real HTTP."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from seatrial.measure.scrape import Scraper
from seatrial.measure.truth import Did, Truth, errors
from seatrial.model.errors import Unreachable, UsageError
from seatrial.model.load_result import Ending, Row

METRICS = """# HELP vllm:num_requests_running Running.
vllm:num_requests_running{engine="0"} 3.0
vllm:num_requests_running{engine="1"} 4.0
vllm:kv_cache_usage_perc{engine="0"} 0.2
vllm:kv_cache_usage_perc{engine="1"} 0.4
something_else 5
nonsense{{{
"""


@contextmanager
def page(status: int, body: str) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_counts_are_added_up_and_shares_averaged() -> None:
    with page(200, METRICS) as url:
        scraper = Scraper((url, f"{url}/metrics"))
        scraper.turn()
    (sample,) = scraper.samples
    assert sample.values == {
        "vllm:num_requests_running": 14.0,
        "vllm:kv_cache_usage_perc": pytest.approx(0.3),
    }


def test_it_asks_no_more_often_than_it_should() -> None:
    with page(200, METRICS) as url:
        scraper = Scraper((url,), every=3600)
        scraper.turn()
        scraper.turn()
    assert len(scraper.samples) == 1


def test_what_does_not_answer_is_a_gap() -> None:
    with page(500, METRICS) as url:
        scraper = Scraper((url, "http://127.0.0.1:9"))
        scraper.turn()
    assert scraper.samples == ()
    assert scraper.gaps() == (
        f"{url} told no known metric 1 of 1 times",
        "http://127.0.0.1:9 told no known metric 1 of 1 times",
    )


def row(index: int, ttft: int, ending: Ending = Ending.OK) -> Row:
    last = ttft + 999_000
    return Row(index, 0, 0, 1000, 1000 + ttft, 1000 + last, 1000 + last, ending, 200, 1, 10, 10, 0, 0, 0)


def test_errors_are_differences_from_the_truth() -> None:
    truth = {
        "7-0": Did("7-0", 1, 500, 50_500, 950_500, 10, 10, 77),
        "7-1": Did("7-1", 2, 500, 50_500, 950_500, 10, 10, 77),
    }
    seen = errors(iter([row(0, 50_040), row(1, 49_960), row(2, 1), row(1, 5, Ending.TRUNCATED)]), truth, 7)
    assert (seen.requests, seen.unmatched) == (2, 2)
    assert (seen.ttft.least, seen.ttft.most) == (40, 40)
    assert seen.per_token.most == 11_000
    assert seen.server_late.most == 77


def test_only_a_server_that_tells_the_truth_will_do() -> None:
    with page(404, "") as url, pytest.raises(UsageError, match="no truth"):
        Truth(url)
    with page(200, "nonsense") as url, pytest.raises(UsageError, match="no truth"):
        Truth(url)
    with pytest.raises(Unreachable):
        Truth("http://127.0.0.1:9")


def test_pages_end() -> None:
    with page(200, '{"event": "truth"}\n{"id": "7-1", "seq": 4}\n') as url:
        truth = Truth(url)
        assert list(truth.take()) == ["7-1"]
        assert truth.take() == {}
