from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from seatrial.model import errors
from seatrial.model.errors import SeatrialError


def below(kind: type[SeatrialError]) -> Iterator[type[SeatrialError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from below(child)


TREE: list[type[SeatrialError]] = [SeatrialError, *below(SeatrialError)]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_says_what_went_wrong_and_the_way_out(kind: type[SeatrialError]) -> None:
    error = kind("the mast broke", way_out="row")
    assert (str(error), error.what, error.way_out) == ("the mast broke", "the mast broke", "row")
    assert error.exit_code in {2, 3, 130}


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^[│├└─ ]*(\w+)(?: {2,}|$)", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(kind.__name__ for kind in TREE)
