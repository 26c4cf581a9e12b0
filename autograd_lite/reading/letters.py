"""How names are written, whatever they are: in text on one line, in LaTeX with subscripts."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What is within a container or an object: `Ws[0]`, `P["W1"]`, `layers[0].W`, `enc.layers.0.W`.
WAY = re.compile(r'[^\W\d]\w*(\.\w+|\[\d+\]|\["[^"\[\]]*"\])*')
GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"),
}
MATRIX = re.compile("[A-Z][a-z]|W[a-z]{2,3}")  # longer ones, such as Loss, are words
SPECIAL = {c: f"\\{c}" for c in "_$%&#{}"} | {
    "\\": r"{\backslash}",
    "^": r"\hat{\ }",
    "~": r"{\sim}",
    "<": r"{\lt}",
    ">": r"{\gt}",
}


@dataclass(frozen=True)
class Index:
    """A number that goes with the steps: `times` that of the step, and `start`."""

    letter: str
    times: int
    start: int

    def __str__(self) -> str:
        if not self.times:
            return str(self.start)
        text = {1: "", -1: "-"}.get(self.times, str(self.times)) + self.letter
        if self.times < 0 < self.start:
            return f"{self.start}{text}"
        return f"{text}{self.start:+}" if self.start else text


class Indexed(str):
    """The name of one of many: its stem, and its index behind a _, or in brackets."""

    stem: str
    below: str

    def __new__(cls, stem: str, index: Index, brackets: bool = False) -> Indexed:
        text = str(index)
        if brackets:
            new = super().__new__(cls, f"{stem}[{text}]")
        else:
            new = super().__new__(cls, f"{stem}_{text if text.isalnum() else f'{{{text}}}'}")
        new.stem, new.below = stem, text
        return new


def on_one_line(name: str) -> str:
    """A name without line breaks and what else does not print, and not too long."""
    name = "".join(c if c.isprintable() else " " for c in name)
    name = " ".join(name.split()) or "_"
    return name if len(name) <= 40 else f"{name[:39]}…"


def escaped(name: str) -> str:
    """A name as LaTeX takes it in mathematics, whatever its characters."""
    parts = re.split(r"([_$%&#{}\\^~<>])", on_one_line(name))
    return "".join(SPECIAL.get(part, rf"\text{{{part}}}") for part in parts if part)


def in_text(name: str) -> str:
    """The name of a value in text; one of other characters is quoted."""
    if isinstance(name, Indexed):
        return in_text(name.stem) + name[len(name.stem) :].replace("-", "−")
    name = on_one_line(name)
    return name if WAY.fullmatch(name) else f'"{name}"'


def in_latex(name: str) -> str:
    """The name of a value in LaTeX: its digits, what follows a _, and its place are subscripts."""
    if isinstance(name, Indexed):
        stem = in_latex(name.stem)
        stem = f"{stem[:-1]}," if "_{" in stem and stem[-1] == "}" else f"{stem}_{{"
        return f"{stem}{name.below}}}"
    if not WAY.fullmatch(name):
        return escaped(name)
    words: list[tuple[str, list[str]]] = []  # with what is below them
    for part in re.findall(r"\[[^\]]*\]|\w+", name):
        if part[0] == "[" and part[1] == '"':
            words[-1][1].append(in_latex(part[2:-2]))
        elif part[0] == "[" or part.isdecimal():
            words[-1][1].append(part.strip("[]"))
        else:
            words.append(_symbol(part))
    return ".".join(word + (f"_{{{','.join(below)}}}" if below else "") for word, below in words)


def _symbol(name: str) -> tuple[str, list[str]]:
    """A word, and what stands below it.

    So does the small rest of Wx, Dh2 or Wout: their capital is the letter of a matrix.
    """
    parts = [part for part in name.split("_") if part]
    first = re.fullmatch(r"([^\W\d]+)(\d*)", parts[0]) if parts else None
    if not first or not all(map(str.isalnum, parts)):
        return escaped(name), []
    below = [part if part.isascii() and part.isdigit() else _word(part) for part in parts[1:]]
    below = [first[2], *below] if first[2] else below
    word = first[1]
    if MATRIX.fullmatch(word) and word.lower() not in GREEK:
        word, below = word[0], [_word(word[1:]), *below]
    return _word(word), below


def upright(name: str) -> str:
    """The name of a function in LaTeX."""
    plain = re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)
    latex = name.replace("_", r"\_") if plain else escaped(name)
    return rf"\operatorname{{{latex}}}"


def _word(word: str) -> str:
    """A word of letters and digits: a letter stands as it is, Greek as Greek, others upright."""
    if word in GREEK:
        return f"\\{word}"
    if not re.fullmatch(r"[\dA-Za-zΑ-ω]+", word):
        return escaped(word)
    return word if len(word) == 1 else rf"\mathrm{{{word}}}"
