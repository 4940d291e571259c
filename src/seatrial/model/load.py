"""What load is sent: the plan of a run, as frozen data with a published JSON form. What came of it is in ``load_result``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

PLAN_SCHEMA = "seatrial.dev/load-plan/v1"


class Process(StrEnum):
    """How requests follow one another at a given rate."""

    CONSTANT = "constant"
    POISSON = "poisson"
    GAMMA = "gamma"


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of an open loop: from one rate to another, in requests per second."""

    seconds: float
    rate: float
    to: float | None = None  # the rate at its end; None where it stays


class Open(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Requests come when they come, however slow the server is."""

    phases: tuple[Phase, ...]
    process: Process = Process.POISSON
    variation: float = 1.0  # of the gaps, for gamma: standard deviation / mean


class Closed(msgspec.Struct, frozen=True, kw_only=True, tag="closed"):
    """So many clients, each of which asks again as soon as it has its answer."""

    clients: int
    seconds: float | None = None
    requests: int | None = None
    ramp: float = 0.0  # seconds over which the clients begin


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One request of a trace."""

    at: float  # seconds from the beginning
    tokens_in: int
    tokens_out: int
    session: str = ""
    blocks: tuple[int, ...] = ()  # of the prompt, by content: what two requests share is a common prefix


class Replay(msgspec.Struct, frozen=True, kw_only=True, tag="replay"):
    """Requests at the moments of a trace."""

    calls: tuple[Call, ...]
    block_tokens: int = 512


Arrivals = Open | Closed | Replay


class Api(StrEnum):
    COMPLETIONS = "completions"
    CHAT = "chat"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model, or a LoRA adapter, and its share of the requests."""

    name: str
    weight: float = 1.0


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. Texts in turn where there are some, otherwise words by chance, different for each request."""

    texts: tuple[str, ...] = ()
    words: int = 64
    spread: float = 0.0  # of the number of words: standard deviation / mean
    prefix_words: int = 0  # that all prompts of a group begin with
    prefix_groups: int = 1
    turns: int = 1  # of a session: each begins with all that was said before in it
    tokenizer: str = ""  # the file that says what a token is, where one was given
    vocabulary: tuple[str, ...] = ()  # words that are a token of it each; our own where there are none


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    verify: bool = True
    name: str | None = None  # that the certificate must bear, where it is not the host's


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests go. What is secret comes from the environment of each process and is never written down."""

    url: str
    api: Api = Api.COMPLETIONS
    models: tuple[Model, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    secret_headers: tuple[tuple[str, str], ...] = ()  # name, and the environment variable that holds the value
    tls: Tls = Tls()
    simulated: str = ""  # what stands there for a server, in words; empty where nothing is known to


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long is waited, in seconds."""

    connect: float = 10.0
    whole: float = 600.0
    silence: float = 60.0  # without a byte of the answer: the request is given up
    stall: float = 0.5  # between two events of a stream: counted


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """What a good answer is, in seconds. Time to first token and the whole are counted from when the request was due."""

    ttft: float | None = None
    per_token: float | None = None  # the mean time per output token after the first
    whole: float | None = None
    share: float = 0.99  # of the requests that must be good

    @property
    def asks(self) -> bool:
        return not self.ttft == self.per_token == self.whole == None  # noqa: E711


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = PLAN_SCHEMA
    target: Target
    arrivals: Arrivals
    prompts: Prompts = Prompts()
    tokens_out: int = 100
    ignore_end: bool = True  # ask the server to go on to the last token
    stream: bool = True
    warm_up: float = 0.0  # seconds at the beginning that are kept apart
    limits: Limits = Limits()
    slo: Slo = Slo()
    seed: int = 1
    shards: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    in_pods: bool = False  # each shard is a pod's
    kernel_stamps: bool = True  # the kernel tells when bytes came in


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """What one process gets: the whole plan, its own part of it, and the moment at which all begin."""

    plan: Plan
    number: int = 0
    begin_wall: float | None = None  # seconds since 1970, for processes on several machines
    skip_before: float = 0.0  # seconds of the plan that were done before
    first_index: int = 0  # of a closed loop that goes on
