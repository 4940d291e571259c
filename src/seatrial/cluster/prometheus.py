"""What a monitoring system that speaks PromQL answers becomes Series; what it does not answer becomes a Gap."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping

import aiohttp
import msgspec
from yarl import URL

from seatrial.kit import text
from seatrial.model.errors import CannotJudge, Unreachable, UsageError
from seatrial.model.fact import Gap, GapReason, Series, Track

TOKEN = "SEATRIAL_PROMETHEUS_TOKEN"
_AT_ONCE = 4
_LARGEST = 256 << 20  # bytes of one answer
_WITHIN = 30.0

Ask = Callable[[str, Mapping[str, str]], Awaitable[str]]
"""GET a path with a query; the body of the answer."""

Read = tuple[dict[str, tuple[Series, ...]], dict[str, Gap]]


class _Sampled(msgspec.Struct, frozen=True):
    metric: dict[str, str] = {}
    value: tuple[float, str] = (0.0, "NaN")
    values: tuple[tuple[float, str], ...] = ()  # of a matrix


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    result_type: str = ""
    result: tuple[_Sampled, ...] = ()


class _Answer(msgspec.Struct, frozen=True):
    status: str = ""
    data: _Data = _Data()
    error: str = ""


class Window(msgspec.Struct, frozen=True):
    """How far back a query looks that looks back, and how finely; in seconds."""

    seconds: int = 300
    step: int = 15

    def written_into(self, query: str) -> str:
        return query.replace("$window", f"{self.seconds}s").replace("$step", f"{self.step}s")


async def read(kinds: Iterable[type[Series]], ask: Ask | None, window: Window = Window()) -> Read:  # noqa: B008 - frozen
    """Every kind by one instant query. Without anybody to ask, each is a gap."""
    wanted = tuple(kinds)
    if ask is None:
        detail = "no monitoring system was named or found; --prometheus URL names one"
        return {}, {kind.of: Gap(kind.of, GapReason.UNREACHABLE, detail) for kind in wanted}
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(kind: type[Series]) -> tuple[Series, ...] | Gap:
        async with turns:
            return await _series(kind, ask, window)

    found = dict(zip((kind.of for kind in wanted), await asyncio.gather(*map(one, wanted)), strict=True))
    return (
        {of: answer for of, answer in found.items() if not isinstance(answer, Gap)},
        {of: answer for of, answer in found.items() if isinstance(answer, Gap)},
    )


async def _series(kind: type[Series], ask: Ask, window: Window) -> tuple[Series, ...] | Gap:
    try:
        body = await ask("/api/v1/query", {"query": window.written_into(kind.query)})
        answer = msgspec.json.decode(body, type=_Answer)
    except CannotJudge as error:
        return Gap(kind.of, GapReason.UNREACHABLE, error.what)
    except (msgspec.MsgspecError, RecursionError) as error:
        return Gap(kind.of, GapReason.UNREADABLE, f"the answer is none of Prometheus: {text.one_line(str(error))}")
    wanted = "matrix" if issubclass(kind, Track) else "vector"
    if answer.status != "success" or answer.data.result_type != wanted:
        said = text.one_line(answer.error, limit=300) or f"a {text.one_line(answer.data.result_type, limit=40)}"
        return Gap(kind.of, GapReason.UNREADABLE, f"the query was not answered by series: {said}")
    return tuple(series for one in answer.data.result if (series := _one(kind, one)) is not None)


def _one(kind: type[Series], sampled: _Sampled) -> Series | None:
    if issubclass(kind, Track):
        points = tuple((at, value) for at, text in sampled.values if (value := _number(text)) is not None)
        return kind(labels=sampled.metric, value=points[-1][1], at=points[-1][0], points=points) if points else None
    value = _number(sampled.value[1])
    return None if value is None else kind(labels=sampled.metric, value=value, at=sampled.value[0])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def by_address(address: str) -> Ask:
    """Asks a server by its URL; a token for it is taken from the environment."""
    base = URL(address)
    if base.scheme not in ("http", "https") or not base.host:
        raise UsageError(f"--prometheus {text.one_line(address)!r} is no address", way_out="write http://HOST:PORT")
    if base.user or base.password:
        raise UsageError("--prometheus carries a password", way_out=f"put a token into ${TOKEN} instead")
    token = os.environ.get(TOKEN, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(path: str, query: Mapping[str, str]) -> str:
        where = base.joinpath(path.lstrip("/")).with_query(query)
        timeout = aiohttp.ClientTimeout(total=_WITHIN)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.get(where, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(_LARGEST)
                if answer.status not in (200, 400, 422):  # these come with the reason, as JSON
                    raise Unreachable(f"{base} answers {answer.status} to a query")
                return body.decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(f"{base} cannot be asked: {text.one_line(str(error)) or 'no answer in time'}") from error

    return ask
