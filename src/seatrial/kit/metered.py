"""A stream of which only so many bytes may come: what unpacks without end ends in an error."""

from __future__ import annotations

import io
from typing import Protocol


class TooLarge(Exception):
    """More came than may."""


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Metered(io.RawIOBase):
    """Raises TooLarge once more than ``most`` bytes have come out of it."""

    def __init__(self, stream: Readable, most: int) -> None:
        self._stream, self._most, self._left = stream, most, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge(f"it unpacks to more than {self._most} bytes")
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
