"""A recorded loss and its gradients as terms with names, for derivations and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..graph import Array, Node, describe, leaf
from ..mode import in_mode
from ..names import called
from ..reverse import check_real, order, sweep
from ..terms import OPS, Term, Terms, needed, read, within


class Reading:
    """A loss, its gradients and what stands between them, as terms.

    `loss`; `gradients`, pairs of a term and that of the loss's gradient with respect to it; `names`
    of terms: of the leaves, and of all that has a line of its own; `forward` and `backward`, these
    lines in order; `slope_of`, for terms with a name, the term of their cotangent; `values` of the
    leaves; `constants`, the leaves that are no Tensors and that the user gave no name; `own_slope`,
    the terms after which their cotangent is named.
    """

    def __init__(self, loss: Any, wrt: Any, names: Mapping[str, Any] | None) -> None:
        check_real(loss, "the loss")
        if loss.size != 1:
            raise ValueError(
                f"the loss is {describe(loss)}; one number is needed, for it is its gradient that "
                "is read; take the sum or mean"
            )
        graph = _Copy(loss)
        targets = graph.targets(wrt)
        with np.errstate(all="ignore"):
            slopes = graph.slopes(targets)

        self.terms = Terms()
        self.values: dict[Term, Array] = {}
        self.names: dict[Term, str] = {}
        self.constants: list[Term] = []
        self._taken: set[str] = set()
        self.own_slope: set[Term] = set()
        given = called(names)
        leaves: dict[Node, Any] = {graph.one: self.terms.full(1.0, loss.shape, loss.dtype)}
        for node, original in graph.originals.items():
            entered = leaves[node] = self._leaf(node.value)
            self._name(entered, node.name or given(original))
            if node.constant and entered not in self.names:
                self.constants.append(entered)
        ends = (x for x in (graph.loss, *slopes.values()) if isinstance(x, Node))
        found = read(self.terms, order(*ends), leaves, self._constant)

        def term(x: Any) -> Any:
            return found[x] if isinstance(x, Node) else self._constant(x)

        path = []
        for original, node in graph.copies.items():
            self._name(found[node], given(original))
            path.append(found[node])
        self.loss = found[graph.loss]
        self._name(self.loss, "loss")
        self.slope_of = _whole({x: term(slope) for x, slope in slopes.items()}, found)
        self.gradients = [
            (found[x], term(slopes[x]) if x in slopes else self.terms.full(0.0, x.shape, x.dtype))
            for x in targets
        ]
        self._name_steps(path)

    def _leaf(self, value: Array) -> Term:
        term = self.terms.leaf(value.shape, value.dtype)
        self.values[term] = value
        return term

    def _constant(self, value: Array) -> Term:
        """A term for an array that a rule came with."""
        term = self._leaf(value)
        self.constants.append(term)
        return term

    def _name(self, term: Any, name: str | None) -> None:
        """Call a term by this name, or one like it if that is taken, unless it has one."""
        if name and isinstance(term, Term) and term not in self.names:
            base, n = name, 2
            while name in self._taken:
                name, n = f"{base}_{n}", n + 1
            self._taken.add(name)
            self.names[term] = name

    def _name_steps(self, path: list[Any]) -> None:
        """Name what gets a line of its own, from the leaves to the loss and back.

        Activations and what they are applied to are called a1, z1, a2, z2, ..., another value that
        is used more than once h1, h2, ..., and its cotangent by its own name after d_.
        """
        targets = [x for x, _ in self.gradients]
        outputs = [self.loss, *(slope for _, slope in self.gradients)]
        forward = set(needed([self.loss, *targets, *(t for t in path if t in self.names)]))
        terms = needed(outputs)
        uses = Counter(x for t in terms for x in within(t.inputs)) + Counter(outputs)
        path = [t for t in dict.fromkeys(path) if t in forward and t.op is not None]
        layers = [t for t in path if t.op.activation]
        for i, t in enumerate(layers, 1):
            if t.inputs[0].op is not None:
                self._name(t.inputs[0], f"z{i}")
            self._name(t, f"a{i}")
        inner = [(t, s) for t, s in self.slope_of.items() if t.op is not None]
        self._name_slopes(inner, forward)
        back = [(t, s) for t, s in self.slope_of.items() if _is_computed(s) and s not in self.names]
        first = {s: t for t, s in reversed(back) if uses[s] > 1}  # nearest the loss
        forks = [t for t in path if uses[t] > 1 or first.get(self.slope_of.get(t)) is t]
        forks = [t for t in forks if t.op is not OPS["transpose"]]
        self._number("h", [*forks, *(t for t in targets if t.op is not None)])
        self._number("c", self.constants)
        self._number("p", (t for t in (*terms, *targets) if t.op is None))
        self._name_slopes([*inner, *self.slope_of.items()], forward)
        slopes = [slope for t, slope in self.slope_of.items() if t in self.names]
        steps = needed([*forward, *outputs, *slopes])
        lines = [t for t in steps if t.op is not None and t in self.names]
        self.forward = [t for t in lines if t in forward]
        self.backward = [t for t in lines if t not in forward]

    def _name_slopes(self, slopes: Iterable[tuple[Term, Any]], forward: set[Term]) -> None:
        """Name the cotangents of what has a name, unless they are values of the forward pass."""
        for t, slope in slopes:
            new = _is_computed(slope) and slope not in forward
            if new and t in self.names and t is not self.loss:
                if slope not in self.names:
                    self.own_slope.add(t)
                self._name(slope, f"d_{self.names[t]}")

    def _number(self, letter: str, terms: Iterable[Term]) -> None:
        for i, t in enumerate((t for t in terms if t not in self.names), 1):
            self._name(t, f"{letter}{i}")


def _whole(slopes: Mapping[Node, Any], found: Mapping[Any, Any]) -> dict[Term, Any]:
    """The cotangents of terms, given those of nodes.

    Of nodes that pass a term on, as copy does, the first has all of its cotangent. Where a term was
    computed more than once, each node has a part of it, and none is the cotangent of the term.
    """
    owners: dict[Term, list[Node]] = {}
    for x in slopes:
        if not any(isinstance(y, Node) and found[y] is found[x] for y in x.inputs):
            owners.setdefault(found[x], []).append(x)
    return {
        term: slopes[nodes[0]]
        for term, nodes in owners.items()
        if len(nodes) == 1 and isinstance(term, Term)
    }


class _Copy:
    """The graph of a loss again, with its constants as leaves: what is done to them is recorded.

    `loss` and `copies` of recorded nodes; `originals` of the leaves: Tensors and arrays; `one`, the
    cotangent of the loss.
    """

    def __init__(self, loss: Node) -> None:
        self.kind = type(loss)
        self.originals: dict[Node, Any] = {}
        self.copies: dict[Node, Node] = {}
        self._leaves: dict[int, Node] = {}
        for node in order(loss):
            if node.op is None:
                continue
            copy = leaf(self.kind, node._value, node.name)
            copy.op, copy.params, copy.saved = node.op, node.params, node.saved
            copy.inputs = tuple(map(self._entered, node.inputs, node.saved))
            copy.constant = node.constant
            self.copies[node] = copy
        self.loss = self._entered(loss, loss._array)
        self.one = leaf(self.kind, np.ones_like(loss._array))

    def _entered(self, x: Any, value: Array) -> Any:
        if isinstance(x, Node):
            return self.copies[x] if x in self.copies else self._leaf(x, value)
        return self._leaf(x, value) if getattr(value, "shape", ()) else value

    def _leaf(self, x: Any, value: Array) -> Node:
        if id(x) not in self._leaves:
            node = self._leaves[id(x)] = leaf(self.kind, value, getattr(x, "name", None))
            node.constant = x.constant if isinstance(x, Node) else True
            self.originals[node] = x
        node = self._leaves[id(x)]
        if node._value is not value and not np.array_equal(node._value, value, equal_nan=True):
            raise RuntimeError(
                f"{describe(x)} had two values while the graph was recorded; a formula needs one; "
                "record the expression again"
            )
        return node

    def targets(self, wrt: Any) -> list[Node]:
        """What gradients are asked for: by default the leaves, in the order they were made."""
        if wrt is None:
            leaves = [x for node, x in self.originals.items() if not node.constant]
            wrt = sorted(leaves, key=_number)
        wrt = [wrt] if isinstance(wrt, Node) else list(wrt)
        for x in wrt:
            check_real(x, "wrt")
        return [self._target(x) for x in wrt]

    def _target(self, x: Node) -> Node:
        if x in self.copies:
            return self.copies[x]
        return self._leaves[id(x)] if id(x) in self._leaves else self._leaf(x, x._array)

    def slopes(self, targets: list[Node]) -> dict[Node, Any]:
        """The cotangents, recorded, of the targets and of all between them and the loss."""
        path = set(targets)
        for node in self.copies.values():
            ways = zip(node.inputs, node.op.vjps)  # type: ignore[union-attr]
            if not node.constant and any(isinstance(x, Node) and x in path and v for x, v in ways):
                path.add(node)
        with in_mode(recording=True):
            return sweep(self.loss, self.one, path, recorded=True)


def _is_computed(x: Any) -> bool:
    return isinstance(x, Term) and x.op is not None


def _number(node: Node) -> int:
    return node.number
