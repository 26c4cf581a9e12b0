"""Random programs, run in every way that there is, and compared.

`python tests/fuzz.py --seconds 600 --seed 7` checks the programs 7, 8, 9, ..., and prints each that
fails as short as it could be made.

A program is right if it gives what plain numpy gives (with arrays only, ops are numpy), and its
gradient what differences of that give: run on Tensors, compiled, and as `source`, at the recorded
arguments and at others. Results may differ by rounding: by what they move where each value that
they are computed from is off by some rounding.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from functools import partial, wraps
from typing import Any, NamedTuple

import numpy as np
from random_programs import NAME, Point, Program, Space, generate

import autograd_lite as al

Array = np.ndarray
Found = tuple[int, str]  # at which point, and what
Mode = Callable[[Space], Any]  # how a program is run: its results, or the error that it raised
Noise = tuple[list[Any], float]  # how results move, and the coarsest rounding on the way
STEP = 5e-4  # of differences
RUNS = 6  # with rounding added
BY_HAND = 1e-6  # of a result may differ where the derivative is another formula

# Ways to run a program --------------------------------------------------------------------------


def values(space: Space) -> Any:
    return space.run(space.names["f"], *space.args())


def value_of_loss(space: Space) -> Any:
    return space.run(space.names["loss"], *space.args())


def slopes(space: Space) -> Any:
    return space.run(both(space), *space.args())


def second_slopes(space: Space) -> Any:
    return space.run(second(space), *space.args())


def on_tensors(space: Space) -> Any:
    return space.run(space.names["f"], *space.args(leaves_of(space)))


def backward(space: Space) -> Any:
    """The loss and what `backward` adds to the gradients of leaves."""
    leaves = leaves_of(space, space.program.argnums())

    def run() -> Any:
        y = space.names["loss"](*space.args(leaves))
        if isinstance(y, al.Tensor):
            y.backward()
        zeros = (np.zeros(x.shape, x.dtype) for x in leaves.values())
        return y, [z if x.grad is None else x.grad for x, z in zip(leaves.values(), zeros)]

    return space.run(run)


def flat_slopes(space: Space) -> Any:
    """The loss and its gradients in one list."""
    return space.run(
        lambda *args: (lambda y, g: (y, [*held(g)]))(*both(space)(*args)), *space.args()
    )


def both(space: Space) -> Any:
    """The function of the loss and its gradients."""
    return al.func.value_and_grad(space.names["loss"], space.program.argnums())


def alone(space: Space) -> Any:
    """The function of the gradients without the loss."""
    return al.func.grad(space.names["loss"], space.program.argnums())


def second(space: Space) -> Any:
    """The function of the gradients of the weighted sum of the gradients."""
    gradients, weights = alone(space), space.names["weights"]

    @wraps(gradients)  # so that what the program itself names is read anew
    def total(*args: Any) -> Any:
        return sum(al.sum(weights(g) * g) for g in held(gradients(*args)))

    return al.func.grad(total, space.program.argnums())


def held(tree: Any) -> Iterator[Any]:
    if isinstance(tree, (list, tuple, dict)):
        for x in tree.values() if isinstance(tree, dict) else tree:
            yield from held(x)
    else:
        yield tree


def leaves_of(space: Space, positions: Any = None) -> dict[str, Any]:
    """Tensors for the floating arguments, or for those in some positions."""
    args = space.program.args if positions is None else [space.program.args[i] for i in positions]
    names = [x for x in NAME.findall(" ".join(args)) if space.values[x].dtype.kind == "f"]
    return {x: al.Tensor(space.values[x], name=x) for x in names}


# Comparison -------------------------------------------------------------------------------------


def compare(
    program: Program, got: Any, wanted: Any, noise: Callable[[], Noise], places: bool = True
) -> str:
    """What is wrong with results, or nothing.

    A formula that a program writes out may have a derivative that is not finite where that of the
    op is, and digits where that of the op has none: at z = 17, exp(-z) / (1 + exp(-z))² is right in
    all of them, and σ(z) (1 - σ(z)) in nine.
    """
    if isinstance(got, Exception) or isinstance(wanted, Exception):
        alike = isinstance(got, Exception) and isinstance(wanted, Exception)
        return "" if alike else f"{shown(got)}; right is {shown(wanted)}"
    if len(got) != len(wanted) or (places and [p for p, _ in got] != [p for p, _ in wanted]):
        return f"{shown(got)}; right is {shown(wanted)}"
    moved: Any = None
    for i, ((place, x), (_, y)) in enumerate(zip(got, wanted)):
        x, y = np.asarray(x), np.asarray(y)
        alike = (x.shape, x.dtype) == (y.shape, y.dtype)
        if alike and program.by_hand and y.dtype.kind == "f":
            y = np.where(np.isfinite(x) & ~np.isfinite(y), x, y)
        share = max(64 * rounding(y), BY_HAND * program.by_hand)
        if alike and close(x, y, share * largest(y)):
            continue
        if alike:
            moved = moved or noise()
            moves = spread(y, [r[i][1] if len(r) > i else None for r in moved[0]])
            if close(x, y, 1e3 * moves + 64 * moved[1]):
                continue
        return f"{place} is {x!r}; right is {y!r}"
    return ""


def close(x: Array, y: Array, tolerance: float) -> bool:
    """The same, with NaN in the same places, but for a tolerance."""
    if x.dtype.kind != "f":
        return tolerance == np.inf or np.array_equal(x, y)
    x, y = x.astype(np.float64), y.astype(np.float64)
    same = (x == y) | (np.isnan(x) & np.isnan(y)) | (np.abs(x - y) <= tolerance)
    return tolerance == np.inf or bool(np.all(same))


def rounding(x: Array) -> float:
    return float(np.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0


def largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0, where=np.isfinite(x))) if x.dtype.kind == "f" else 0.0


def spread(y: Array, moved: list[Any]) -> float:
    """How far a result moves; infinitely far, where it is another in kind."""
    worst = 0.0
    for x in moved:
        if np.shape(x) != y.shape or np.asarray(x).dtype != y.dtype:
            return np.inf
        if y.dtype.kind != "f" or not np.array_equal(np.isfinite(x), np.isfinite(y)):
            if not np.array_equal(x, y, equal_nan=y.dtype.kind == "f"):
                return np.inf
            continue
        finite = np.isfinite(y)
        worst = max(worst, largest(np.where(finite, x, 0) - np.where(finite, y, 0)))
    return worst


def noisy(program: Program, point: Point, mode: Mode, plain: bool) -> Noise:
    """The results where each value is off by a few roundings, but for numbers of a few bits.

    And the coarsest rounding of these values.
    """
    rng, coarsest = np.random.default_rng(0), 0.0

    def off(x: Any) -> Any:
        nonlocal coarsest
        value = np.asarray(x.data if isinstance(x, al.Tensor) else x)
        if value.dtype.kind != "f":
            return x
        coarsest = max(coarsest, rounding(value) * largest(value))
        share = 4 * rounding(value) * (2 * rng.random(value.shape) - 1)
        exact = (np.round(8 * value) == 8 * value) & (np.abs(value) < 1e6)
        return x * np.where(exact, 1, 1 + share).astype(value.dtype)

    results = [mode(Space(program, plain, hook=off).move(point)) for _ in range(RUNS)]
    return [[] if isinstance(r, Exception) else r for r in results], coarsest


def shown(results: Any) -> str:
    if isinstance(results, Exception):
        return f"{type(results).__name__}: {str(results)[:200]}"
    return ", ".join(repr(x) for _, x in results)


# Checks -----------------------------------------------------------------------------------------


def against(
    program: Program, mode: Mode, truth: Mode, plain: bool = True, points: int = 9
) -> Iterator[Found]:
    """Two ways to run a program, at all points."""
    space, other = Space(program), Space(program, plain)
    for at, point in enumerate(program.points[:points]):
        got, wanted = mode(space.move(point)), truth(other.move(point))
        if wrong := compare(program, got, wanted, lambda p=point: noisy(program, p, truth, plain)):
            yield at, wrong


def compiled(program: Program, function: Callable[[Space], Any], plain: bool) -> Iterator[Found]:
    """A compiled function against the function, its earlier results, and its arguments."""
    space, other = Space(program), Space(program, plain)
    call, kept = al.compile(function(space)), []

    def truth(space: Space) -> Any:
        return space.run(function(space), *space.args())

    for at, point in [*enumerate(program.points), (0, program.points[0])]:
        args = space.move(point).args()
        before = deepcopy(args)
        got, wanted = space.run(call, *args), truth(other.move(point))
        if wrong := compare(program, got, wanted, lambda p=point: noisy(program, p, truth, plain)):
            yield at, wrong
        if not same(args, before):
            yield at, f"the arguments are {args}; they were {before}"
        if not isinstance(got, Exception):
            if any(shares(x, y) for _, x in got for y in held(args)):
                yield at, "a result shares memory with an argument"
            kept.append((got, deepcopy(got)))
        for now, was in kept:
            if not same(now, was):
                yield at, f"an earlier result is now {shown(now)}; it was {shown(was)}"


def shares(x: Any, y: Any) -> bool:
    return isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and np.shares_memory(x, y)


def same(x: Any, y: Any) -> bool:
    pairs = zip(map(np.asarray, held(x)), map(np.asarray, held(y)))
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def differences(program: Program) -> Iterator[Found]:
    """The gradient against differences of plain numpy, away from kinks, in float64."""
    space, plain = Space(program), Space(program, plain=True)
    if not all(x == np.float64 for x in dtypes(program)):
        return
    steps = [step for _, step in program.needed(program.loss())]
    single = len(steps) == 1 and len(re.findall(r"\w\(", steps[0])) <= 1
    for at, point in enumerate(program.points):
        shifted(space.move(point)), shifted(plain.move(point))
        names = [*leaves_of(space, program.argnums())]
        got, wanted = slopes(space), value_of_loss(plain)
        if isinstance(wanted, Exception):
            continue
        if isinstance(got, Exception):
            yield at, f"{shown(got)}; the loss is {shown(wanted)}"
            continue
        for name, (_, slope) in zip(names, got[1:]):
            for place in [*np.ndindex(slope.shape)][:: max(1, slope.size // 3)]:
                others = (v for x, v in plain.values.items() if x != name)
                only = single and all(np.all(np.isfinite(v)) for v in others)
                infinite = only and np.isinf(plain.values[name][place])
                if at < 3 or infinite:
                    measured = difference(plain, name, place)
                    if not matches(slope[place], measured, infinite):
                        yield at, f"∂/∂{name}{[*place]} is {slope[place]!r}; right is {measured[0]}"


def shifted(space: Space) -> None:
    """Move the arguments a little, for at round numbers a program may be where it is nowhere else.

    x where x is not 0, and else 0, has no derivative at 0, and differences do not see that.
    """
    for name in leaves_of(space, space.program.argnums()):
        x = np.asarray(space.values[name])
        space.values[name] = x + 1e-2 * np.cos(1 + len(name) + np.arange(x.size)).reshape(x.shape)


def difference(space: Space, name: str, place: Any) -> tuple[float, float]:
    """The derivative of the loss in an element, and the error of it, infinite at a kink."""
    x = space.values[name]

    def at(step: float) -> float:
        moved = np.array(x)
        moved[place] += step
        result = space.run(space.names["loss"], *space.args({name: moved}))
        return float("nan") if isinstance(result, Exception) else float(result[0][1])

    middle, found, bends = at(0), [], []
    for h in (STEP, STEP / 4):
        up, down = at(h), at(-h)
        found.append((8 * (up - down) - (at(2 * h) - at(-2 * h))) / (12 * h))
        bends.append(abs(up - 2 * middle + down))
    kink = bends[1] > bends[0] / 8 and bends[1] > 1e-11 * (1 + abs(middle))
    error = 30 * abs(found[1] - found[0]) + 1e-7 * (1 + abs(found[0]) + abs(middle))
    sure = not kink and np.isfinite(error) and error < 1e-3 * (1 + abs(found[0]))
    return found[0], error if sure else np.inf


def matches(slope: float, measured: tuple[float, float], strict: bool) -> bool:
    """NaN is the chain rule's word at many a singularity; it is wrong where there is none."""
    wanted, error = measured
    return error == np.inf or abs(slope - wanted) <= error or not (strict or np.isfinite(slope))


def dtypes(program: Program) -> set[Any]:
    """The floating dtypes of all values."""
    seen: list[Any] = []

    def look(x: Any) -> Any:
        seen.append(np.asarray(x).dtype)
        return x

    value_of_loss(Space(program, plain=True, hook=look))
    return {x for x in seen if x.kind == "f"}


def second_differences(program: Program) -> Iterator[Found]:
    """The second derivative against differences of the first, where two lengths of step agree."""
    if program.seed % 3 or not all(x == np.float64 for x in dtypes(program)):
        return
    space = Space(program)
    shifted(space)
    got, first = second_slopes(space), space.run(alone(space), *space.args())
    if isinstance(got, Exception) or isinstance(first, Exception):
        if isinstance(got, Exception) and not isinstance(first, Exception):
            yield 0, shown(got)
        return
    leaves = leaves_of(space, program.argnums())
    ways = {x: space.names["weights"](v) for x, (_, v) in zip(leaves, first)}

    def at(step: float) -> Any:
        moved = {x: space.values[x] + step * way for x, way in ways.items()}
        return space.run(alone(space), *space.args(moved))

    ends = [[at(sign * n * h) for n in (1, 2) for sign in (1, -1)] for h in (STEP, STEP / 4)]
    if any(isinstance(x, Exception) for end in ends for x in end):
        return
    for i, ((place, y), (_, middle)) in enumerate(zip(got, first)):
        (up, down, *_), (nearer_up, nearer_down, *_) = ([x[i][1] for x in end] for end in ends)
        coarse, fine = (
            (8 * (a[i][1] - b[i][1]) - (c[i][1] - d[i][1])) / (12 * h)
            for (a, b, c, d), h in zip(ends, (STEP, STEP / 4))
        )
        bend, bent = abs(nearer_up - 2 * middle + nearer_down), abs(up - 2 * middle + down)
        kink = (bend > bent / 8) & (bend > 1e-11 * (1 + abs(middle)))
        error = 30 * abs(coarse - fine) + 1e-6 * (1 + abs(fine) + largest(middle))
        sure = ~kink & np.isfinite(error) & np.isfinite(y) & (error < 1e-3 * (1 + abs(fine)))
        if np.any(sure & ~(abs(y - fine) <= error)):
            yield 0, f"{place} is {y!r}; right is {fine!r}"


def source(program: Program) -> Iterator[Found]:
    """The text that needs nothing but numpy: it gives the same, or refuses other arguments."""
    space = Space(program)
    leaves = leaves_of(space, program.argnums())
    loss = recorded(space, leaves)
    if loss is None:
        return
    names = {**{x: v for x, v in space.values.items() if x[0] == "x" and np.shape(v)}, **leaves}
    names |= {x: tensor for x, tensor in space.names.items() if x[0] == "t"}
    try:
        text = al.source(loss, [*leaves.values()], names)
    except TypeError as error:
        if not (program.header() and "numpy's" in str(error)):
            yield 0, shown(error)
        return
    clean: dict[str, Any] = {}
    exec(str(text), clean)
    given = {*inspect.signature(text.function).parameters} - {*text.constants}
    if given - {*names}:  # Tensors that the program made itself
        return
    for at, point in enumerate(program.points):
        # all else is a part of the recording
        mixed = {**program.points[0], **{x: v for x, v in point.items() if x in given}}
        noise = partial(noisy, program, mixed, slopes, False)
        space.move(mixed)
        wanted, moved = slopes(space), {x: space.values[x] for x in given if x in space.values}
        for function in (text.function, lambda **xs: clean["loss_and_gradients"](**xs)):
            for x in text.constants.values():
                if isinstance(x, np.random.Generator):
                    x.bit_generator.state = space.before
            constants = {} if function is text.function else text.constants
            got = space.run(partial(function, **moved, **constants))
            refused = at and isinstance(got, AssertionError)
            if not refused and (wrong := compare(program, got, wanted, noise, places=False)):
                yield at, wrong


def recorded(space: Space, leaves: dict[str, Any]) -> Any:
    """The loss, if it is one: a Tensor of one element."""
    try:
        loss = space.names["loss"](*space.args(leaves))
    except Exception:
        return None
    is_loss = isinstance(loss, al.Tensor) and loss.dtype.kind == "f" and loss.size == 1
    return loss if is_loss else None


def readings(program: Program) -> Iterator[Found]:
    """The derivation and the drawing are made."""
    space = Space(program)
    loss = recorded(space, leaves_of(space, program.argnums()))
    if loss is not None:
        for read in (
            lambda: al.derive(loss).latex(),
            lambda: str(al.derive(loss)),
            lambda: al.draw(loss).dot,
        ):
            result = space.run(read)
            if isinstance(result, Exception):
                yield 0, shown(result)


Check = Callable[[Program], Iterator[Found]]
VALUES_AND_SLOPES = "d = al.func.value_and_grad(loss, {argnums})\n"
SLOPES = "d = al.func.grad(loss, {argnums})\n"
SECOND = (
    "slope = al.func.grad(loss, {argnums})\n"
    "total = wraps(slope)(lambda *xs: sum(al.sum(weights(g) * g) for g in slope(*xs)))\n"
)
SECOND += "d = al.func.grad(total, {argnums})\n"
COMPILED = "g = al.compile(d)\ng(*args)", "print(g(*args), d(*args))"
CHECKS: dict[str, tuple[Check, str, str]] = {  # with what a report runs, at its two points
    "eager": (
        lambda p: against(p, on_tensors, values),
        "",
        "right = f(*args)\n{leaves}\nprint(f(*args), right)",
    ),
    "compiled": (
        lambda p: compiled(p, lambda space: space.names["f"], plain=True),
        "g = al.compile(f)\ng(*args)",
        "print(g(*args), f(*args))",
    ),
    "differences": (differences, "", VALUES_AND_SLOPES + "print(d(*args))"),
    "backward": (
        lambda p: against(p, backward, flat_slopes, plain=False),
        "",
        SLOPES + "right = d(*args)\n{leaves}\nloss(*args).backward()\nprint({names}, right)",
    ),
    "compiled loss and gradients": (
        lambda p: compiled(p, both, plain=False),
        VALUES_AND_SLOPES + COMPILED[0],
        COMPILED[1],
    ),
    "compiled gradients": (
        lambda p: compiled(p, alone, plain=False),
        SLOPES + COMPILED[0],
        COMPILED[1],
    ),
    "compiled second gradients": (
        lambda p: compiled(p, second, plain=False) if p.seed % 3 == 0 else iter(()),
        SECOND + COMPILED[0],
        COMPILED[1],
    ),
    "second differences": (second_differences, "", SECOND + "print(d(*args))"),
    "source": (
        source,
        "{leaves}\ntext = al.source(loss(*args), {names}, names=locals())\nprint(text)",
        VALUES_AND_SLOPES + "print(text.function({given}), d(*args))",
    ),
    "readings": (
        readings,
        "",
        "{leaves}\nprint(al.derive(loss(*args)).latex(), al.draw(loss(*args)).dot)",
    ),
}
OF_VALUES = ("eager", "compiled")  # the others are of the loss


class Failure(NamedTuple):
    """A check that a program fails, at which of its points, and how."""

    program: Program
    check: str
    at: int
    wrong: str

    def kind(self) -> tuple[str, list[str]]:
        """What it is about: which errors, or a number."""
        return self.check, re.findall(r"\b\w+Error\b|shares memory|earlier|dtype", self.wrong)

    def __str__(self) -> str:
        program = self.program
        _, first, then = CHECKS[self.check]
        names = [*leaves_of(Space(program), program.argnums())]
        read = NAME.findall(str(program.needed(program.loss())) + program.loss())
        filled = {
            "{argnums}": str(program.argnums()),
            "{names}": f"[{', '.join(names)}]",
            "{given}": ", ".join(f"{x}={x}" for x in sorted({*read}) if x[0] == "x"),
            "{leaves}": "\n".join(f"{x} = al.Tensor({x})" for x in names)
            + f"\nargs = ({''.join(f'{x}, ' for x in program.args)})",
        }
        for place, text in filled.items():
            first, then = first.replace(place, text), then.replace(place, text)
        wrong = self.wrong.replace("\n", " ")
        return (
            f"# seed {program.seed}, {self.check}: {wrong}\n"
            f"# again: python tests/fuzz.py --seed {program.seed} --programs 1\n"
            f"{program.text(self.at, first, then)}\n"
        )


def failures(program: Program, checks: Iterable[str] = tuple(CHECKS)) -> list[Failure]:
    """What is wrong with a program, the first find of each check."""
    found = []
    with quiet():
        for check in checks:
            if check in OF_VALUES or program.is_loss():
                try:
                    first = next(CHECKS[check][0](program), None)
                except Exception as error:
                    first = 0, shown(error)
                found += [Failure(program, check, *first)] if first else []
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """Infinities and NaN are a part of what is tested."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# Shorter programs -------------------------------------------------------------------------------


def shrunk(failure: Failure, tries: int = 300) -> Failure:
    """The failure of a shorter program, made by leaving out what is not needed for it."""
    left = iter(range(tries))
    smaller = True
    while smaller:
        smaller = False
        for program in shorter(failure):
            if next(left, None) is None:
                return failure
            again = failures(program, [failure.check])
            if again and again[0].kind() == failure.kind():
                failure, smaller = again[0], True
                break
    return failure


def shorter(failure: Failure) -> Iterator[Program]:
    """Programs with a part less."""
    program, at = failure.program, failure.at
    kept = [program.points[0], program.points[at]]
    if len(program.points) > 1:
        yield replace(program, points=(kept[0],))
    if len(program.points) > 2:
        yield replace(program, points=tuple(kept))
    of_values = failure.check in OF_VALUES
    used = program.result if of_values else " ".join(program.terms)
    if of_values and program.terms:
        yield replace(program, terms=())
    if not of_values and program.result != program.terms[0]:
        yield replace(program, result=program.terms[0])
    for name in dict.fromkeys(NAME.findall(used)):
        if used != name:
            yield replace(program, **({"result": name} if of_values else {"terms": (name,)}))
    needed = program.needed(used)
    if len(needed) < len(program.steps):
        yield replace(program, steps=tuple(needed))
    for i, (name, step) in enumerate(program.steps):
        for other in dict.fromkeys(NAME.findall(step)):
            if other[0] in "xv":
                yield renamed(replace(program, steps=without(program.steps, i)), name, other)
    for i, x in enumerate(program.args):
        if x not in program.points[0]:
            args = (*program.args[:i], *NAME.findall(x), *program.args[i + 1 :])
            yield replace(program, args=args)
    text = f"{program.steps} {program.result} {program.terms}"
    for x in program.points[0]:
        if not re.search(rf"\b{x}\b", text) and (x[0] != "x" or x in program.args):
            points = tuple({k: v for k, v in p.items() if k != x} for p in program.points)
            yield replace(program, points=points, args=tuple(a for a in program.args if a != x))


def without(steps: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    return steps[:i] + steps[i + 1 :]


def renamed(program: Program, name: str, other: str) -> Program:
    """The program with one value in the place of another."""

    def new(text: str) -> str:
        return re.sub(rf"\b{name}\b", other, text)

    return replace(
        program,
        steps=tuple((n, new(step)) for n, step in program.steps),
        result=new(program.result),
        terms=tuple(dict.fromkeys(map(new, program.terms))),
    )


# The command ------------------------------------------------------------------------------------


class Report(NamedTuple):
    programs: int
    failures: dict[str, list[Failure]]  # those that look alike, by what they look like


def fuzz(seed: int, seconds: float = np.inf, programs: float = np.inf, told: Any = None) -> Report:
    """Check programs from that seed on, for some seconds or until there were so many."""
    end, n = time.monotonic() + seconds, 0
    found: dict[str, list[Failure]] = {}
    while n < programs and time.monotonic() < end:
        with quiet():
            program = generate(seed + n)
        for failure in failures(program):
            short = shrunk(failure)
            found.setdefault(likeness(short), []).append(short)
        n += 1
        if told:
            print(f"\r{n} programs, {len(found)} kinds of failure", end="", file=told, flush=True)
    return Report(n, found)


def likeness(failure: Failure) -> str:
    """The ops of a failure, without names and numbers."""
    steps = [re.sub(r"[-\d.]+", "", step) for _, step in failure.program.steps]
    return f"{sorted(steps)} {failure.kind()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=np.inf)
    parser.add_argument("--programs", type=float, default=np.inf)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    report = fuzz(options.seed, options.seconds, options.programs, sys.stderr)
    print(file=sys.stderr)
    for alike in report.failures.values():
        print(f"\n# {len(alike)} times\n{min(map(str, alike), key=len)}")
    print(f"{report.programs} programs, {len(report.failures)} kinds of failure")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
