"""Habits of handwritten code: each the same pass in another way, with `2 * (p - y)` in it once."""

HEAD = """
import functools
import collections
import numpy as np

FACTOR = 1.0
SEEN = []


def loss(W, b, x, y):
    return ((np.tanh(x @ W + b) - y) ** 2).sum()


def traced(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return f(*args, **kwargs)
    return inner


class Base:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def delta(self, p, y):
        return 2 * (p - y)


class Net(Base):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.grads = {}

    @property
    def weights(self):
        return self.W

    @staticmethod
    def slope(p):
        return 1 - p ** 2


Grads = collections.namedtuple("Grads", "W b")
"""
PLAIN = """
    p = np.tanh(x @ W + b)
    d = 2 * (p - y)
    d = d * (1 - p ** 2)
"""
HABITS = {
    "zeros and +=": """
    p = np.tanh(x @ W + b)
    d = 2 * (p - y)
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for i in range(len(x)):
        s = d[i] * (1 - p[i] ** 2)
        dW += np.outer(x[i], s)
        db += s
    return dW, db
""",
    "out=": """
    p = np.tanh(x @ W + b)
    d = 2 * (p - y)
    np.multiply(d, 1 - p ** 2, out=d)
    return x.T @ d, d.sum(0)
""",
    "isinstance": PLAIN
    + """
    if isinstance(d, np.ndarray):
        return x.T @ d, d.sum(0)
    return None
""",
    "float()": PLAIN
    + """
    return float(FACTOR) * (x.T @ d), d.sum(0)
""",
    "asarray": PLAIN
    + """
    d = np.asarray(d)
    return np.array(x.T @ d, copy=True), d.sum(0)
""",
    "methods of arrays": PLAIN
    + """
    return x.T.dot(d), d.sum(axis=0).reshape(-1)
""",
    "aliases": """
    p = np.tanh(x @ W + b)
    d = 2 * (p - y)
    g = d
    g *= 1 - p ** 2
    return x.T @ d, d.sum(0)
""",
    "np.matrix": PLAIN
    + """
    return np.asarray(np.matrix(x).T * np.matrix(d)), d.sum(0)
""",
    "comprehensions": PLAIN
    + """
    db = np.array([sum(row[j] for row in d) for j in range(d.shape[1])])
    return x.T @ d, db
""",
    "reversed(range())": PLAIN
    + """
    db = np.zeros(b.shape)
    for i in reversed(range(len(d))):
        db = db + d[i]
    return x.T @ d, db
""",
    "built keys": PLAIN
    + """
    grads = {}
    for name, g in zip("Wb", (x.T @ d, d.sum(0))):
        grads["d" + name] = g
    return grads["dW"], grads["d" + "b"]
""",
    "closures": """
    p = np.tanh(x @ W + b)
    def back():
        d = 2 * (p - y)
        return d * (1 - p ** 2)
    d = back()
    return x.T @ d, d.sum(0)
""",
    "decorators": """
    @traced
    def delta(p, y):
        return 2 * (p - y)
    p = np.tanh(x @ W + b)
    d = delta(p, y=y) * (1 - p ** 2)
    return x.T @ d, d.sum(0)
""",
    "super()": """
    class Deep(Base):
        def delta(self, p, y):
            return super().delta(p, y) / 2
    p = np.tanh(x @ W + b)
    d = Deep(W, b).delta(p, y)
    d = 2 * (p - y) if d.size else d
    d = d * (1 - p ** 2)
    return x.T @ d, d.sum(0)
""",
    "attributes": """
    net = Net(W, b)
    net.p = np.tanh(x @ net.weights + net.b)
    net.d = 2 * (p - y) if (p := net.p) is not None else 0
    net.grads["W"] = x.T @ (net.d * net.slope(p))
    net.grads["b"] = (net.d * Net.slope(p)).sum(0)
    return net.grads["W"], net.grads["b"]
""",
    "while": PLAIN
    + """
    db, i = np.zeros_like(b), 0
    while i < len(d):
        db += d[i]
        i += 1
    return x.T @ d, db
""",
    "lambda": """
    delta = lambda p: 2 * (p - y)
    p = np.tanh(x @ W + b)
    d = delta(p) * (1 - p ** 2)
    return x.T @ d, d.sum(0)
""",
    "generators": PLAIN
    + """
    def parts():
        for i in range(len(x)):
            yield np.outer(x[i], d[i])
    return sum(parts()), d.sum(0)
""",
    "einsum": PLAIN
    + """
    return np.einsum("ni,nj->ij", x, d), np.einsum("nj->j", d)
""",
    "masks stored into": """
    p = np.tanh(x @ W + b)
    d = 2 * (p - y)
    far = np.abs(p) >= 0
    d[far] = d[far] * (1 - p[far] ** 2)
    return x.T @ d, d.sum(0)
""",
    "fancy stores": """
    p = np.tanh(x @ W + b)
    d = 2 * (p - y)
    rows = np.arange(len(d))
    d[rows, 0] *= 1 - p[rows, 0] ** 2
    d[rows, 1] *= 1 - p[rows, 1] ** 2
    return x.T @ d, d.sum(0)
""",
    "np.add.at": PLAIN
    + """
    db = np.zeros((1, len(b)))
    np.add.at(db, np.zeros(len(d), int), d)
    return x.T @ d, db[0]
""",
    "slices": PLAIN
    + """
    dW = np.empty_like(W)
    dW[:, :1] = x.T @ d[:, :1]
    dW[:, 1:] = x.T @ d[:, 1:]
    return dW, d.sum(0)
""",
    "negative indices": """
    zs = [x @ W + b]
    hs = [x, np.tanh(zs[-1])]
    p = hs[-1]
    d = 2 * (p - y)
    d = d * (1 - hs[-1] ** 2)
    return hs[-2].T @ d, d.sum(0)
""",
    "try": PLAIN
    + """
    try:
        return x.T @ d, d.sum(0)
    finally:
        pass
""",
    "with": """
    with np.errstate(all="ignore"):
        p = np.tanh(x @ W + b)
        d = 2 * (p - y)
        d = d * (1 - p ** 2)
    return x.T @ d, d.sum(0)
""",
    "print": PLAIN
    + """
    print("d", d.shape, f"{d.sum():.3f}")
    return x.T @ d, d.sum(0)
""",
    "assert": PLAIN
    + """
    assert d.shape == y.shape, d.shape
    return x.T @ d, d.sum(0)
""",
    "global names": PLAIN
    + """
    SEEN.append(1)
    return FACTOR * x.T @ d, d.sum(0)
""",
    "recursion": PLAIN
    + """
    def total(rows):
        return rows[0] if len(rows) == 1 else rows[0] + total(rows[1:])
    return x.T @ d, total(d)
""",
    "starred": PLAIN
    + """
    def both(*some, **more):
        first, *rest = some
        return first.T @ rest[0], more["g"].sum(0)
    return both(x, d, g=d)
""",
    "walrus": """
    p = np.tanh(z := x @ W + b)
    d = 2 * (p - y)
    d = d * (1 - np.tanh(z) ** 2)
    return x.T @ d, d.sum(0)
""",
    "namedtuples": PLAIN
    + """
    return Grads(W=x.T @ d, b=d.sum(0))
""",
    "partial": """
    p = np.tanh(x @ W + b)
    def delta(scale, q):
        return scale * q
    d = functools.partial(delta, 1 - p ** 2)(2 * (p - y))
    return x.T @ d, d.sum(0)
""",
    "copies": """
    p = np.tanh(x @ W + b)
    d = p.copy()
    d -= y
    d = 2 * (p - y) if np.allclose(d, p - y) else d
    d = d * (1 - p ** 2)
    return x.T @ d, d.sum(0)
""",
    "hstack": """
    V, u = np.vstack([W, b]), np.hstack([x, np.ones((len(x), 1))])
    p = np.tanh(u @ V)
    d = 2 * (p - y)
    d = d * (1 - p ** 2)
    dV = u.T @ d
    return dV[:-1], dV[-1]
""",
    "reduce and map": PLAIN
    + """
    db = functools.reduce(lambda a, c: a + c, map(np.asarray, d))
    return x.T @ d, db
""",
    "enumerate": PLAIN
    + """
    db = np.zeros_like(b)
    for i, row in enumerate(d):
        db[...] += row
    return x.T @ d, db
""",
    "chained": PLAIN
    + """
    dW = db = None
    dW, (db, _) = x.T @ d, (d.sum(0), None)
    return dW, db
""",
    "keepdims and squeeze": PLAIN
    + """
    return x.T @ d, np.squeeze(np.sum(d, axis=0, keepdims=True))
""",
    "match": PLAIN
    + """
    match d.ndim:
        case 2:
            return x.T @ d, d.sum(0)
        case _:
            return None
""",
}


def program(habit: str) -> str:
    """The text of a module with the pass in this way."""
    return f"{HEAD}\n\ndef gradient(W, b, x, y):{HABITS[habit].rstrip()}\n"
