"""Programs of others with handwritten passes, and mistakes in these.

`python tests/reviewing/reviews.py NAME ...` reviews the mistakes of some, or of all, and prints
what was mended, and, of each program, how many; all that is mended is held against differences at
other arguments.

A program is two files in `handwritten`: NAME.py, whose `setup(rng)` gives forward, backward, their
arguments, and what else `review` is told; and NAME.cases, a list of what stands elsewhere in each
case, with its id: s01 … are single mistakes, p01 … two at once, r01 … right, though different.
"""

from __future__ import annotations

import ast
import copy
import difflib
import inspect
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from written import module

import autograd_lite as al

FOLDER = Path(__file__).parent / "handwritten"
STEP = 1e-6
CLOSE = 1e-4  # relative, of differences
OTHERS = (7, 8)  # seeds of the arguments that mends are tried on


class Case(NamedTuple):
    """A program with something elsewhere in its text. lines: on which one would look for it."""

    name: str
    id: str
    original: str
    text: str
    lines: frozenset[int]
    note: str


def names():
    return sorted(path.stem for path in FOLDER.glob("*.py"))


def cases(name):
    original = (FOLDER / f"{name}.py").read_text()
    space = {}
    exec((FOLDER / f"{name}.cases").read_text(), space)
    for id, edits, note in space["CASES"]:
        text = original
        for old, new in edits:
            assert text.count(old) == 1, (name, id, old)
            text = text.replace(old, new)
        yield Case(name, id, original, text, _changed(original, text), note)


def _changed(original, text):
    """The lines that differ; where some are left out, the statements before and after."""
    old, new = original.splitlines(), text.splitlines()
    code = [i for i, x in enumerate(new) if x.strip() and not x.strip().startswith("#")]
    found = set()
    for tag, _, _, a, b in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "delete":
            found.update([i for i in code if i < a][-1:], [i for i in code if i >= a][:1])
        elif tag != "equal":
            found.update(range(a, b))
    return frozenset(i + 1 for i in found)


def reviewed(text, folder, **options):
    forward, backward, args, its = module(folder, text).setup(np.random.default_rng(0))
    return al.review(forward, backward, *args, **{"progress": False, **its, **options})


def is_right(text, folder, seed):
    """Are the gradients those that central differences give?"""
    setup = module(folder, text).setup
    forward, backward, args, options = setup(np.random.default_rng(seed))
    wanted = [_differences(forward, copy.deepcopy(args), name) for name in options["wrt"]]
    forward, backward, args, options = setup(np.random.default_rng(seed))
    if hasattr(forward, "__self__"):
        forward(*copy.deepcopy(args))  # it may keep what the backward pass reads
    given = _given(backward, args, options)
    return all(
        x is not None
        and x.size == y.size
        and np.abs(x.reshape(y.shape) - y).max(initial=0) < CLOSE * (np.abs(y).max() + 1e-3)
        for x, y in zip(given, wanted)
    )


def _place(function, args, name):
    """What holds a parameter, and its key there."""
    if name.startswith("self."):
        *path, last = name.split(".")[1:]
        owner = function.__self__
        for part in path:
            owner = getattr(owner, part)
        return owner, last
    return args, [*inspect.signature(function).parameters].index(name)


def _get(owner, key):
    return np.array(getattr(owner, key) if isinstance(key, str) else owner[key], float)


def _differences(forward, args, name):
    args = [*args]
    owner, key = _place(forward, args, name)
    value = _get(owner, key)
    found = np.zeros(value.shape)

    def loss(x):
        x = x if value.ndim else float(x)
        setattr(owner, key, x) if isinstance(key, str) else owner.__setitem__(key, x)
        return float(forward(*args))

    for i in np.ndindex(value.shape):
        d = np.zeros(value.shape)
        d[i] = STEP
        found[i] = (loss(value + d) - loss(value - d)) / (2 * STEP)
    loss(value)
    return found


def _given(backward, args, options):
    wrt = options["wrt"]
    places = [_place(backward, args, name) for name in wrt]
    before = [_get(*place) for place in places]
    result = backward(*args)
    if isinstance(result, dict):
        keys = [name.split(".")[-1] for name in wrt]
        ways = ("{}", "d{}", "d_{}", "grad_{}", "{}_grad", "g{}", "g_{}", "self.{}")
        found = [
            next((result[w.format(k)] for w in ways if w.format(k) in result), None) for k in keys
        ]
    elif result is None:
        found = [_get(*place) for place in places]
    else:
        found = result if isinstance(result, (tuple, list)) else [result]
    found = [None if x is None else np.array(x, float) for x in found]
    if options.get("returns") != "updated":
        return found
    return [(x - y) / options["lr"] for x, y in zip(before, found)]


class Outcome(NamedTuple):
    """What a review made of a case: what may be said of it, each a word, and a line to print."""

    words: list[str]
    seconds: float
    line: str


def outcome(case, folder):
    started = perf_counter()
    group = {"s": "single", "p": "pair", "r": "right"}[case.id[0]]
    try:
        found = reviewed(case.text, folder)
    except Exception as error:  # none should be
        return Outcome(["exceptions"], 0.0, f"{type(error).__name__}: {error}")
    seconds = perf_counter() - started
    if group == "right":
        return Outcome([group, *["called wrong"] * (not found.ok)], seconds, str(found.ok))
    words, there = [group], [x.line in case.lines for x in found.mistakes]
    if any(there) and (all(there) or group == "pair"):
        words.append(f"{group} on the line")
    if found.mistakes and not found.left:
        (text,) = found.mended.values()
        words.append(f"{group} mended")
        if ast.dump(ast.parse(text)) == ast.dump(ast.parse(case.original)):
            words.append(f"{group} as it was")
        elif not all(is_right(text, folder, seed) for seed in OTHERS):
            words.append("false")
    lines = "; ".join(x.mended.strip() for x in found.mistakes)
    return Outcome(words, seconds, f"{', '.join(words[1:]) or 'NOT'} | {case.note} | {lines}")


def main(wanted):
    warnings.simplefilter("ignore")
    total = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted or names():
            own, times = Counter(), []
            for case in cases(name):
                found = outcome(case, Path(folder))
                own.update(found.words)
                times += [found.seconds] * (case.id[0] != "r")
                print(f"{name} {case.id}: {found.seconds:.2f} s, {found.line}")
            middle, most = np.quantile(times, (0.5, 0.9))
            print(f"{name}: {_told(own)}; {middle:.2f} s in the median, 90 % {most:.2f} s")
            sys.stdout.flush()
            total += own
    print(f"all: {_told(total)}")


def _told(counts):
    return ", ".join(f"{key} {count}" for key, count in sorted(counts.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
