"""Where the two passes are run: on copies, in silence, from one random state, and on other data."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import random
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Self

import numpy as np

from ..comparing import tolerances
from ..graph import Array, Node, describe
from .alike import same
from .arguments import UNKNOWN, Call, Place, Targets, is_float, like
from .code import Code, function_of, lent
from .fresh import companions, elsewhere, larger
from .kept import Kept, disturbed, kept, unchanged
from .known import result_of
from .mending import RAISED, Steps, counted
from .notes import Notes, both_sides
from .truth import Oracle, Truth
from .watching import Watcher, Where, watched
from .world import World

RATES = ("lr", "learning_rate", "eta", "alpha", "eps", "rate", "step")
ONLY_RATES = RATES[:3]  # that are nothing else


def _random_states() -> Any:
    return np.random.get_state(), random.getstate()  # noqa: NPY002 - the programs' own


def _set_random_states(states: Any) -> None:
    np.random.set_state(states[0])  # noqa: NPY002
    random.setstate(states[1])


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What runs here prints nothing, warns of nothing, and leaves the random states alone."""
    states = _random_states()
    nothing = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(nothing),
            contextlib.redirect_stderr(nothing),
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):
            yield
    finally:
        _set_random_states(states)


@dataclass(frozen=True)
class Case:
    """Arguments, and the gradients there; how far apart two right ones may be. `lr`: the rate of an
    update."""

    call: Call
    truth: Truth
    room: list[float]
    lr: float


class Bench:
    """Runs the passes of a call; what they keep elsewhere is in the end as it was before.

    `forward` and `notes`: of what the two passes reached. `error`: what the backward pass raised,
    or the `misfit` of what it gives to what is asked for.
    `first`: may the backward pass need what the forward pass leaves behind?
    """

    def __init__(
        self, call: Call, wrt: Any, returns: str, lr: float, make: Callable[..., Any] | None
    ) -> None:
        self.given, self.make, self.wrt, self.lr = call, make, wrt, lr
        self.updates = returns == "updated"
        self._states = _random_states()
        self._rate = _rate_of(call, lr) if self.updates else None
        everything = Code.of(call.forward, call.backward)
        self._shares: list[float] = []
        self.world = World(everything, call.owners)
        with self.world:
            self.first = _share(call)
            _check_loss(self._run_forward(call.copied()))
            self.first = self.first or self.world.changed
            self.code = everything.reached_by(partial(self.run, call.copied()))
            forward = everything.reached_by(partial(self._run_forward, call.copied()))
            self.oracle = Oracle(forward, self._run_forward)
            self.forward = Notes()
            with watched(forward, self.forward):
                self._run_forward(call.copied())
            self.error: BaseException | None = None
            self.misfit: ValueError | None = None
            self.notes = Notes()
            result = self.renew(self.code)
        try:
            self.targets = Targets(call, wrt, UNKNOWN if self.error else result, self.updates)
        except ValueError as error:  # something may be missing in the result, or too much there
            self.targets = Targets(call, wrt, UNKNOWN, self.updates)
            if wrt is None:
                raise
            self.error = self.misfit = error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.world.restore()

    def renew(self, code: Code) -> Any:
        """Go on from code: what it reaches is noted, and what it gives."""
        self.error, result = None, None
        self.notes = Notes(_results(code))
        with watched(code, self.notes):
            try:
                result = self.run(self.given.copied(), note=self.notes)
            except Exception as error:
                self.error = error
        return result

    # Running ------------------------------------------------------------------------------------

    def _reseed(self) -> None:
        _set_random_states(self._states)

    def _run_forward(self, call: Call) -> Any:
        self.world.restore()
        self._reseed()
        return call.forward(*call.args)

    def run(self, call: Call, lr: float | None = None, note: Watcher | None = None) -> Any:
        if self.first:
            self._run_forward(call)
            if note is not None:
                note.clear()  # it is of the backward pass alone
        else:
            self.world.restore()
        self._reseed()
        options = {self._rate: self.lr if lr is None else lr} if self._rate else {}
        return call.backward(*call.args, **options)

    def gradients(self, case: Case) -> list[Any]:
        """What the backward pass gives; raises what it raises."""
        return self._gradients(case.call, case.lr)

    def _gradients(self, call: Call, lr: float) -> list[Any]:
        now = call.copied()
        return self.targets.gradients(now, call, self.run(now, lr), lr)

    def find_targets(self) -> None:
        """What gradients are of, from a run that does not raise."""
        result = self.run(self.given.copied())
        self.targets = Targets(self.given, self.wrt, result, self.updates)

    def right(self, case: Case) -> list[bool]:
        """Which gradients are right, or were so before the pass clipped them."""
        return [
            is_right(given, derived, room)
            or any(is_right(given, np.clip(derived, -x, x), room) for x in self.limits)
            for given, derived, room in zip(self.gradients(case), case.truth.gradients, case.room)
        ]

    @cached_property
    def limits(self) -> set[float]:
        """What the backward pass clips numbers to, on both sides of 0; where it raises before it
        does so, as far as that is written out."""
        if self.error is None:
            return self.notes.limits
        its = (x for unit in self.code.units.values() for x in ast.walk(unit.statement))
        calls = (x for x in its if isinstance(x, ast.Call))
        clips = (x for x in calls if getattr(x.func, "attr", "") == "clip")
        written = [[*_literals([*x.args, *(k.value for k in x.keywords)])] for x in clips]
        return self.notes.limits.union(*(both_sides(ends[-2:]) for ends in written))

    def clips(self, cases: Iterable[Case]) -> set[float]:
        """Those of them that some derived gradients are larger than."""
        largest = [np.abs(g).max(initial=0) for case in cases for g in case.truth.gradients]
        return {x for x in self.limits if any(size > x for size in largest)}

    # Data ---------------------------------------------------------------------------------------

    def case(self, call: Call, lr: float | None = None, check: bool = True) -> Case:
        """The derived gradients for some arguments. check: hold them against differences, and find
        what rounding does to them; else it is as in cases before."""
        lr = self.lr if lr is None else lr
        places = self.targets.places
        found = self.oracle.truth(call, places, check)
        if call is not self.given and found.graph is not None:
            call = self.kept.anew(call, found.graph)
        own = float(np.finfo(found.gradients[0].dtype).eps)
        eps = max(self.notes.coarse, own)
        sizes = [float(np.abs(g).max(initial=0)) for g in found.gradients]
        if found.graph is None:
            largest = max(1e-9, *sizes)
            room = [max(1e-6, 100 * eps) * max(s, 1e-2 * largest) for s in sizes]
        elif check or not self._shares:
            known = tolerances(found.graph, found.leaves, eps)
            room = [known[leaf] for leaf in found.leaves]
            largest = max(*sizes, 1e-300)
            self._shares.append(max(r / max(s, 1e-3 * largest) for r, s in zip(room, sizes)))
        else:
            largest = max(*sizes, 1e-300)
            room = [4 * max(self._shares) * max(s, 1e-3 * largest) for s in sizes]
        if self.updates:  # the difference of two roundings
            values = [np.asarray(p.get(call)) for p in places]
            rounding = [max(eps, float(np.finfo(v.dtype).eps)) for v in values]
            room = [
                r + 4 * e * (float(np.abs(v).max(initial=0)) / lr + s)
                for r, e, v, s in zip(room, rounding, values, sizes)
            ]
        return Case(call, found, room, lr)

    @cached_property
    def kept(self) -> Kept:
        """What is kept of an earlier call of the forward pass."""
        places = self.targets.places
        own = [(p.root, p.path) for p in places]
        try:
            moved = elsewhere(self.given, places, [], np.random.default_rng(3))
            after = moved.copied()
            with contextlib.suppress(Exception):
                self.run(after)
            alike = unchanged(moved, after, self.targets.names)
            some = [p for p in alike if (p.root, p.path) not in own and self._reads_alone(p)]
            if not some:
                return Kept()
            now, then = (self.oracle.truth(c, places, False).graph for c in (self.given, moved))
            if now is None or then is None:
                return Kept(unknown=tuple(some))
            return kept(self.given, after, (now, then), some)
        except Exception:  # of objects that are no plain ones, or a loss that does not take these
            return Kept()

    @cached_property
    def _own_loss(self) -> Any:
        return self._run_forward(self.given.copied())

    @cached_property
    def _own_gradients(self) -> list[Any]:
        return self._gradients(self.given, self.lr)

    def _reads_alone(self, place: Place) -> bool:
        """Does the backward pass hang on what is in a place, and the loss not?"""
        other = self.given.copied()
        try:
            other = place.put(other, disturbed(place.get(other)))
        except Exception:  # it may not be set, as in a frozen dataclass
            return True
        try:
            loss = self._run_forward(other.copied())
        except Exception:
            return False
        if not np.array_equal(self._own_loss, loss, equal_nan=True):
            return False
        try:
            others = self._gradients(other, self.lr)
        except Exception:
            return True
        pairs = [(g, h) for g, h in zip(self._own_gradients, others) if g is not None]
        return any(h is None or not np.array_equal(g, h, equal_nan=True) for g, h in pairs)

    def moves(self) -> bool:
        """Is the loss another one with other parameters?"""
        for factor, step in ((-1, 0), (1, 1), (10, 0), (0, 0)):
            call = self.given.copied()
            with contextlib.suppress(Exception):
                for place in self.targets.places:
                    x = place.get(call)
                    call = place.put(call, like(x, factor * x + step))
                if not np.array_equal(self._own_loss, self._run_forward(call), equal_nan=True):
                    return True
        return False

    def others(self, count: int, seed: int = 0, check: bool = True) -> list[Case]:
        """The same for fresh arguments, as many as can be had."""
        found = []
        places, weights = self.targets.places, self._weights
        plain = [(None, 1.0), (None, 0.1), (None, 0.01)]
        redrawn = [(way, 1.0) for way in companions(self.given, places)]
        if self.kept.values:
            redrawn = []  # samples that are kept are as many as they were
        for i in range(count):
            rng = np.random.default_rng([seed, i])
            lr = self.lr * float(rng.uniform(0.5, 2)) if self._rate or self._rates else self.lr
            for rows, far in [*redrawn * (i % 2), *plain]:
                try:
                    if self.make is not None and i % 3 != 2:
                        call = self.given.copied()._replace(args=self._made(seed, i))
                    else:
                        call = elsewhere(self.given, places, weights, rng, rows, far)
                    for place in self._rates:
                        call = place.put(call, lr)
                    case = self.case(call, lr, check)
                except Exception:  # these data are not what the loss takes
                    continue
                truth = [case.truth.loss, *case.truth.gradients]
                if _are_finite(truth) and not self._overflows(case):
                    found.append(case)
                    break
        return found

    def larger(self) -> list[Case]:
        """Cases with one more, wherever some length stands: those that the loss takes so, within
        about as many rounds of its loops."""
        found: list[Case] = []
        if self.kept.values or self.kept.unknown:
            return found
        places, weights = self.targets.places, self._weights
        steps = Steps()
        units = self.oracle.code.units.values()
        with lent({unit: counted(unit, steps) for unit in units}):
            steps.unbounded()
            self._run_forward(self.given.copied())
            most = steps.bound()
        for i, call in enumerate(larger(self.given)):
            with contextlib.suppress(*RAISED):
                moved = elsewhere(call, places, weights, np.random.default_rng([2, i]))
                with lent({unit: counted(unit, steps) for unit in units}):
                    steps.left = most
                    self._run_forward(moved.copied())
                case = self.case(moved, check=False)
                if _are_finite([case.truth.loss, *case.truth.gradients]):
                    found.append(case)
        return found

    def _overflows(self, case: Case) -> bool:
        """Does the backward pass, and not on what was given, as in float32 where 1 - p is 0?"""
        with contextlib.suppress(Exception):
            return self._is_finite and not _are_finite(self.gradients(case))
        return False

    @cached_property
    def _is_finite(self) -> bool:
        with contextlib.suppress(Exception):
            return _are_finite(self._gradients(self.given, self.lr))
        return False

    @cached_property
    def _weights(self) -> list[Place]:
        """The numbers beside the parameters that the loss hangs on.

        Of those that objects and dicts keep, only such as the backward pass is neither righter nor
        wronger without: others may have been worked out from what stays as it is.
        """
        given = {(p.root, p.path) for p in self.targets.places}
        found = []
        for place in self.targets.numbers:
            with contextlib.suppress(Exception):
                if (place.root, place.path) not in given:
                    x = place.get(self.given)
                    calls = self.given, place.put(self.given.copied(), type(x)(0.9 * x))
                    losses = [self._run_forward(call.copied()) for call in calls]
                    is_kept = isinstance(place.root, str) or place.path
                    if losses[0] == losses[1] or (
                        is_kept and len({(*self.right(self.case(c)),) for c in calls}) > 1
                    ):
                        continue
                    found.append(place)
        return found

    @cached_property
    def _rates(self) -> list[Place]:
        """The numbers that are the rate of the update: with others the gradients stay the same."""
        found = []
        for place in self.targets.numbers if self.updates else ():
            with contextlib.suppress(Exception):
                if place.own_name in RATES and place.get(self.given) == self.lr:
                    half = place.put(self.given.copied(), self.lr / 2)
                    losses = {float(self._run_forward(c.copied())) for c in (self.given, half)}
                    now = self._gradients(self.given, self.lr)
                    then = self._gradients(half, self.lr / 2)
                    pairs = [(g, h) for g, h in zip(now, then) if g is not None and g.any()]
                    if len(losses) == 1 and pairs and all(same(g, h) for g, h in pairs):
                        found.append(place)
        return found

    def check_make(self) -> None:
        """Raise what says why `make` does not give other arguments, unless it does."""
        if self.make is None:
            return
        if not callable(self.make):
            raise TypeError(
                f"make is {describe(self.make)}; a function is needed that gives other arguments "
                "for a random generator; give make=lambda rng: (...), or leave it out"
            )
        try:
            args = self._made(0, 0)
            self._run_forward(self.given.copied()._replace(args=args))
        except Exception as error:
            raise ValueError(
                f"make(rng) did not give what forward takes ({type(error).__name__}: {error}); a "
                f"tuple of {len(self.given.args)} arguments is needed, as those that were given; "
                "mend it, or leave it out"
            ) from error

    def _made(self, *seed: int) -> tuple[Any, ...]:
        assert self.make is not None
        return tuple(self.make(np.random.default_rng(seed)))

    def is_in_backward(self, name: str, line: int) -> bool:
        """Is a line one of the function that was given, and of no helper?"""
        code = function_of(self.given.backward).__code__
        last = max(number or 0 for *_, number in code.co_lines())
        return code.co_filename == name and code.co_firstlineno <= line <= last


def _results(code: Code) -> list[Where]:
    """The nodes that have the values of statements."""
    return [
        (unit.file, node.at)
        for unit in code.units.values()
        for statement in ast.walk(unit.statement)
        if isinstance(statement, ast.stmt) and (node := result_of(statement)) is not None
    ]


def _literals(nodes: Iterable[ast.expr]) -> Iterator[Any]:
    """The values of those that are written out."""
    for node in nodes:
        with contextlib.suppress(ValueError, TypeError):
            yield ast.literal_eval(node)


def _are_finite(values: list[Any]) -> bool:
    return all(x is None or np.isfinite(x).all() for x in values)


def _check_loss(loss: Any) -> None:
    if isinstance(loss, Node) or (np.isscalar(loss) and is_float(float(loss))):  # type: ignore[arg-type]
        return
    if isinstance(loss, np.ndarray) and loss.size == 1 and loss.dtype.kind in "fiub":
        return
    what = f"a {type(loss).__name__} of {len(loss)}" if isinstance(loss, (tuple, list)) else ""
    raise TypeError(
        f"forward gave {what or describe(loss)}; the loss, one number, is needed; give a function "
        "that returns it alone, or the sum or mean of it"
    )


def _share(call: Call) -> bool:
    """Are both methods of one object, which may keep for the one what the other computed?"""
    owners = [getattr(f, "__self__", None) for f in (call.forward, call.backward)]
    return owners[0] is not None and owners[0] is owners[1]


def _rate_of(call: Call, lr: float) -> str | None:
    """The name of the argument of an update that is its rate: it has this by default, or a name
    that nothing else has."""
    try:
        given = inspect.signature(call.backward).parameters
    except (TypeError, ValueError):
        return None
    rest = [*given.values()][len(call.args) :]
    named = [p.name for p in rest if p.name in RATES and p.default == lr]
    named += [p.name for p in rest if p.name in ONLY_RATES]
    return next(iter(named), None)


def is_right(given: Array | None, derived: Array, room: float) -> bool:
    """Is it the derived gradient, to rounding, but for axes of length 1?"""
    if given is None or given.size != derived.size:
        return False
    if [n for n in given.shape if n > 1] != [n for n in derived.shape if n > 1]:
        return False
    with np.errstate(all="ignore"):
        off = np.abs(given.reshape(derived.shape) - derived)
    return bool((off <= room).all())
