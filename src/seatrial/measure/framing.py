"""The answer of an HTTP/1.1 server, as bytes come in: status, the headers that matter, and where the body ends.

Servers are not trusted: what is too long, or is no HTTP, raises ``Malformed``.
"""

from __future__ import annotations

from collections.abc import Callable

_LONGEST_HEAD = 64 << 10
_LONGEST_SIZE_LINE = 1 << 10
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Malformed(Exception):
    """The server did not speak HTTP, or did not say what the API says."""


class Framing:
    """Hands the body on to ``body`` in the pieces in which it came; ``whole`` once all of it was there."""

    __slots__ = ("_body", "_chunked", "_left", "_pending", "_trailer", "headers", "keep", "started", "status", "whole")

    def __init__(self, body: Callable[[bytes], None]) -> None:
        self._body = body
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
            end = data.find(b"\r\n", 0, 10)
            if end > 0:
                try:
                    size = int(data[:end], 16)
                except ValueError:
                    size = -1
                if size > 0 and size + end + 4 == len(data):  # by far the most reads: one chunk, whole
                    self._body(data[end + 2 : -2])
                    return
        self._slowly(data)

    def ended(self) -> bool:
        """The other side will send no more: whether that was the way to end the body."""
        if self.status and self._left == -1:
            self.whole = True
            self.keep = False
        return self.whole

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
        end = data.find(b"\r\n\r\n")
        if end < 0:
            if len(data) > _LONGEST_HEAD or not b"HTTP/1.".startswith(data[:7]):
                raise Malformed("no HTTP")
            return None
        lines = data[:end].split(b"\r\n")
        version, _, rest = lines[0].partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or not rest[:3].isdigit() or len(rest[:3]) != 3:
            raise Malformed("no HTTP")
        if 100 <= (status := int(rest[:3])) < 200:
            return data[end + 4 :]
        self.status = status
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if not colon:
                raise Malformed("a header without a colon")
            self.headers[name.strip().lower()] = value.strip()
        self._decide(version)
        return data[end + 4 :]

    def _decide(self, version: bytes) -> None:
        connection = self.headers.get(b"connection", b"").lower()
        self.keep = b"close" not in connection and (version == b"HTTP/1.1" or b"keep-alive" in connection)
        if b"chunked" in self.headers.get(b"transfer-encoding", b"").lower():
            self._chunked = True
        elif (length := self.headers.get(b"content-length")) is not None:
            if not length.isdigit() or len(length) > 15:
                raise Malformed("a length that is none")
            self._left = int(length)
            self.whole = self._left == 0
        elif self.status in (204, 304):
            self.whole = True
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
        if end < 0:
            if len(data) > _LONGEST_SIZE_LINE:
                raise Malformed("a chunk without a size")
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
        if end < 0:
            if len(data) > _LONGEST_HEAD:
                raise Malformed("a trailer without an end")
            return None
        self.whole = end == 0
        return data[end + 2 :]
