from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit.quantity import parse, whole


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("8", 8),
        ("500m", Decimal("0.5")),
        ("80Gi", 80 * 2**30),
        ("1k", 1000),
        ("1e3", 1000),
        (".5", Decimal("0.5")),
        (4, 4),
        ("-1", -1),
    ],
)
def test_as_kubernetes_writes_them(text: str | int, amount: Decimal | int) -> None:
    assert parse(text) == amount


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1ki", "1Mib", "0x8", "1e", "nan", "mi"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse(text)


def test_nobody_gets_a_part_of_a_device() -> None:
    assert whole("1900m") == 1


@given(st.integers(-(10**18), 10**18))
def test_every_integer_reads_as_itself(number: int) -> None:
    assert whole(str(number)) == number
