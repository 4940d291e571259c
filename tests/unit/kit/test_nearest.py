from __future__ import annotations

from seatrial.kit.nearest import meant


def test_who_mistypes_is_asked_for_what_is_near_and_no_more_than_three() -> None:
    assert meant("volcanoe", ("volcano", "kueue"), "-") == "did you mean volcano?"
    assert meant("abc1", ("abc2", "abc3", "abc4", "abc5"), "-").count(" or ") == 2


def test_where_nothing_is_near_the_way_out_is_said() -> None:
    assert meant("x", ("volcano",), "seatrial list systems shows all") == "seatrial list systems shows all"
