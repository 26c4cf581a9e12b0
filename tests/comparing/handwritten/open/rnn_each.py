"""An RNN of 5 steps on one sequence of columns (after min-char-rnn): Wxh, Whh, Why, bh, by; softmax loss at each step."""
import numpy as np


def make(seed, T=5, V=7, H=6, K=4):
    rng = np.random.default_rng(seed)
    params = {"Wxh": rng.standard_normal((H, V)) / np.sqrt(V) * 1.5, "Whh": rng.standard_normal((H, H)) / np.sqrt(H),
              "Why": rng.standard_normal((K, H)) / np.sqrt(H), "bh": 0.4 * rng.standard_normal((H, 1)),
              "by": 0.4 * rng.standard_normal((K, 1))}
    return params, {"xs": rng.standard_normal((T, V, 1)), "targets": rng.permutation(np.arange(T) % K),
                    "hprev": 0.5 * rng.standard_normal((H, 1))}


def forward(al, params, data):
    Wxh, Whh, Why, bh, by = (params[k] for k in ("Wxh", "Whh", "Why", "bh", "by"))
    h = data["hprev"]
    loss = 0
    names = {}
    for t, target in enumerate(data["targets"]):
        z = (Wxh @ data["xs"][t] + Whh @ h + bh).named(f"z{t}")
        h = np.tanh(z).named(f"h{t}")
        y = (Why @ h + by).named(f"y{t}")
        loss = loss - np.log(np.exp(y) / np.sum(np.exp(y)))[target, 0]
        names.update({f"z{t}": z, f"h{t}": h, f"y{t}": y})
    return loss, names


# ---- handwritten ----
def backward(params, data):
    Wxh, Whh, Why, bh, by = (params[k] for k in ("Wxh", "Whh", "Why", "bh", "by"))
    inputs, targets, hprev = data["xs"], data["targets"], data["hprev"]
    xs, hs, zs, ys, ps = {}, {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    for t in range(len(targets)):
        xs[t] = inputs[t]
        zs[t] = Wxh @ xs[t] + Whh @ hs[t - 1] + bh
        hs[t] = np.tanh(zs[t])
        ys[t] = Why @ hs[t] + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))

    grads = {}
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(targets))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy + dhnext
        dz = (1 - hs[t] * hs[t]) * dh
        dbh += dz
        dWxh += dz @ xs[t].T
        dWhh += dz @ hs[t - 1].T
        dhnext = Whh.T @ dz
        grads["y%d" % t], grads["h%d" % t], grads["z%d" % t] = dy, dh, dz
    grads.update(Wxh=dWxh, Whh=dWhh, Why=dWhy, bh=dbh, by=dby)
    return grads
