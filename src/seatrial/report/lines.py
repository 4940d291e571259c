"""Lines for a terminal: wrapped by the cells that characters take, painted only where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

from seatrial.kit.text import one_line, safe

WIDTH = 80

_PAINTS = {
    "bold": "1",
    "dim": "2",
    "fail": "1;31",
    "error": "1;35",
    "unknown": "1;33",
    "not-covered": "2",
    "pass": "1;32",
    "not-applicable": "2",
}


class Page:
    """Collects lines; cluster text goes in through ``say``, which cleans and wraps it."""

    def __init__(self, *, colour: bool = False, width: int = WIDTH) -> None:
        self._colour = colour
        self._width = width
        self._lines: list[str] = []

    def say(self, text: str, *, indent: int = 0, mark: str = "", paint: str = "", limit: int = 600) -> None:
        """A paragraph, hanging under its mark."""
        lead = " " * indent + (f"{mark} " if mark else "")
        hang = " " * cell_len(lead)
        for number, line in enumerate(wrap(one_line(text, limit=limit), self._width - len(hang))):
            shown = self._painted(lead + line, paint) if number == 0 else self._painted(hang + line, paint)
            self._lines.append(shown)

    def row(self, text: str) -> None:
        """One line as it is, columns and all."""
        self._lines.append(safe(text.replace("\n", " ")).rstrip())

    def gap(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def text(self) -> str:
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def _painted(self, line: str, paint: str) -> str:
        code = _PAINTS.get(paint, "") if self._colour else ""
        if not code:
            return line
        body = line.lstrip(" ")
        return f"{line[: len(line) - len(body)]}\x1b[{code}m{body}\x1b[0m"


def wrap(text: str, width: int) -> Iterator[str]:
    """Break between words; a word longer than a line is cut."""
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            yield line
        *full, line = chop_cells(word, width) or [""]
        yield from full
    yield line
