"""A recorded loss and its gradients as terms with names, for derivations and source.

`recorded` reads the terms; `named` names those that get a line of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array, Node, Op, describe, frozen, leaf
from ..lazy import settle
from ..mode import in_mode
from ..names import Names, Namespace, Path
from ..reverse import check_loss, listed, order, sweep
from ..terms import (
    OPS,
    Pull,
    Rules,
    Term,
    Terms,
    is_number,
    needed,
    read,
    read_formulas,
    within,
)
from .notation import form


@dataclass(frozen=True, eq=False)
class Recorded:
    """A loss, its gradients and what stands between them, as terms.

    `path`, what was recorded, in order, with its value; `slope_of`, for these and for leaves, the
    term of their cotangent; `gradients`, pairs of a term and that of the loss's gradient with
    respect to it;
    `called`, what the user calls a term; `values` of the leaves; `constants`, the leaves that are
    no Tensors and that the user gave no name; `parts`, what is but a part of a named array, as
    x[2], or a simple function of it: where it is used it is written out; `units`, the leaves whose
    rows are taken to sum to 1, as they do; `term_of`, of what was recorded; `parameters`, the
    leaves that are Tensors; `pulls`, the steps of the sweep; `handed`, for what has a cotangent
    from elsewhere, the leaf for it.
    """

    terms: Terms
    loss: Any
    path: Mapping[Any, Array]
    slope_of: Mapping[Term, Any]
    gradients: list[tuple[Term, Any]]
    called: Mapping[Term, str]
    values: Mapping[Term, Array]
    constants: list[Term]
    parts: frozenset[Term]
    units: list[Term]
    term_of: Mapping[Any, Any] = field(default_factory=dict)
    parameters: list[Term] = field(default_factory=list)
    pulls: list[Pulled] = field(default_factory=list)
    handed: Mapping[Any, Term] = field(default_factory=dict)


class Pulled(NamedTuple):
    """A step of the sweep: the cotangent `g` of `op(*xs, **params)` makes `gx` of one of the xs."""

    op: Op
    y: Any
    xs: tuple[Any, ...]
    params: Mapping[str, Any]
    i: int
    g: Any
    gx: Any


@dataclass(frozen=True, eq=False)
class Steps:
    """The lines of a loss and its gradients, and their names.

    `names` of terms: of the leaves, and of all that has a line of its own; `forward` and
    `backward`, these lines in order; `own_slope`, the terms after which their cotangent is named.
    """

    names: Mapping[Term, str]
    forward: list[Term]
    backward: list[Term]
    own_slope: set[Term]


def recorded(
    loss: Any,
    wrt: Any,
    names: Mapping[str, Any] | None,
    on_paper: bool = False,
    handed: Mapping[Node, Array] | None = None,
) -> Recorded:
    """A recorded loss and its gradients with respect to `wrt` as terms.

    Formulas that were written out are the ops that they equal: for all finite values, or, if it is
    to be read `on_paper`, as formulas. handed: cotangents from elsewhere; what comes after is
    computed from these. Raises what `derive` and `source` say.
    """
    check_loss(loss)
    settle(loss)
    given = Names(names, order(loss))
    graph = _copied(loss, wrt, given)
    own = {
        graph.copies[x]: leaf(type(x), g) for x, g in (handed or {}).items() if x in graph.copies
    }
    pulls: list[tuple[Node, Node, Any, Any]] = []
    with np.errstate(all="ignore"):
        if on_paper:
            named = (copy for original, copy in graph.copies.items() if given(original))
            pull = read_formulas(order(graph.loss), graph.targets, named)
        else:
            pull = Rules()(order(graph.loss), graph.targets)
        slopes = graph.slopes(_noted(pull, own, pulls))

    terms = Terms(is_read=True)
    values: dict[Term, Array] = {}
    constants: list[Term] = []
    users: dict[Term, str] = {}  # what the user calls them

    def entered(value: Array) -> Term:
        term = terms.leaf(value.shape, value.dtype)
        values[term] = value
        return term

    def constant(value: Array) -> Term:
        """A term for an array that a rule came with."""
        constants.append(entered(value))
        return constants[-1]

    def call(term: Any, name: str | None) -> None:
        if isinstance(term, Term) and name:
            users.setdefault(term, name)

    leaves: dict[Node, Any] = {graph.one: terms.full(1.0, loss.shape, loss.dtype)}
    leaves |= {g: entered(g.value) for g in own.values()}
    for node, original in graph.originals.items():
        leaves[node] = entered(node.value)
        call(leaves[node], given(original))
        if node.constant and leaves[node] not in users:
            constants.append(leaves[node])
    nodes = order(*(x for x in (graph.loss, *slopes.values()) if isinstance(x, Node)))
    units: list[Term] = []
    numbers = (node for node in nodes if node.op is None and node not in leaves)
    leaves |= {node: node._array.item() for node in numbers}  # such as the class of a sample
    if on_paper:
        written = set(graph.copies.values())
        for node in nodes:
            if node not in written and (data := _summing_to_one(node)) is not None:
                leaves[node] = terms.full(1.0, node.shape, node.dtype)
                units.append(leaves[data])
    found = read(terms, nodes, leaves, constant)
    copies = {original: node for original, node in graph.copies.items() if node in found}
    for original, node in copies.items():
        call(found[node], given(original))
        if node in own and given(original):
            call(leaves[own[node]], f"d_{given(original)}")

    slope_of = {x: found[s] if isinstance(s, Node) else constant(s) for x, s in slopes.items()}
    return Recorded(
        terms,
        found[graph.loss],
        {found[node]: node._array for node in copies.values()},
        _whole(slope_of, found),
        [
            (found[x], slope_of[x] if x in slopes else terms.full(0.0, x.shape, x.dtype))
            for x in graph.targets
        ],
        users,
        values,
        constants,
        frozenset(found[x] for x in order(*graph.parts) if is_computed(found.get(x))),
        units,
        {x: found[copy] for x, copy in copies.items()}
        | {x if isinstance(x, Node) else id(x): leaves[c] for c, x in graph.originals.items()},
        [leaves[x] for x in graph.originals if not x.constant],
        [
            Pulled(node.op, found[node], xs, node.params, i, found[g], found[gx])
            for node, x, g, gx in pulls
            if node.op and isinstance(g, Node) and isinstance(gx, Node)
            if {node, g, gx} <= found.keys()
            for i, y in enumerate(node.inputs)
            if y is x
            for xs in [tuple(found[y] if isinstance(y, Node) else y for y in node.inputs)]
        ],
        {found[x]: leaves[g] for x, g in own.items() if x in found},
    )


def _noted(pull: Pull, handed: Mapping[Node, Node], pulls: list[Any]) -> Pull:
    """The same pullback, of the cotangents that are handed; its steps are noted."""

    def noted(node: Node, g: Any, *rest: Any) -> list[tuple[Node, Any]]:
        g = handed.get(node, g)
        pairs = list(pull(node, g, *rest))
        pulls.extend((node, x, g, gx) for x, gx in pairs)
        return pairs

    return noted


def _summing_to_one(node: Node) -> Node | None:
    """The data, such as one-hot rows, whose sum a rule takes where that is 1."""
    if node.op is OPS["sum"]:
        (x,) = node.inputs
        if x.op is None and x.constant and np.all(node._array == 1):
            return x  # type: ignore[no-any-return]
    return None


def _whole(slopes: Mapping[Node, Any], found: Mapping[Any, Any]) -> dict[Term, Any]:
    """The cotangents of terms, given those of nodes.

    Of nodes that pass a term on, as copy does, the first has all of its cotangent. Where a term was
    computed more than once, each node has a part of it, and none is the cotangent of the term.
    """
    owners: dict[Any, list[Node]] = {}
    for x in slopes:
        if not any(isinstance(y, Node) and found[y] is found[x] for y in x.inputs):
            owners.setdefault(found[x], []).append(x)
    return {
        term: slopes[nodes[0]]
        for term, nodes in owners.items()
        if len(nodes) == 1 and isinstance(term, Term)
    }


# Names ------------------------------------------------------------------------------------------


def named(r: Recorded) -> Steps:
    """Name the leaves and what gets a line of its own, from the leaves to the loss and back.

    Activations and what they are applied to are called a1, z1, a2, z2, ..., another value that is
    used more than once h1, h2, ..., and its cotangent by its own name after d_.
    """
    space = Namespace()
    names: dict[Term, str] = {}
    own_slope: set[Term] = set()

    def call(term: Any, name: str) -> None:
        """Call a term by this name, or one like it if that is taken, unless it has one."""
        if isinstance(term, Term) and term not in names:
            names[term] = space.free(name)

    def number(letter: str, terms: Iterable[Term]) -> None:
        for t in terms:
            if t not in names:
                names[t] = space.numbered(letter)

    def call_slopes(slopes: Iterable[tuple[Term, Any]]) -> None:
        """Name the cotangents of what has a name, unless they are values of the forward pass."""
        for t, slope in slopes:
            if t in names and t is not r.loss and is_computed(slope) and slope not in forward:
                if slope not in names:
                    own_slope.add(t)
                call(slope, f"d_{names[t]}")

    for term, name in r.called.items():
        call(term, name)
    call(r.loss, "loss")
    targets = [x for x, _ in r.gradients]
    outputs = [r.loss, *(slope for _, slope in r.gradients)]
    forward = set(needed([r.loss, *targets, *(t for t in r.path if t in names)]))
    terms = needed(outputs)
    uses = Counter(x for t in terms for x in within(t.inputs)) + Counter(outputs)

    path = [t for t in dict.fromkeys(r.path) if t in forward and t.op is not None]
    i = 0
    for t in path:
        if t.op.activation:
            i += 1
            pair = {"z": t.inputs[0], "a": t}
            new = {k: x for k, x in pair.items() if is_computed(x) and x not in names}
            while any(f"{letter}{i}" in space.taken for letter in new):  # the user's, of others
                i += 1
            for letter, x in new.items():
                call(x, f"{letter}{i}")
    inner = [(t, s) for t, s in r.slope_of.items() if t.op is not None]
    call_slopes(inner)
    back = [(t, s) for t, s in r.slope_of.items() if is_computed(s) and s not in names]
    first = {s: t for t, s in reversed(back) if uses[s] > 1}  # nearest the loss
    forks = [t for t in path if uses[t] > 1 or first.get(r.slope_of.get(t)) is t]
    heavy = {*forks, *names}
    forks = [t for t in forks if not is_light(t, heavy)]
    number("h", [*forks, *(t for t in targets if t.op is not None)])
    number("c", (c for c in r.constants if c in forward or uses[c]))
    number("p", (t for t in (*terms, *targets) if t.op is None))
    call_slopes([*inner, *r.slope_of.items()])
    slopes = [slope for t, slope in r.slope_of.items() if t in r.called]
    lines = [t for t in needed([*forward, *outputs, *slopes]) if t.op is not None and t in names]
    return Steps(
        names,
        [t for t in lines if t in forward],
        [t for t in lines if t not in forward],
        own_slope,
    )


def is_computed(x: Any) -> bool:
    """Is it a term of an op: neither a number, in one place or in many, nor a leaf?"""
    return isinstance(x, Term) and x.op is not None and filling(x) is None


def filling(x: Any) -> Any:
    """The number that fills an array, or is the value; None for what is no number."""
    x = x.inputs[0] if isinstance(x, Term) and x.op is OPS["broadcast_to"] else x
    return x if is_number(x) else None


def is_light(term: Term, lines: Container[Term]) -> bool:
    """Is this hardly more than the name of a leaf, or of what has a line, and not worth one?"""
    while term.op is not None:
        parts = [*within(term.inputs)]
        if len(parts) > 1 or not form(term).light:
            return False
        if not parts:
            return True
        (term,) = parts
        if term in lines:
            return True
    return True


# The graph again --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Copy:
    """The graph of a loss again, with its constants as leaves: what is done to them is recorded.

    `copies` of recorded nodes; `originals` of the leaves: Tensors and arrays; `targets`, what
    gradients are asked for; `one`, the cotangent of the loss; `parts`, what comes from
    named arrays.
    """

    loss: Node
    one: Node
    copies: Mapping[Node, Node]
    originals: Mapping[Node, Any]
    targets: list[Node]
    parts: list[Node]

    def slopes(self, pull: Pull) -> dict[Node, Any]:
        """The cotangents, recorded, of the targets and of all between them and the loss."""
        path = set(self.targets)
        for node in self.copies.values():
            ways = zip(node.inputs, node.op.vjps)  # type: ignore[union-attr]
            if not node.constant and any(isinstance(x, Node) and x in path and v for x, v in ways):
                path.add(node)
        with in_mode(recording=True):
            return sweep(self.loss, self.one, path, recorded=True, pull=pull)


def _copied(loss: Node, wrt: Any, names: Names) -> Copy:
    """A copy of the graph of a loss, and of the targets; by default these are its leaves.

    Of a constant that comes from a named array, `x[2]` or `1 − t`, it is recorded how.
    """
    kind = type(loss)
    copies: dict[Node, Node] = {}
    leaves: dict[Any, Node] = {}  # by the id of their original, scalars by their value
    originals: dict[Node, Any] = {}
    parts: dict[tuple[int, str], Node] = {}  # what comes from named arrays

    def entered(x: Any, value: Array) -> Any:
        if isinstance(x, Node):
            return copies[x] if x in copies else leaf_of(x, value)
        if not hasattr(value, "shape"):
            return value  # a number of the text
        path = names.path(x, value)
        return part_of(path) if path else leaf_of(x, value)

    def part_of(path: Path) -> Node:
        """What comes from a named array; t[:, None] is one node, also within 1 − t[:, None]."""
        if not path.steps:
            return leaf_of(path.base, frozen(path.value))
        key = id(path.base), str(path)
        if key not in parts:
            *before, last = path.steps
            with in_mode(recording=True):
                parts[key] = last.apply(part_of(path._replace(steps=tuple(before))))
        return parts[key]

    def leaf_of(x: Any, value: Array) -> Node:
        same: Any = id(x)
        if isinstance(x, np.generic) and names(x) is None:  # each time that numpy gave it
            same = x.dtype, x.tobytes()
        if same not in leaves:
            node = leaves[same] = leaf(kind, value, x.name if isinstance(x, Node) else None)
            node.constant = x.constant if isinstance(x, Node) else True
            originals[node] = x
        node = leaves[same]
        if node._value is not value and not np.array_equal(node._value, value, equal_nan=True):
            raise RuntimeError(
                f"{describe(x)} had two values while the graph was recorded; a formula needs one; "
                "record the expression again"
            )
        return node

    for node in order(loss):
        if node.op is not None:
            inputs = tuple(map(entered, node.inputs, node.saved))  # which are numbered before it
            copy = leaf(kind, node._value, node.name)
            copy.op, copy.params, copy.saved = node.op, node.params, node.saved
            copy.inputs = inputs
            copy.constant = node.constant
            copies[node] = copy
    top = entered(loss, loss._array)
    one = leaf(kind, np.ones_like(loss._array))
    if wrt is None:
        wrt = sorted((x for node, x in originals.items() if not node.constant), key=_number)
    targets = [
        leaves[id(x)] if id(x) in leaves else entered(x, x._array) for x in listed(wrt, "wrt")
    ]
    return Copy(top, one, copies, originals, targets, [*parts.values()])


def _number(node: Node) -> int:
    return node.number
