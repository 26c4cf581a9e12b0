"""What the gradients are: of the forward pass recorded as it stands, or, if need be, differences.

Numpy code that stores into arrays, or calls their methods, is watched, and what stands for an array
in which a Tensor was stored is kept beside it.
"""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..ops import scatter, stack
from ..ops import where as where_  # a watcher's `where` is a place in the code
from ..ops.shapes import parted
from ..reverse import grad
from ..tensor import Tensor
from .arguments import Call, Place, like
from .code import Code, lent
from .watching import Watcher, Where, rewritten

STEP = np.finfo(float).eps ** (1 / 3)
CLOSE = 1e-6  # how near a derivative along a line is to differences, relative
MOST = 3000  # numbers of which differences are taken, where nothing can be recorded
LONGEST = 10.0  # seconds for these
FINE = 1e-6  # how near two differences are where both are good, relative


class NotRecorded(RuntimeError):
    """A forward pass of which the graph is not known."""


@dataclass(frozen=True)
class Truth:
    """The derived gradients of some places, whose `names` these are.

    `graph`: the recorded loss, `leaves`: what stands in the places there, and `named`: the values
    on the way by the names that the forward pass gave them. `rounds`: the values that expressions
    came to which it reached several times. `why`: what kept it from being recorded, if anything.
    """

    loss: float
    gradients: list[Array]
    graph: Any = None
    leaves: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    named: list[tuple[str, Any]] = field(default_factory=list)
    rounds: list[list[Any]] = field(default_factory=list)
    why: str = ""


class Oracle:
    """The gradients of a loss. run: runs the forward pass of a call, whose code is given."""

    def __init__(self, code: Code, run: Callable[[Call], Any]) -> None:
        self.code, self.run, self.recorder = code, run, Recorder()
        self._codes = rewritten(code, self.recorder)
        self.why: str | None = None  # what keeps the pass from being recorded
        self._failed = False  # once it did, each gradient is held against differences

    def truth(self, call: Call, places: list[Place], check: bool) -> Truth:
        """The gradients in places. check: hold them against differences.

        Raises NotRecorded if neither the graph is known, nor the places few enough for differences.
        """
        if self.why is None:
            try:
                found = self._recorded(call, places)
                if not (check or self._failed) or _holds(found, call, places, self.run):
                    return found
                self._failed = True
                why = "its recorded gradient is not that of the numbers it gives"
            except NotRecorded as error:
                self.run(call.copied())  # which raises, too, where these data are not for it
                why = self.why = str(error)
        else:
            why = self.why
        loss, gradients = _by_differences(call, places, self.run, why)
        return Truth(loss, gradients, names=[p.name for p in places], why=why)

    def _recorded(self, call: Call, places: list[Place]) -> Truth:
        now, leaves = on_leaves(call, places)
        self.recorder.begin()
        try:
            with lent(self._codes):
                loss = self.recorder.now(self.run(now))
        except Exception as error:
            raise NotRecorded(f"{type(error).__name__}: {error}") from error
        if not isinstance(loss, Node):
            raise NotRecorded(
                "its result does not hang on the parameters, as far as can be followed"
            )
        if loss.size != 1:
            raise NotRecorded(f"its result has shape {loss.shape}; a loss is one number")
        whole: Any = loss
        scalar = whole.sum() if loss.shape else whole
        names, named = [p.name for p in places], self.recorder.named
        rounds = [its for its in self.recorder.reached.values() if len(its) > 1]
        return Truth(float(scalar.data), grad(scalar, leaves), scalar, leaves, names, named, rounds)


def on_leaves(call: Call, places: list[Place]) -> tuple[Call, list[Any]]:
    """A copy of a call with Tensors in some places, and these."""
    now = call.copied()
    leaves = []
    for place in places:
        value = place.get(now)
        leaves.append(Tensor(np.array(value, np.asarray(value).dtype), name=place.name))
        now = place.put(now, leaves[-1])
    return now, leaves


def _holds(found: Truth, call: Call, places: list[Place], run: Callable[[Call], Any]) -> bool:
    """Is the recorded loss that of the plain pass, and its slope along a line, too?"""
    plain = float(np.asarray(run(call.copied())).sum())
    eps = max(float(np.finfo(g.dtype).eps) for g in found.gradients)
    if not np.isclose(found.loss, plain, rtol=100 * eps, atol=100 * eps, equal_nan=True):
        return False
    rng = np.random.default_rng(0)
    lines = [rng.normal(size=np.shape(p.get(call))) for p in places]
    slope = sum(float((g * d).sum()) for g, d in zip(found.gradients, lines))
    size = sum(float((np.abs(g * d)).sum()) for g, d in zip(found.gradients, lines))
    for power in (1 / 3, 1 / 4, 1 / 2.5, 1 / 2):  # the smaller, the fewer kinks are passed over
        step = eps**power
        try:
            ends = [_moved(call, places, lines, s * step, run) for s in (1, -1)]
        except Exception:  # this loss is not of all parameters
            return True
        off = abs((ends[0] - ends[1]) / (2 * step) - slope)
        if off <= max(CLOSE, 100 * eps ** (2 / 3)) * max(size, abs(plain), 1e-300) or size == 0:
            return True
    return False


def _moved(
    call: Call, places: list[Place], lines: list[Array], step: float, run: Callable[[Call], Any]
) -> float:
    now = call.copied()
    for place, d in zip(places, lines):
        value = place.get(now)
        # in float64, for the rounding of a narrower loss would hide the step
        new = value + step * d if isinstance(value, np.ndarray) else like(value, value + step * d)
        now = place.put(now, new)
    return float(np.asarray(run(now)).sum())


def _by_differences(
    call: Call, places: list[Place], run: Callable[[Call], Any], why: str
) -> tuple[float, list[Array]]:
    """Central differences of fourth order, number by number."""
    sizes = [np.size(p.get(call)) for p in places]
    plain = float(np.asarray(run(call.copied())).sum())
    if sum(sizes) > MOST:
        raise NotRecorded(why)
    started = perf_counter()
    found = []
    for place in places:
        value = np.asarray(place.get(call), dtype=float)
        g = np.zeros(value.shape)
        for i in np.ndindex(value.shape):
            d = np.zeros(value.shape)
            d[i] = 1.0
            size = abs(float(value[i]))
            tries = (20 * STEP * max(size, 1.0), 20 * STEP * size)
            found_so = (_derivative(call, place, d, h, run) for h in dict.fromkeys(tries) if h)
            error = np.inf
            for slope, its in found_so:
                if its < error or np.isnan(g[i]):
                    g[i], error = slope, its
                if error <= FINE * abs(slope):
                    break
            if perf_counter() - started > LONGEST:
                raise NotRecorded(f"{why}; and differences of it would take too long")
        found.append(g)
    return plain, found


def _derivative(
    call: Call, place: Place, d: Array, h: float, run: Callable[[Call], Any]
) -> tuple[float, float]:
    """A central difference of fourth order, and how far it is from that of second order."""
    try:
        near, far = (
            (_moved(call, [place], [d], s, run) - _moved(call, [place], [d], -s, run)) / (2 * s)
            for s in (h, 2 * h)
        )
    except (ArithmeticError, ValueError):  # out of the loss's domain
        return np.nan, np.inf
    return (4 * near - far) / 3, abs(near - far)


class Recorder(Watcher):
    """Runs numpy code on Tensors.

    `instead`: what stands for arrays, or Tensors, that were changed in place, by their identity.
    `named`: what was assigned to names, in order. `reached`: what each expression came to.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget the run before."""
        self.instead: dict[int, tuple[Any, Any]] = {}
        self.named: list[tuple[str, Any]] = []
        self.reached: dict[Where, list[Any]] = defaultdict(list)

    def now(self, x: Any) -> Any:
        return self.instead[id(x)][1] if id(x) in self.instead else x

    def _becomes(self, x: Any, new: Any) -> None:
        if isinstance(x, np.ndarray) and x.base is not None and not x.flags.owndata:
            raise NotRecorded("a view of an array has a parameter stored in it")
        self.instead[id(x)] = x, new

    def value(self, where: Where, value: Any) -> Any:
        value = self.now(value)
        if value is np.c_ or value is np.r_:
            return _Joined(value)
        if isinstance(value, Node):
            file, at = where
            self.reached[where].append(value)
            names = file.stored_as(at)
            self.named += [(name, value) for name in names]
        return value

    def call(self, where: Where, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(out := kwargs.get("out"), (np.ndarray, Node)):
            kwargs = {k: v for k, v in kwargs.items() if k != "out"}
            result = self.call(where, function, *args, **kwargs)
            if isinstance(out, Node) or isinstance(result, Node):
                self._becomes(out, result)
            else:
                out[...] = result
            return out
        if not _has_tensor((args, kwargs)) and not isinstance(_owner(function), Node):
            return function(*args, **kwargs)
        return self._on_tensors(function, args, kwargs)

    def _on_tensors(self, function: Any, args: Any, kwargs: Any) -> Any:
        owner, name = _owner(function), getattr(function, "__name__", "")
        if function in (float, np.float64, np.float32) and len(args) == 1:
            return args[0]
        if function is isinstance:
            kinds = args[1] if isinstance(args[1], tuple) else (args[1],)
            return isinstance(args[0], Node) and bool({np.ndarray, float} & {*kinds})
        if function in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.copy):
            return _as_tensor(args[0])
        if owner is math and getattr(getattr(np, name, None), "nin", 0) == len(args):
            return getattr(np, name)(*args)
        if isinstance(owner, Node) and name in ("copy", "astype"):
            return _again(owner)
        if isinstance(owner, Node) and name == "item":
            return owner
        if isinstance(owner, (np.ndarray, np.generic)) and hasattr(np, name):
            return getattr(np, name)(owner, *args, **kwargs)
        if name == "at" and owner in (np.add, np.subtract):
            base, key, value = args
            sign = 1 if owner is np.add else -1
            self._becomes(base, self.now(base) + sign * _put(self.now(base), key, value))
            return None
        try:
            return function(*args, **kwargs)
        except TypeError:  # of a list, as of an array
            lists = [isinstance(x, (list, tuple)) and _has_tensor(x) for x in args]
            if not any(lists):
                raise
        return function(*(_as_tensor(x) if has else x for x, has in zip(args, lists)), **kwargs)

    def store(self, where: Where, value: Any, base: Any, key: Any) -> None:
        now = self.now(base)
        if isinstance(now, Node) or (isinstance(now, np.ndarray) and _has_tensor((value, key))):
            value = _as_tensor(value) if isinstance(value, (list, tuple)) else value
            inside = np.zeros(now.shape, bool)
            inside[_plain_key(key)] = True
            self._becomes(base, where_(inside, _put(now, key, value), now))
        else:
            base[key] = value

    def augment(self, where: Where, op: Any, target: Any, value: Any) -> Any:
        now = self.now(target)
        if isinstance(now, Node) or (isinstance(now, np.ndarray) and isinstance(value, Node)):
            self._becomes(target, _plain(op)(now, value))
            return target
        return op(target, value)

    def augment_item(self, where: Where, op: Any, base: Any, key: Any, value: Any) -> None:
        now: Any = self.now(base)
        on_array = isinstance(now, np.ndarray) and _has_tensor(value)
        if isinstance(now, Node) or on_array:
            self.store(where, _plain(op)(now[key], value), base, key)
            return
        item = base[key]
        if isinstance(self.now(item), Node) or _has_tensor(value):
            base[key] = self.augment(where, op, item, value)
        else:
            base[key] = op(item, value)


class _Joined:
    """`np.c_` or `np.r_`, of Tensors, too."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not _has_tensor(parts) or any(isinstance(x, str) for x in parts):
            return self.own[key]
        its: Any = [self.own[x] if isinstance(x, slice) else x for x in parts]
        if self.own is np.r_:
            return np.concatenate([np.atleast_1d(x) for x in its])
        columns = [x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in its]
        return np.concatenate(columns, axis=-1)


def _plain(op: Any) -> Any:
    """The operator that one in place is of: `add` of `iadd`."""
    return getattr(operator, op.__name__[1:])


def _owner(function: Any) -> Any:
    return getattr(function, "__self__", None)


def _has_tensor(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_has_tensor, x))
    if isinstance(x, dict):
        return any(map(_has_tensor, x.values()))
    return isinstance(x, Node)


def _as_tensor(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return stack([_as_tensor(y) for y in x]) if _has_tensor(x) else np.asarray(x)
    return _again(x) if isinstance(x, Node) else np.array(x)


def _again(x: Any) -> Any:
    """The same value as another Tensor, for it may be changed in place."""
    return x.reshape(x.shape)


def _plain_key(key: Any) -> Any:
    """A key with the values of Tensors in it, which have no derivative there."""
    if isinstance(key, tuple):
        return tuple(map(_plain_key, key))
    return key.value if isinstance(key, Node) else key


def _put(now: Any, key: Any, value: Any) -> Any:
    """Zeros like an array, with values at a key."""
    key = _plain_key(key)
    parts, arrays = parted(key)
    room = np.zeros(np.empty(np.shape(now), dtype=bool)[key].shape)
    return scatter(room + value, *arrays, key=parts, shape=np.shape(now))
