"""What tells the names of a program apart: numbers, or some letters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Set
from itertools import permutations

SHIFTS = {"+": 1, "-": -1}  # of the numbers of names
LETTERS = 3  # at most, that tell names apart
FAMILIES = 30  # pairs of letters that tell names apart


def families(words: Set[str]) -> list[tuple[str, str]]:
    """What stands for what in names of the same kind: numbers, or letters in several pairs; and
    that all numbers are one more, or less."""
    digits = sorted({d for name in words for d in re.findall(r"\d+", name)})
    pairs = [(a, b) for a in digits for b in digits if a != b]
    for d in digits:  # as of `W` and `W2`, `b` and `b2`
        if sum(name + d in words for name in words) > 1:
            pairs += [(d, ""), ("", d)]
    pairs += [(sign, "1") for sign in SHIFTS if len(digits) > 1]
    letters: dict[tuple[str, str], set[str]] = defaultdict(set)
    for a, b in permutations(sorted(words), 2):
        if (found := apart(a, b)) is not None:
            x, y, around = found
            letters[x.lower(), y.lower()].add(around.lower())
    several = {pair: around for pair, around in letters.items() if len(around) > 1}
    return pairs + sorted(several, key=lambda pair: (-len(several[pair]), pair))[:FAMILIES]


def between(a: str, b: str) -> tuple[str, str, str]:
    """The letters by which two names differ, between those that they begin and end with; and
    these, with a gap."""
    first = begin_alike(a, b)
    last = begin_alike(a[first:][::-1], b[first:][::-1])
    around = f"{a[:first]}_{a[len(a) - last :]}"
    return a[first : len(a) - last], b[first : len(b) - last], around


def apart(a: str, b: str) -> tuple[str, str, str] | None:
    """The few letters, or the one word, by which two names differ, and what they have in common."""
    words = a.split("_"), b.split("_")
    others = [i for i, (x, y) in enumerate(zip(*words)) if x != y]
    if len(words[0]) == len(words[1]) > 1 and len(others) == 1:
        (i,) = others
        x, y = (its[i] for its in words)
        if x.isalpha() and y.isalpha() and max(len(x), len(y)) > LETTERS:
            return x, y, "_".join(["_" if k == i else word for k, word in enumerate(words[0])])
    alone = len(a) == len(b) == 1
    if a == b or (min(len(a), len(b)) < 2 and not alone):
        return None
    x, y, around = between(a, b)
    if not (x.isalpha() and y.isalpha()) or max(len(x), len(y)) > LETTERS:
        return None
    if around == "_" and not alone:
        return None
    return (x, y, around) if x.isupper() == y.isupper() else None


def begin_alike(a: str, b: str) -> int:
    """How many letters two names begin with."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
