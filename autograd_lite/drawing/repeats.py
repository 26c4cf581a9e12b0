"""What repeats in a picture, such as layers or the steps of a loop, drawn once with its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .parts import Edge, Group, Picture, Vertex, shared, worst

FEWEST = 3  # passes that are drawn as one
LARGEST = 100  # vertices of a pass


class Run(NamedTuple):
    """`times` passes of `size` vertices each, from the one at `start` on, of those computed."""

    start: int
    size: int
    times: int

    @property
    def end(self) -> int:
        return self.start + self.size * self.times


def folded(picture: Picture) -> Picture:
    """The picture with the first pass of each run in a part of its own, which says how often.

    What the passes call by several names is called by the first and the last one; a leaf that all
    of them use is outside. An edge from one pass to the next is a loop. What else leaves the part
    comes from the last pass, or from each.
    """
    found = _Line(picture)
    passes: dict[Vertex, Sequence[Vertex]] = {}  # of what is drawn: what it stands for
    groups: dict[Vertex, tuple[Group, ...]] = {}
    for run in found.runs():
        first = found.line[run.start : run.start + run.size]
        outer = shared([vertex.groups for vertex in first])
        group = Group(f"r{run.start}", f"× {run.times}")
        for i, vertex in enumerate(first):
            passes[vertex] = found.line[run.start + i : run.end : run.size]
            groups[vertex] = (*outer, group, *vertex.groups[len(outer) :])
            for its in found.leaves(passes[vertex]):
                passes[its[0]] = its
                if len({found.kept[leaf] for leaf in its}) > 1:
                    groups[its[0]] = (*outer, group, *its[0].groups[len(outer) :])
    return _drawn(picture, passes, groups, found)


class _Line:
    """The vertices for what is computed, in order, and the edges into them.

    `users`: the places in the line where a vertex is used. `kept`: what a leaf holds; the same for
    one that is drawn twice.
    """

    def __init__(self, picture: Picture) -> None:
        self.line = [part for part in picture if isinstance(part, Vertex) and not part.is_leaf]
        self.place = {vertex: i for i, vertex in enumerate(self.line)}
        self.into: dict[Vertex, list[Edge]] = {vertex: [] for vertex in self.line}
        self.users: dict[Vertex, list[int]] = {}
        self.kept: dict[Vertex, Any] = {}
        for part in picture:
            if isinstance(part, Edge):
                self.into[part.head].append(part)
                self.users.setdefault(part.tail, []).append(self.place[part.head])
            elif part.is_leaf:
                its = part.name, np.asarray(part.value).tobytes()
                self.kept[part] = its if part.node is None else part.node

    def runs(self) -> list[Run]:
        """The runs, from left to right: of several the one that takes in most."""
        found, i = [], 0
        while i < len(self.line):
            best = Run(i, 1, 0)
            for size in range(1, min(LARGEST, (len(self.line) - i) // FEWEST) + 1):
                n = i
                while n + size < len(self.line) and self._alike(n, i, size):
                    n += 1
                run = Run(i, size, (n - i) // size + 1)
                wins = run.times >= FEWEST and run.size * run.times > best.size * best.times
                if wins and _is_whole(self.line, run) and self._is_closed(run):
                    best = run
            if best.times:
                found.append(best)
            i = max(best.end, i + 1)
        return found

    def leaves(self, passes: Sequence[Vertex]) -> list[list[Vertex]]:
        """The leaves that a vertex uses in all of its passes."""
        columns = zip(*(self.into[vertex] for vertex in passes))
        tails = ([edge.tail for edge in edges] for edges in columns)
        return [its for its in tails if all(tail.is_leaf for tail in its)]

    def _alike(self, i: int, start: int, size: int) -> bool:
        """Is the vertex at i as the one a pass later, of a run from `start` on?"""
        a, b = self.line[i], self.line[i + size]
        if a.kind != b.kind or len(self.into[a]) != len(self.into[b]):
            return False
        edges = zip(self.into[a], self.into[b])
        return all(f.place == g.place and self._follows(f, g, start, size) for f, g in edges)

    def _follows(self, edge: Edge, later: Edge, start: int, size: int) -> bool:
        """Does an edge a pass later come from the same, from a leaf that is alike, or from the same
        place of that pass or the one before? Of what is before, the first pass is given another."""
        x, y = edge.tail, later.tail
        if x is y or (x.is_leaf and y.is_leaf):
            return x is y or _kind(x) == _kind(y)
        if y.is_leaf:
            return False
        if x.is_leaf or self.place[x] < start:
            return self.place[edge.head] < start + size
        return self.place[x] + size == self.place[y]

    def _is_closed(self, run: Run) -> bool:
        """Are the results of the last pass used elsewhere, or those of each? Does each pass use as
        many leaves, which all share or none does, and these only there?"""
        pairs: list[set[Any]] = [set() for _ in range(run.times)]
        for i in range(run.start, run.start + run.size):
            passes = self.line[i : run.end : run.size]
            leaves = self.leaves(passes)
            used = [self._is_used_outside(vertex, run) for vertex in passes]
            if any(used[:-1]) and not all(used):
                return False
            for its in leaves:
                kept = [self.kept[leaf] for leaf in its]
                own = len({*kept}) > 1
                if own and len({*kept}) < run.times:
                    return False
                if own and any(self._is_used_outside(leaf, run) for leaf in its):
                    return False
                for known, its_own in zip(pairs, kept):
                    known.add((kept[0], its_own))
        return all(len({*column}) == len(its) for its in pairs if its for column in zip(*its))

    def _is_used_outside(self, vertex: Vertex, run: Run) -> bool:
        return any(not run.start <= i < run.end for i in self.users.get(vertex, ()))


def _is_whole(line: Sequence[Vertex], run: Run) -> bool:
    """Does every part of the graph lie within a pass, or around the run?"""
    around = shared([vertex.groups for vertex in line[run.start : run.end]])
    ends = [*line[max(run.start - 1, 0) : run.start], *line[run.end : run.end + 1]]
    known = {group for vertex in ends for group in vertex.groups[len(around) :]}
    for start in range(run.start, run.end, run.size):
        its = line[start : start + run.size]
        inner = {group for vertex in its for group in vertex.groups[len(around) :]}
        if inner & known:
            return False
        known |= inner
    return True


def _kind(leaf: Vertex) -> Any:
    """What is the same of leaves that are alike."""
    return leaf.role, leaf.shape, getattr(leaf.value, "dtype", None)


def _drawn(
    picture: Picture,
    passes: Mapping[Vertex, Sequence[Vertex]],
    groups: Mapping[Vertex, tuple[Group, ...]],
    found: _Line,
) -> Picture:
    """The picture, each vertex with the others that it stands for."""
    stands = {other: first for first, others in passes.items() for other in others}
    edges = [part for part in picture if isinstance(part, Edge)]
    place = found.place
    new: dict[Vertex, Vertex] = {}
    drawn: Picture = []
    for part in picture:
        if isinstance(part, Vertex) and stands.get(part, part) is part:
            its = passes.get(part, [part])
            new[part] = replace(
                part,
                name=_name(its, found),
                groups=groups.get(part, part.groups),
                mark=worst(vertex.mark for vertex in its),
                nodes=tuple(vertex.node for vertex in its if vertex.node is not None),
            )
            drawn.append(new[part])
    seen: set[Any] = set()
    for edge in edges:
        tail, head = stands.get(edge.tail, edge.tail), stands.get(edge.head, edge.head)
        loop = not tail.is_leaf and head in place and place[tail] >= place[head]
        again = (tail, head, edge.place) if edge.head is not head or loop else edge
        if again not in seen and (edge.head is head or loop):
            seen.add(again)
            drawn.append(replace(edge, tail=new[tail], head=new[head], loop=loop))
    return drawn


def _name(passes: Sequence[Vertex], found: _Line) -> str:
    """What the vertices of all passes are called."""
    first, last = passes[0].name, passes[-1].name
    if first != last and first and last:
        return f"{first} … {last}"
    several = len({found.kept.get(vertex) for vertex in passes})
    return f"{first} × {several}" if several > 1 else first
