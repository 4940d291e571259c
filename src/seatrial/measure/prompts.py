"""What is asked, as the bytes of a request: the same for the same seed and index, whichever process builds it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

import msgspec

from seatrial import __version__
from seatrial.model.errors import UsageError
from seatrial.model.load import Api, Call, Model, Plan, Prompts, Replay, Target

# Short words that are one token each, with the space before them, in the common vocabularies.
_TEXT = """
time year people way day man thing woman life child world school state family student group country problem
hand part place case week company system program question work government number night point home water room
mother area money story fact month lot right study book eye job word business issue side kind head house
service friend father power hour game line end member law car city community name president team minute idea
body information back parent face others level office door health person art war history party result change
morning reason research girl guy moment air teacher force education
"""
COMMON = tuple(_TEXT.split())
_STEP, _MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
_PATHS = {Api.COMPLETIONS: "/v1/completions", Api.CHAT: "/v1/chat/completions"}
_SESSIONS = 64  # that are under way side by side
_FIRST, _AFTER = 0, 1 << 32  # streams of chance: of groups and sessions, and of what is a request's own


def mixed(*numbers: int) -> int:
    """64 bits by chance from these numbers, always the same ones (splitmix64)."""
    value = 0
    for number in numbers:
        value = (value + number + _STEP) & _MASK
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
        value ^= value >> 31
    return value


def words(count: int, *key: int, of: Sequence[str] = COMMON) -> str:
    """So many words by chance."""
    said, state = [], mixed(*key)
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & _MASK
        said.append(of[(state >> 33) % len(of)])
    return " ".join(said)


Words = Callable[..., str]  # ``words``, of the vocabulary of a plan


class Requests:
    """Builds the request of an index: the model's number, and the bytes."""

    def __init__(self, plan: Plan, environment: Mapping[str, str] = os.environ) -> None:
        self._plan = plan
        self._models = plan.target.models or (Model(name=""),)
        self._head = _head(plan.target, environment)
        self._weights = sum(model.weight for model in self._models)
        self._text = texts_of(plan)
        self._fixed = {"stream": plan.stream}
        if plan.stream:
            self._fixed |= {"stream_options": {"include_usage": True}}  # type: ignore[dict-item]
        if plan.ignore_end:
            self._fixed |= {"ignore_eos": True}

    def build(self, index: int) -> tuple[int, bytes]:
        number = self._model(index)
        said = self._text(index)
        body: dict[str, object] = {"model": self._models[number].name} if self._models[number].name else {}
        if self._plan.target.api is Api.CHAT:
            roles = ("user", "assistant")
            body["messages"] = [{"role": roles[turn % 2], "content": one} for turn, one in enumerate(said)]
        else:
            body["prompt"] = "\n".join(said)
        body["max_tokens"] = self._tokens_out(index)
        data = msgspec.json.encode(body | self._fixed)
        return number, b"%s%d-%d\r\nContent-Length: %d\r\n\r\n%s" % (
            self._head,
            self._plan.seed,
            index,
            len(data),
            data,
        )

    def _model(self, index: int) -> int:
        if len(self._models) == 1:
            return 0
        drawn = mixed(self._plan.seed, 7, index) / (_MASK + 1) * self._weights
        for number, model in enumerate(self._models):
            drawn -= model.weight
            if drawn < 0:
                return number
        return len(self._models) - 1

    def _tokens_out(self, index: int) -> int:
        arrivals = self._plan.arrivals
        return max(arrivals.calls[index].tokens_out, 1) if isinstance(arrivals, Replay) else self._plan.tokens_out


def texts_of(plan: Plan) -> Callable[[int], tuple[str, ...]]:
    """From an index to what was said by turns, the user's first and last."""
    prompts, seed = plan.prompts, plan.seed
    some = functools.partial(words, of=prompts.vocabulary or COMMON)
    if isinstance(plan.arrivals, Replay):
        calls, size = plan.arrivals.calls, plan.arrivals.block_tokens
        return lambda index: (_of_call(some, calls[index], size, seed, index),)
    if prompts.texts:
        return lambda index: (prompts.texts[index % len(prompts.texts)],)
    if prompts.turns > 1:
        return lambda index: _session(some, prompts, seed, index)
    return lambda index: (_single(some, prompts, seed, index),)


def _single(some: Words, prompts: Prompts, seed: int, index: int) -> str:
    count = prompts.words
    if prompts.spread:
        # Twelve uniform draws add up to something close enough to a normal one.
        drawn = sum(mixed(seed, 11, index, turn) for turn in range(12)) / (_MASK + 1) - 6.0
        count = max(1, round(count * (1 + prompts.spread * drawn)))
    own = some(count, seed, _AFTER, index)
    if not prompts.prefix_words:
        return own
    return f"{some(prompts.prefix_words, seed, _FIRST, mixed(seed, 13, index) % prompts.prefix_groups)} {own}"


def _session(some: Words, prompts: Prompts, seed: int, index: int) -> tuple[str, ...]:
    """Turns of a session follow one another at a distance of so many others; what the model said is made up, too."""
    row, place = divmod(index, _SESSIONS)
    session, turn = divmod(row, prompts.turns)
    of = session * _SESSIONS + place
    said: list[str] = []
    for number in range(turn + 1):
        said.append(some(prompts.words, seed, _FIRST, of, number))
        if number < turn:
            said.append(some(prompts.words, seed, _AFTER, of, number))
    if prompts.prefix_words:
        said[0] = f"{some(prompts.prefix_words, seed, _FIRST, of % prompts.prefix_groups)} {said[0]}"
    return tuple(said)


def _of_call(some: Words, call: Call, size: int, seed: int, index: int) -> str:
    """Blocks that two requests share become the same words."""
    parts, left = [], call.tokens_in
    for block in call.blocks:
        if left <= 0:
            break
        parts.append(some(min(size, left), seed, _FIRST, block))
        left -= size
    if left > 0:
        parts.append(some(left, seed, _AFTER, index))
    return " ".join(parts)


def _head(target: Target, environment: Mapping[str, str]) -> bytes:
    parts = address(target.url)
    path = parts.path.rstrip("/")
    path = path if path.endswith("/completions") else path.removesuffix("/v1") + _PATHS[target.api]
    lines = [f"POST {path}{'?' + parts.query if parts.query else ''} HTTP/1.1"]
    headers = {
        "Host": parts.netloc,
        "User-Agent": f"seatrial/{__version__}",
        "Content-Type": "application/json",
        "Accept": "*/*",
        "Accept-Encoding": "identity",  # what is packed comes in lumps
    }
    own = {name.lower() for name, _ in (*target.headers, *target.secret_headers)}
    headers = {name: value for name, value in headers.items() if name.lower() not in own} | dict(target.headers)
    for name, variable in target.secret_headers:
        value = secret(variable, environment)
        headers[name] = f"Bearer {value}" if name.lower() == "authorization" and " " not in value else value
    for name, value in headers.items():
        if any(mark in name + value for mark in "\r\n\0") or not name or ":" in name:
            raise UsageError(f"the header {name!r} has a line break or a colon in it", way_out="write NAME: VALUE")
        lines.append(f"{name}: {value}")
    lines.append("X-Request-Id: ")  # by which what the server writes down can be found again
    return "\r\n".join(lines).encode("utf-8", "replace")


def secret(variable: str, environment: Mapping[str, str]) -> str:
    if (value := environment.get(variable)) is None:
        raise UsageError(f"the environment has no {variable}", way_out=f"export {variable}=…, or leave the header out")
    return value


def address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if usable and "@" in parts.netloc:
        raise UsageError(
            "credentials in an address end up in files", way_out="put them into a variable, and use --header-from"
        )
    if not usable:
        raise UsageError(f"{url!r} is no address of a server", way_out="write http://HOST:PORT")
    return parts
