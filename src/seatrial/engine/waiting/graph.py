"""Directed graphs of names: circles, and who stands behind whom. Nothing here calls itself, so that no chain is too long."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

Graph = Mapping[str, Iterable[str]]


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """Strongly connected components of more than one node, each in the order of names."""
    search = _Search(graph)
    for root in sorted(graph):
        if root not in search.index:
            search.walk(root)
    return sorted(component for component in search.found if len(component) > 1)


class _Search:
    """Tarjan's, with a stack of its own."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.index: dict[str, int] = {}
        self.found: list[tuple[str, ...]] = []
        self._low: dict[str, int] = {}
        self._stack: list[str] = []
        self._on_stack: set[str] = set()

    def walk(self, root: str) -> None:
        work = [(root, self._enter(root))]
        while work:
            node, following = work[-1]
            after = next(following, None)
            if after is None:
                work.pop()
                if work:
                    self._lower(work[-1][0], self._low[node])
                if self._low[node] == self.index[node]:
                    self.found.append(self._component(node))
            elif after not in self.index:
                work.append((after, self._enter(after)))
            elif after in self._on_stack:
                self._lower(node, self.index[after])

    def _enter(self, node: str) -> Iterator[str]:
        self.index[node] = self._low[node] = len(self.index)
        self._stack.append(node)
        self._on_stack.add(node)
        return iter(sorted(self._graph.get(node, ())))

    def _lower(self, node: str, bound: int) -> None:
        self._low[node] = min(self._low[node], bound)

    def _component(self, root: str) -> tuple[str, ...]:
        members = []
        while True:
            node = self._stack.pop()
            self._on_stack.discard(node)
            members.append(node)
            if node == root:
                return tuple(sorted(members))


def shortest_circle(graph: Graph, among: tuple[str, ...]) -> tuple[str, ...]:
    """The shortest way from the first of them back to itself, within them."""
    start, inside = among[0], set(among)
    came: dict[str, str] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for after in sorted(inside.intersection(graph.get(node, ()))):
            if after == start:
                way = [node]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return (*reversed(way), start)
            if after not in came:
                came[after] = node
                queue.append(after)
    return among


def reversed_of(graph: Graph) -> dict[str, list[str]]:
    back: dict[str, list[str]] = defaultdict(list)
    for node, following in graph.items():
        for after in following:
            back[after].append(node)
    return back


def behind(back: Graph, ends: Iterable[str]) -> set[str]:
    """All from which one of these can be reached, themselves left out."""
    wanted = set(ends)
    seen = set(wanted)
    queue = deque(wanted)
    while queue:
        for before in back.get(queue.popleft(), ()):
            if before not in seen:
                seen.add(before)
                queue.append(before)
    return seen - wanted
