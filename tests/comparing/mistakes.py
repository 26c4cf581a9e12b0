"""Loads the handwritten passes: cases("open" | "aside") gives `Case`s.

A network is two files: NAME.py (make, forward, and below the marker the handwritten backward pass)
and NAME.cases (lists S: single mistakes, R: right but different, D: degenerate data, P: pairs as
indices of S). An edit replaces one snippet, which occurs exactly once, in the handwritten part.
"""

import copy
import json
import linecache
import types
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "handwritten"
MARK = "# ---- handwritten ----\n"
KINDS = [
    *("factor", "sign", "transposed", "operands", "missing-derivative", "doubled-derivative"),
    *("derivative-at-activation", "derivative-at-input", "unsummed", "axis", "mean-for-sum"),
    *("overwritten", "missing-term", "loss-derivative-skipped", "stale", "index", "constant"),
    "other",
]
SINGLE = """def single(d):
    return {k: [w.astype(np.float32) for w in v] if isinstance(v, list) else
            v.astype(np.float32) if v.dtype.kind == "f" else v for k, v in d.items()}


def backward(params, data):
    params, data = single(params), single(data)
"""
FLOAT32 = ("def backward(params, data):\n", SINGLE)


def named(params):
    """{"W": [W1, W2], "b": b} -> {"W1":, "W2":, "b":}"""
    flat = {}
    for k, v in params.items():
        if isinstance(v, list):
            flat.update({f"{k}{i}": w for i, w in enumerate(v, 1)})
        else:
            flat[k] = v
    return flat


def tensors(al, params):
    return {
        k: [al.Tensor(w, name=f"{k}{i}") for i, w in enumerate(v, 1)]
        if isinstance(v, list)
        else al.Tensor(v, name=k)
        for k, v in params.items()
    }


FACTS = json.loads((HERE / "roots.json").read_text()) if (HERE / "roots.json").exists() else {}


class Case:
    """One handwritten pass.

    group: "right" (as it stands), "single", "pair", "different" (right but different) or
    "degenerate". kind: one of KINDS; also: others that would be fair; first: where the first wrong
    value is. Of pairs these are tuples of two, of right ones None. data: what a degenerate case
    asks of make(). roots: all wrong names of which everything downstream is right. visible: does
    any value differ? same: singles of this network with the same numbers.
    """

    def __init__(self, part, network, id, group, kind, first, edits, sentence, data=None):
        self.part, self.network, self.id, self.group = part, network, id, group
        self.kind, self.first = kind, first
        self.edits, self.sentence, self.data = edits, sentence, data or {}

        self.also = ()
        if isinstance(kind, str):
            self.kind, *self.also = kind.split("|")
        elif kind:
            self.also = tuple(tuple(k.split("|")[1:]) for k in kind)
            self.kind = tuple(k.split("|")[0] for k in kind)
        facts = FACTS.get(id, {})
        self.visible = facts.get("visible")
        self.roots = facts.get("roots")
        self.same = facts.get("same", [])

    def __repr__(self):
        return f"<{self.id} {self.kind} first={self.first}>"

    @property
    def text(self):
        whole = (HERE / self.part / f"{self.network}.py").read_text()
        head, tail = whole.split(MARK)
        for old, new in self.edits:
            assert tail.count(old) == 1, (self.id, tail.count(old), old)
            tail = tail.replace(old, new)
        return head + MARK + tail

    def module(self):
        m = types.ModuleType(self.id)
        m.__file__ = name = f"<{self.id}>"
        text = self.text
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        exec(compile(text, name, "exec"), m.__dict__)
        return m

    def inputs(self, seed, m=None):
        m = m or self.module()
        d = dict(self.data)
        do = d.pop("do", None)
        params, data = m.make(seed, **d)
        if do:
            exec(do, {"np": np, "params": params, "data": data})
        return params, data

    def run(self, seed, intermediates=True):
        """A recorded loss; parameters, intermediates and data by name; handwritten arrays."""
        import autograd_lite as al

        m = self.module()
        params, data = self.inputs(seed, m)
        ts = tensors(al, copy.deepcopy(params))
        loss, inter = m.forward(al, ts, copy.deepcopy(data))
        with np.errstate(all="ignore"):
            hand = m.backward(copy.deepcopy(params), copy.deepcopy(data))
        if not intermediates:
            hand = {k: v for k, v in hand.items() if k in named(params)}
        return loss, {**data, **named(ts), **inter}, hand


def pairs_of(e):
    return [e] if isinstance(e, tuple) else list(e)


def read(part, network):
    ns = {"FLOAT32": FLOAT32, "S": [], "R": [], "D": [], "P": []}
    path = HERE / part / f"{network}.cases"
    exec(compile(path.read_text(), str(path), "exec"), ns)
    return ns


def networks(part):
    return sorted(p.stem for p in (HERE / part).glob("*.cases"))


def cases(part, network=None):
    for n in [network] if network else networks(part):
        ns = read(part, n)
        yield Case(part, n, f"{n}/right", "right", None, None, [], "The backward pass is right.")
        kind_of = {f"{n}/s{i:02}": s[0].split("|")[0] for i, s in enumerate(ns["S"])}
        for i, (kind, first, edit, why) in enumerate(ns["S"]):
            assert set(kind.split("|")) <= set(KINDS), (n, i, kind)
            c = Case(part, n, f"{n}/s{i:02}", "single", kind, first, pairs_of(edit), why)
            c.also = sorted({*c.also, *(kind_of[k] for k in c.same if k in kind_of)} - {c.kind})
            yield c
        for i, (a, b) in enumerate(ns["P"]):
            x, y = ns["S"][a], ns["S"][b]
            yield Case(
                part,
                n,
                f"{n}/p{i:02}",
                "pair",
                (x[0], y[0]),
                (x[1], y[1]),
                pairs_of(x[2]) + pairs_of(y[2]),
                x[3] + " " + y[3],
            )
        for i, (edit, why) in enumerate(ns["R"]):
            yield Case(part, n, f"{n}/r{i:02}", "different", None, None, pairs_of(edit), why)
        for i, (kind, first, data, edit, why) in enumerate(ns["D"]):
            assert kind in KINDS, (n, i, kind)
            yield Case(
                part, n, f"{n}/d{i:02}", "degenerate", kind, first, pairs_of(edit), why, data
            )
