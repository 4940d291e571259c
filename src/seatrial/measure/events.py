"""What a server of language models says: server-sent events or one JSON document, read as far as a measurement needs it."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from seatrial.measure.framing import Malformed

_LONGEST = 16 << 20
_MARK = b"\xef\xbb\xbf"  # with which some begin a stream
_ESCAPE = re.compile(rb"\\(\\|u[dD][89a-fA-F][0-9a-fA-F]{2})")
_Tokens = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Text = str | list[msgspec.Raw] | dict[str, msgspec.Raw] | None  # servers differ; what counts is whether there is some


class _Said(msgspec.Struct, gc=False):
    content: _Text = None
    reasoning_content: _Text = None
    reasoning: _Text = None
    refusal: _Text = None
    tool_calls: _Text = None
    function_call: _Text = None


class _Choice(msgspec.Struct, gc=False):
    text: _Text = None
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | int | bool | None = None


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

    __slots__ = (
        *("_after_cr", "_begun", "_kept", "_rest", "_room"),
        *("done", "empty_first", "error", "finished", "is_stream", "texts", "tokens_in", "tokens_out"),
    )

    def __init__(self, *, is_stream: bool, keeps: bool = False) -> None:
        self.is_stream = is_stream
        self._kept: list[str] | None = [] if keeps else None
        self._room = _LONGEST
        self._rest = b""
        self._begun = self._after_cr = False
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
            and b"\r" not in data
        ):  # by far the most: one event, whole
            self._begun = True
            self._event(data[6:-2])
            return
        if len(self._rest) + len(data) > _LONGEST:
            raise Malformed("an event without an end")
        if self.is_stream:
            self._split(self._rest + self._in_lines(data))
        else:
            self._rest += data

    def close(self) -> None:
        """There will be no more: what is left is the document, or the last event without its blank line."""
        rest, self._rest = self._rest, b""
        if self.is_stream:
            self._lines(rest if self._begun else rest.removeprefix(_MARK))
        elif rest.strip():
            self._event(rest.removeprefix(_MARK))
            self.done = True

    def _in_lines(self, data: bytes) -> bytes:
        """With one kind of line break. A return at the end of a read ends its line at once; the feed that may follow is dropped."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data

    def _split(self, rest: bytes) -> None:
        if not self._begun:
            if len(rest) < len(_MARK) and _MARK.startswith(rest):
                self._rest = rest
                return
            self._begun = True
            rest = rest.removeprefix(_MARK)
        *events, self._rest = rest.split(b"\n\n")
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
        if (said := data.strip()) == b"[DONE]":
            self.done = True
            return
        if not said:  # as some keep a connection awake
            return
        event = _event_of(data)
        if bytes(event.error) != b"null" or event.object == "error":
            self.error = True
        if event.usage is not None:
            self._count(event.usage)
        any_text = False
        for choice in event.choices or ():
            any_text = any_text or _says(choice)
            if self._kept is not None:
                self._keep(self._kept, choice)
            if choice.finish_reason:
                self.finished = True
        if any_text:
            self.texts += 1
        elif event.choices and not self.texts and not self.finished:
            self.empty_first = True

    @property
    def uncounted(self) -> str:
        """What was said, where it is kept because the server may not count it, and it did not."""
        return "".join(self._kept) if self._kept and self.tokens_out < 0 else ""

    def _keep(self, kept: list[str], choice: _Choice) -> None:
        for text in _texts(choice):
            kept.append(text)
            self._room -= len(text)
        if self._room < 0:  # of an answer without end, nobody counts a part
            self._kept = None

    def _count(self, usage: _Usage) -> None:
        if usage.prompt_tokens is not None:
            self.tokens_in = int(usage.prompt_tokens)
        if usage.completion_tokens is not None:
            self.tokens_out = int(usage.completion_tokens)


def _event_of(data: bytes) -> _Event:
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # Characters that were cut into halves, as servers do that send each token by itself, are text all the same.
        whole = _ESCAPE.sub(lambda match: match[0] if match[1] == b"\\" else b"\\ufffd", data)
        return _decode(whole.decode("utf-8", "replace").encode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("an event that is not what the API says") from error


def _says(choice: _Choice) -> bool:
    if choice.text:
        return True
    said = choice.delta or choice.message
    return said is not None and bool(
        said.content
        or said.reasoning_content
        or said.reasoning
        or said.tool_calls
        or said.refusal
        or said.function_call
    )


def _texts(choice: _Choice) -> list[str]:
    said = choice.delta or choice.message
    found = [choice.text] if said is None else [said.reasoning_content or said.reasoning, said.content]
    return [one for one in found if isinstance(one, str)]
