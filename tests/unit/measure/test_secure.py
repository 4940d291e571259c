"""TLS and mTLS, against a server with certificates of our own."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from seatrial.measure.secure import maker
from seatrial.model.errors import UsageError
from seatrial.model.load import Limits, Plan, Tls
from seatrial.model.load_result import Ending
from tests.unit.cluster.keys import Authority, Pair
from tests.unit.measure.run import closed_plan, result_of, row_of
from tests.unit.measure.server import DONE, Answer, event, plain, serving

GOOD = plain(tokens=4, ttft=0, gap=0.002)


class Papers:
    """Files of an authority and of what it signed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority()
        self.ca = self._write("ca", self.authority.pem)
        self.server = self._pair("server", self.authority.pair("localhost", addresses=("127.0.0.1",)))
        self.other = self._pair("other", self.authority.pair("elsewhere"))
        self.client = self._pair("client", self.authority.pair("client"))
        self.stranger = self._write("stranger", Authority("nobody").pem)

    def _pair(self, name: str, pair: Pair) -> tuple[str, str]:
        return self._write(f"{name}.crt", pair.certificate), self._write(f"{name}.key", pair.key)

    def _write(self, name: str, data: bytes) -> str:
        path = self._folder / name
        path.write_bytes(data)
        return str(path)

    def context(self, pair: tuple[str, str], *, asks: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        if asks:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("papers"))


def over(url: str, tls: Tls, **more: object) -> Plan:
    plan = closed_plan(url, **more)
    return msgspec.structs.replace(plan, target=msgspec.structs.replace(plan.target, tls=tls))


def test_answers_come_through_and_connections_are_kept(papers: Papers) -> None:
    with serving(GOOD, papers.context(papers.server)) as server:
        result = result_of(over(server.url, Tls(ca=papers.ca), requests=40))
        assert server.connections == 1
    assert result.endings == {Ending.OK: 40}
    assert result.tokens_out == 160
    assert result.client.receive_lag.total > 0  # the kernel's stamps are had here, too
    assert not result.client.odd_stamps


@pytest.mark.parametrize(
    ("tls", "ending"),
    [
        (lambda papers: Tls(ca=papers.ca, name="localhost"), Ending.OK),
        (lambda papers: Tls(verify=False), Ending.OK),
        (lambda papers: Tls(), Ending.TLS),
        (lambda papers: Tls(ca=papers.stranger), Ending.TLS),
        (lambda papers: Tls(ca=papers.ca, name="elsewhere"), Ending.TLS),
    ],
    ids=["another name", "unverified", "unknown", "another authority", "the wrong name"],
)
def test_whom_it_trusts(papers: Papers, tls: Callable[[Papers], Tls], ending: Ending) -> None:
    with serving(GOOD, papers.context(papers.server)) as server:
        assert row_of(over(server.url, tls(papers))).ending is ending


def test_the_client_shows_who_it_is(papers: Papers) -> None:
    with serving(GOOD, papers.context(papers.server, asks=True)) as server:
        certificate, key = papers.client
        assert row_of(over(server.url, Tls(ca=papers.ca, certificate=certificate, key=key))).ending is Ending.OK
        assert row_of(over(server.url, Tls(ca=papers.ca))).ending in (Ending.TLS, Ending.RESET)


@pytest.mark.parametrize("whole", [True, False])
def test_a_server_that_leaves_without_a_word(papers: Papers, whole: bool) -> None:
    """Without close_notify: an answer that has said that it is whole is, and another is a cut one."""

    async def script(answer: Answer) -> None:
        await answer.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + event() + (DONE if whole else event()[:20]))
        answer.reset()

    with serving(script, papers.context(papers.server)) as server:
        ending = row_of(over(server.url, Tls(ca=papers.ca))).ending
    assert ending is (Ending.OK if whole else Ending.TRUNCATED)


def test_a_server_without_tls_is_told_apart() -> None:
    with serving(GOOD) as server:
        plan = over(server.url.replace("http:", "https:"), Tls(verify=False), limits=Limits(connect=0.2))
        assert row_of(plan).ending is Ending.TLS


def test_papers_that_are_none(papers: Papers) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        maker(Tls(ca="/nowhere"), "s", stamped=True)
    with pytest.raises(UsageError, match="cannot be used"):
        maker(Tls(certificate=papers.ca, key=papers.ca), "s", stamped=True)
