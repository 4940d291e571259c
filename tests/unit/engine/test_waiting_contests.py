"""Deadlocks by arithmetic: hold and wait in a circle, told from a queue, from a wish that is too large, and from services."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.engine.waiting.contests import MOST_EXACT, outcome, reduced, smallest
from seatrial.engine.waiting.ledger import Ledger
from seatrial.model.wait import Contest, Piece, Stake


def gang(name: str, holds: int, wants: int, *, ends: bool = True, place: str = "n") -> Stake:
    return Stake(
        party=name, holds={place: holds} if holds else {}, wants=(Piece(wants, 1),) if wants else (), ends=ends
    )


def contest(free: int, *stakes: Stake, what: str = "gpu") -> Contest:
    return Contest(what=what, free={"n": free}, stakes=stakes)


def names(sides: object) -> list[str]:
    return sorted(side.party for side in sides)  # type: ignore[attr-defined]


def test_two_halves_that_need_each_other_are_locked() -> None:
    found = outcome([contest(0, gang("a", 8, 4), gang("b", 8, 4))])
    assert names(found.locked) == ["a", "b"]
    assert [found.later, found.behind, found.never, found.starved] == [(), (), (), ()]


def test_enough_that_is_free_locks_nobody() -> None:
    assert not outcome([contest(4, gang("a", 8, 4), gang("b", 8, 4))]).locked


def test_who_runs_and_ends_makes_room_for_one_and_that_one_for_the_other() -> None:
    found = outcome([contest(0, gang("a", 4, 4), gang("b", 4, 4), gang("done-soon", 4, 0))])
    assert names(found.later) == ["a", "b"]
    assert not found.locked


def test_a_service_never_ends_so_it_saves_nobody() -> None:
    found = outcome([contest(0, gang("a", 4, 4), gang("b", 4, 4), gang("service", 4, 0, ends=False))])
    assert names(found.locked) == ["a", "b"]


def test_waiting_for_a_service_alone_is_starving_and_no_deadlock() -> None:
    found = outcome([contest(0, gang("a", 4, 4), gang("service", 4, 0, ends=False))])
    assert names(found.starved) == ["a"]
    assert not found.locked


def test_what_is_more_than_there_is_can_never_be() -> None:
    found = outcome([contest(2, gang("a", 4, 40), gang("b", 4, 2))])
    assert names(found.never) == ["a"]
    assert not found.locked


def test_who_holds_nothing_stands_behind_a_deadlock() -> None:
    found = outcome([contest(0, gang("a", 8, 4), gang("b", 8, 4), gang("c", 0, 8))])
    assert names(found.locked) == ["a", "b"]
    assert names(found.behind) == ["c"]


def test_a_deadlock_over_two_things() -> None:
    x = contest(0, gang("a", 8, 0), gang("b", 0, 8), what="x")
    y = contest(0, gang("a", 0, 8), gang("b", 8, 0), what="y")
    assert names(outcome([x, y]).locked) == ["a", "b"]
    assert not outcome([x]).locked  # one of them alone shows a queue


def test_a_hole_on_every_node_is_not_room_for_a_large_pod() -> None:
    stakes = (Stake(party="a", wants=(Piece(1, 8),)), Stake(party="job", holds={"n1": 6, "n2": 6}, tied=False))
    found = outcome([Contest(what="gpu", free={"n1": 2, "n2": 2}, stakes=stakes)])
    assert names(found.later) == ["a"]
    assert not outcome([Contest(what="gpu", free={"n1": 8, "n2": 0}, stakes=stakes[:1])]).later


def test_places_that_a_piece_may_not_use_do_not_count() -> None:
    far = Stake(party="a", wants=(Piece(2, 1, frozenset({"n1"})),))
    assert names(outcome([Contest(what="gpu", free={"n1": 1, "n2": 9}, stakes=(far,))]).never) == ["a"]


def test_the_smallest_set_gives_up_the_least() -> None:
    found = outcome([contest(0, gang("large", 12, 4), gang("small", 4, 12))])
    chosen, exact, bound = smallest(found.after, found.locked, [1])
    assert (names(chosen), exact, bound) == (["small"], True, "")


def test_beyond_what_is_tried_one_by_one_the_set_cannot_be_made_smaller_and_says_so() -> None:
    many = [gang(f"g{number:02}", 2, 2) for number in range(MOST_EXACT + 8)]
    found = outcome([contest(0, *many)])
    chosen, exact, bound = smallest(found.after, found.locked, [1])
    assert len(chosen) == 1
    assert not exact
    assert "no set gives up less than 2" in bound


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=6), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_whoever_is_locked_cannot_end_in_any_order(amounts: list[tuple[int, int]], free: int) -> None:
    stakes = [gang(f"g{number}", holds, wants) for number, (holds, wants) in enumerate(amounts)]
    found = outcome([contest(free, *stakes)])
    locked = set(names(found.locked))
    for order in itertools.permutations(stakes):
        there = free
        ended: set[str] = set()
        for stake in [*order, *order]:
            if stake.party not in ended and stake.missing <= there:
                there += stake.amount
                ended.add(stake.party)
        assert not locked & ended
    assert not (locked and len(locked) < 2)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), min_size=2, max_size=6))
@settings(max_examples=100, deadline=None)
def test_the_smallest_set_frees_the_others_and_no_cheaper_one_does(amounts: list[tuple[int, int]]) -> None:
    stakes = [gang(f"g{number}", holds, wants) for number, (holds, wants) in enumerate(amounts)]
    found = outcome([contest(0, *stakes)])
    if not found.locked:
        return
    chosen, exact, _ = smallest(found.after, found.locked, [1])
    assert exact
    cost = sum(side.amount for side in chosen)
    for size in range(len(found.locked) + 1):
        for some in itertools.combinations(found.locked, size):
            ledgers = [ledger.copy() for ledger in found.after]
            for side in some:
                ledgers[0].give(side.stakes[0][1].holds)
            frees = not reduced(ledgers, [side for side in found.locked if side not in some])
            assert not frees or sum(side.amount for side in some) >= cost


@pytest.mark.parametrize(("size", "parts"), [(1, 7), (2, 3), (4, 1), (8, 0)])
def test_a_ledger_counts_parts_place_by_place(size: int, parts: int) -> None:
    ledger = Ledger({"a": 5, "b": 2, "c": -1})
    assert ledger.parts(size, None) == parts
    ledger.give({"c": 3})
    assert ledger.parts(1, frozenset({"c"})) == 2
