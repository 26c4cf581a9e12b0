"""Sums over other axes, a sum for a mean, or none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from ..fitting import shapes_of
from ..grammar import ATOM
from .site import MULTIPLY, Edit, Site, is_called, tight

REDUCING = ("sum", "mean", "max", "min", "prod", "average")
OTHERS = {"sum": ("mean",), "mean": ("sum",), "max": ("sum",), "min": ("max", "sum")}


def reduced(site: Site) -> Iterator[Edit]:
    """A sum over other axes, a sum for a mean, or none."""
    node = site.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if node.func.attr not in REDUCING:
        return
    is_method = not (isinstance(node.func.value, ast.Name) and node.func.value.id == site.numpy)
    inner = node.func.value if is_method else (node.args[0] if node.args else None)
    if inner is None:
        return
    given = node.args[0 if is_method else 1 :]
    axis = next((k.value for k in node.keywords if k.arg == "axis"), given[0] if given else None)
    keep = next((k.value for k in node.keywords if k.arg == "keepdims"), None)
    axis_text = site.text(axis) if axis is not None else None
    kept = keep is not None and site.text(keep) == "True"
    own = node.func.attr

    def written(name: str, axis: str | None, keepdims: bool) -> str:
        options = [f"axis={axis}"] if axis is not None else []
        options += ["keepdims=True"] if keepdims else []
        if is_method:
            return f"{site.text(inner, ATOM)}.{name}({', '.join(options)})"
        func = site.text(node.func)[: -len(own)] + name
        return f"{func}({', '.join([site.text(inner), *options])})"

    for name in OTHERS.get(own, ()):
        kind = "mean-for-sum" if own == "mean" else "factor"
        said = f"the {own} stands where the {name} belongs"
        yield site.to(written(name, axis_text, kept), kind, said, 0)
    ndim = max((len(s) for s in shapes_of(site.shapes(inner))), default=2)
    several = [*map(str, combinations(range(ndim), 2))] if ndim > 2 else []
    for other in [*map(str, range(ndim)), "-1", None, *several]:
        for keepdims in (kept, not kept):
            if (other, keepdims) != (axis_text, kept):
                where = f"over axis {other}" if other is not None else "over all axes"
                now = f"over axis {axis_text}" if axis_text else "over all axes"
                said = f"the {own} is {now}, where it belongs {where}"
                if other == axis_text:
                    said = f"it belongs {'with' if keepdims else 'without'} `keepdims=True`"
                yield site.to(
                    written(own, other, keepdims),
                    "axis",
                    said,
                    (0 if other != "-1" else 0.2) + 0.25 * (keepdims != kept),
                )
    yield site.to(site.text(inner), "unsummed", f"the {own} does not belong here", 0.3)


def summed(site: Site) -> Iterator[Edit]:
    """A sum that is missing."""
    node = site.node
    shapes = shapes_of(site.shapes())
    ndim = max((len(s) for s in shapes), default=0)
    if not ndim or isinstance(node, ast.Constant) or is_called(site):
        return
    if not any(note.norm for note in site.pool.notes.at(site.file, node)):
        return  # zeros
    near = site.is_whole or isinstance(site.parent, ast.BinOp)
    np_ = site.numpy
    text = site.text()
    key = getattr(node, "slice", None)
    key = key.operand if isinstance(key, ast.UnaryOp) and isinstance(key.op, ast.USub) else key
    if isinstance(node, ast.Subscript) and isinstance(key, ast.Constant):
        text, ndim = site.text(node.value), ndim + 1  # of all, and not of one of them
    for axis in [*map(str, range(ndim)), None] if near else []:
        for keepdims in (False, True):
            options = ([f"axis={axis}"] if axis else []) + ["keepdims=True"] * keepdims
            as_method = f"{tight(text)}.sum({', '.join(options)})"
            call = f"{np_}.sum({', '.join([text, *options])})"
            call = call if np_ and not site.pool.style.sums_by_methods else as_method
            where = f"over axis {axis}" if axis else "over all axes"
            yield site.to(
                call, "unsummed", f"it is not summed {where}", 0.7 if site.is_whole else 1.5
            )


def parted(site: Site) -> Iterator[Edit]:
    """A product of sums, where the sum of the products is meant."""
    node = site.node
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return
    a, b = node.left, node.right
    if not isinstance(a, ast.Call) or not isinstance(b, ast.Call):
        return
    (x, *rest), (y, *others) = _parts(site, a), _parts(site, b)
    if rest == others and rest[0] in REDUCING and x is not None and y is not None:
        product = f"{site.text(x, MULTIPLY)} * {site.text(y, MULTIPLY + 1)}"
        is_method = x is getattr(a.func, "value", None)
        options = ", ".join(rest[1:])
        text = f"({product}).{rest[0]}({options})"
        if not is_method:
            text = f"{site.text(a.func)}({', '.join([product, *rest[1:]])})"
        yield site.to(text, "unsummed", "a product of sums is no sum of products", 0.4)


def _parts(site: Site, call: ast.Call) -> list[Any]:
    """What a call reduces, the name of what it is called by, and its other arguments."""
    func, options = call.func, [*call.args, *call.keywords]
    name = getattr(func, "attr", "")
    if isinstance(func, ast.Attribute) and site.text(func.value) != site.numpy:
        return [func.value, name, *(site.text(x) for x in options)]
    return [call.args[0] if call.args else None, name, *(site.text(x) for x in options[1:])]


WAYS = (
    reduced,
    summed,
    parted,
)
