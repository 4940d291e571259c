"""Circles in graphs, checked against the definition: each of two reaches the other."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seatrial.engine.waiting.graph import behind, circles, reversed_of, shortest_circle

NODES = st.sampled_from("abcdef")
GRAPHS = st.dictionaries(NODES, st.sets(NODES, max_size=4), max_size=6)


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    queue = list(graph.get(start, ()))
    while queue:
        node = queue.pop()
        if node not in seen:
            seen.add(node)
            queue += graph.get(node, ())
    return seen


@given(GRAPHS)
def test_circles_are_those_who_reach_each_other(graph: dict[str, set[str]]) -> None:
    found = circles(graph)
    together = {(one, other) for ring in found for one in ring for other in ring if one != other}
    for one in "abcdef":
        for other in "abcdef":
            if one != other:
                both = other in reach(graph, one) and one in reach(graph, other)
                assert both == ((one, other) in together)


@given(GRAPHS)
def test_the_shortest_circle_is_a_way_along_edges_back_to_its_start(graph: dict[str, set[str]]) -> None:
    for ring in circles(graph):
        way = shortest_circle({node: graph.get(node, set()) - {node} for node in ring}, ring)
        assert way[0] == way[-1] == ring[0]
        assert all(after in graph[before] for before, after in pairwise(way))


@given(GRAPHS, NODES)
def test_who_is_behind_can_reach_the_end(graph: dict[str, set[str]], end: str) -> None:
    assert behind(reversed_of(graph), [end]) == {node for node in graph if end in reach(graph, node)} - {end}


def test_a_chain_of_any_length_is_walked() -> None:
    long = {str(number): {str(number + 1)} for number in range(50_000)}
    assert circles(long) == []
    (ring,) = circles({**long, "50000": {"0"}})
    assert len(ring) == 50_001
