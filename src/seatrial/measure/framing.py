"""The answer of an HTTP/1.1 server, as bytes come in: status, the headers that matter, and where the body ends.

Servers are not trusted: what is too long, or is no HTTP, raises ``Malformed``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_LONGEST_HEAD = 64 << 10
_LONGEST_SIZE_LINE = 1 << 10
_HEX = frozenset(b"0123456789abcdefABCDEF")
_SIZES = {form % size: size for size in range(1, 1024) for form in (b"%x", b"%X")}  # as most chunks have them
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")  # some servers end their lines like files
_STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: .*)?")
_WITHOUT_BODY = (204, 304)

Body = Callable[[bytes], object]


class Malformed(Exception):
    """The server did not speak HTTP, or did not say what the API says."""


class Framing:
    """Asks ``begin``, as soon as the head is known, who takes the body, and hands it on in the pieces in which it came.
    ``whole`` once all of it was there."""

    __slots__ = (
        *("_begin", "_body", "_chunked", "_left", "_pending", "_trailer"),
        *("headers", "keep", "started", "status", "whole"),
    )

    def __init__(self, begin: Callable[[Framing], Body]) -> None:
        self._begin = begin
        self._body: Body = len
        self._pending = b""
        self._chunked = False
        self._trailer = False
        self._left = 0  # of the chunk, or of a body of known length; -1: until the connection ends
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.keep = True  # whether the connection may be used again
        self.started = False
        self.whole = False

    def feed(self, data: bytes) -> None:
        if self._chunked and not self._pending and not self._left and not self._trailer:
            end = data.find(b"\r\n", 0, 5)
            size = _SIZES.get(data[:end], 0)
            if (
                size and size + end + 4 == len(data) and data.endswith(b"\r\n")
            ):  # by far the most reads: one chunk, whole
                self._body(data[end + 2 : -2])
                return
        self._slowly(data)

    @property
    def ends_with_connection(self) -> bool:
        """Whether the body has no other end than that of the connection."""
        return bool(self.status) and self._left == -1

    def _slowly(self, data: bytes) -> None:
        data = self._pending + data if self._pending else data
        self._pending = b""
        self.started = self.started or bool(data)
        while data and not self.whole:
            if not self.status:
                rest = self._head(data)
            elif self._trailer:
                rest = self._after_last(data)
            elif self._left:
                rest = self._piece(data)
            elif self._chunked:
                rest = self._size(data)
            else:
                rest = data
            if rest is None:  # more must come first
                self._pending = data
                return
            data = rest
        if data:
            self.keep = False  # more than was asked for

    def _head(self, data: bytes) -> bytes | None:
        found = _END_OF_HEAD.search(data)
        if (found.start() if found else len(data)) > _LONGEST_HEAD or not b"HTTP/1.".startswith(data[:7]):
            raise Malformed("no HTTP")
        if found is None:
            return None
        first, *lines = (line.removesuffix(b"\r") for line in data[: found.start()].split(b"\n"))
        match = _STATUS.fullmatch(first)
        if match is None:
            raise Malformed("no HTTP")
        if 100 <= (status := int(match[2])) < 200:
            return data[found.end() :]
        self.status = status
        self._headers(lines)
        self._decide(old=match[1] == b"0")
        self._body = self._begin(self)
        return data[found.end() :]

    def _headers(self, lines: list[bytes]) -> None:
        name = b""
        for line in lines:
            if line[:1] in b" \t" and name:  # the rest of the one before, as it once was done
                self.headers[name] += b" " + line.strip()
                continue
            name, colon, value = line.partition(b":")
            name = name.strip().lower()
            if not colon:
                raise Malformed("a header without a colon")
            if name == b"content-length" and self.headers.get(name, value.strip()) != value.strip():
                raise Malformed("two lengths")
            self.headers[name] = value.strip()

    def _decide(self, *, old: bool) -> None:
        connection = self.headers.get(b"connection", b"").lower()
        coding = self.headers.get(b"transfer-encoding", b"").lower()
        self.keep = b"close" not in connection and (not old or b"keep-alive" in connection)
        if self.status in _WITHOUT_BODY:
            self.whole = True
        elif coding not in (b"", b"identity"):
            if coding != b"chunked":
                raise Malformed("an encoding that was not asked for")
            self._chunked = True
        elif (length := self.headers.get(b"content-length")) is not None:
            if not length.isdigit() or len(length) > 15:
                raise Malformed("a length that is none")
            self._left = int(length)
            self.whole = self._left == 0
        else:
            self._left = -1

    def _piece(self, data: bytes) -> bytes | None:
        if self._left < 0:
            self._body(data)
            return b""
        if not self._chunked:
            piece, rest = data[: self._left], data[self._left :]
            self._left -= len(piece)
            self._body(piece)
            self.whole = not self._left
            return rest
        # The line break behind a chunk counts as a part of it, so that none is forgotten.
        have = min(len(data), self._left)
        text = min(have, max(self._left - 2, 0))
        if text:
            self._body(data[:text])
        if have > text and not b"\r\n"[2 - (self._left - text) :].startswith(data[text:have]):
            raise Malformed("a chunk longer than it says")
        self._left -= have
        return data[have:]

    def _size(self, data: bytes) -> bytes | None:
        end = data.find(b"\r\n")
        if max(end, len(data) if end < 0 else 0) > _LONGEST_SIZE_LINE:
            raise Malformed("a chunk without a size")
        if end < 0:
            return None
        digits = data[:end].partition(b";")[0].strip()
        if not digits or len(digits) > 12 or not _HEX.issuperset(digits):
            raise Malformed("a chunk without a size")
        size = int(digits, 16)
        self._trailer = size == 0
        self._left = size + 2 if size else 0
        return data[end + 2 :]

    def _after_last(self, data: bytes) -> bytes | None:
        end = data.find(b"\r\n")
        if max(end, len(data) if end < 0 else 0) > _LONGEST_HEAD:
            raise Malformed("a trailer without an end")
        if end < 0:
            return None
        self.whole = end == 0
        return data[end + 2 :]
