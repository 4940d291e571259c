"""What a server of language models says: server-sent events or one JSON document, read as far as a measurement needs it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from seatrial.measure.framing import Malformed

_LONGEST = 16 << 20
_Tokens = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class _Said(msgspec.Struct, gc=False):
    content: str | list[msgspec.Raw] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[msgspec.Raw] | None = None


class _Choice(msgspec.Struct, gc=False):
    text: str | None = None
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: _Tokens | None = None
    completion_tokens: _Tokens | None = None


class _Event(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")
    object: str | None = None


_decode = msgspec.json.Decoder(_Event).decode


class Events:
    """Counts what came. ``texts`` are the events that carried text; chunks are not tokens."""

    __slots__ = ("_rest", "done", "empty_first", "error", "finished", "is_stream", "texts", "tokens_in", "tokens_out")

    def __init__(self, *, is_stream: bool) -> None:
        self.is_stream = is_stream
        self._rest = b""
        self.texts = 0
        self.tokens_in = self.tokens_out = -1
        self.done = self.finished = self.error = self.empty_first = False

    def feed(self, data: bytes) -> None:
        if (
            self.is_stream
            and not self._rest
            and data.startswith(b"data: ")
            and data.endswith(b"\n\n")
            and data.find(b"\n") == len(data) - 2
        ):  # by far the most: one event, whole
            self._event(data[6:-2])
            return
        if len(self._rest) + len(data) > _LONGEST:
            raise Malformed("an event without an end")
        self._rest += data
        if self.is_stream:
            self._split()

    def close(self) -> None:
        """There will be no more: what is left is the document, or the last event without its blank line."""
        rest, self._rest = self._rest, b""
        if self.is_stream:
            if rest.strip():
                self._lines(rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        elif rest.strip():
            self._event(rest)
            self.done = True

    def _split(self) -> None:
        rest = self._rest
        held = b""
        if b"\r" in rest:
            if rest.endswith(b"\r"):  # perhaps the half of a line break
                rest, held = rest[:-1], b"\r"
            rest = rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *events, rest = rest.split(b"\n\n")
        self._rest = rest + held
        for event in events:
            self._lines(event)

    def _lines(self, event: bytes) -> None:
        data = []
        for line in event.split(b"\n"):
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line.startswith(b"event:") and line[6:].strip() == b"error":
                self.error = True
        if data:
            self._event(b"\n".join(data))

    def _event(self, data: bytes) -> None:
        if data.strip() == b"[DONE]":
            self.done = True
            return
        try:
            event = _decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Malformed("an event that is not what the API says") from error
        if bytes(event.error) != b"null" or event.object == "error":
            self.error = True
        if event.usage is not None:
            self._count(event.usage)
        said = False
        for choice in event.choices or ():
            said = said or _says(choice)
            if choice.finish_reason:
                self.finished = True
        if said:
            self.texts += 1
        elif event.choices and not self.texts and not self.finished:
            self.empty_first = True

    def _count(self, usage: _Usage) -> None:
        if usage.prompt_tokens is not None:
            self.tokens_in = usage.prompt_tokens
        if usage.completion_tokens is not None:
            self.tokens_out = usage.completion_tokens


def _says(choice: _Choice) -> bool:
    if choice.text:
        return True
    said = choice.delta or choice.message
    return said is not None and bool(
        said.content or said.reasoning_content or said.reasoning or said.tool_calls or said.refusal
    )
