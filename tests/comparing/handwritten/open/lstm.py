"""An LSTM of 3 steps over a batch of rows, one W for [h, x] and the four gates, mean squared error at the end."""
import numpy as np


def make(seed, N=7, T=3, D=5, H=4, K=2):
    rng = np.random.default_rng(seed)
    params = {"W": rng.standard_normal((H + D, 4 * H)) / np.sqrt(H + D) * 1.2, "b": 0.5 * rng.standard_normal(4 * H),
              "Wy": rng.standard_normal((H, K)) / np.sqrt(H), "by": 0.4 * rng.standard_normal(K)}
    return params, {"x": rng.standard_normal((T, N, D)), "y": rng.standard_normal((N, K)),
                    "h0": 0.5 * rng.standard_normal((N, H)), "c0": 0.5 * rng.standard_normal((N, H))}


def forward(al, params, data):
    h, c = data["h0"], data["c0"]
    H = h.shape[1]
    names = {}
    for t in range(len(data["x"])):
        z = (np.concatenate([h, data["x"][t]], axis=1) @ params["W"] + params["b"]).named(f"z_{t}")
        i, f, o = al.sigmoid(z[:, :H]), al.sigmoid(z[:, H:2 * H]), al.sigmoid(z[:, 2 * H:3 * H])
        g = al.tanh(z[:, 3 * H:])
        c = (f * c + i * g).named(f"c_{t}")
        h = (o * np.tanh(c)).named(f"h_{t}")
        names.update({f"z_{t}": z, f"c_{t}": c, f"h_{t}": h})
    p = (h @ params["Wy"] + params["by"]).named("p")
    return np.mean((p - data["y"]) ** 2), {**names, "p": p}


# ---- handwritten ----
def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def backward(params, data):
    W, b, Wy, by = params["W"], params["b"], params["Wy"], params["by"]
    x, y = data["x"], data["y"]
    h, c = data["h0"], data["c0"]
    T, N, D = x.shape
    H = h.shape[1]
    cache = []
    for t in range(T):
        hx = np.hstack([h, x[t]])
        z = hx @ W + b
        i, f, o = sigmoid(z[:, :H]), sigmoid(z[:, H:2 * H]), sigmoid(z[:, 2 * H:3 * H])
        g = np.tanh(z[:, 3 * H:])
        c_prev = c
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        cache.append((hx, i, f, o, g, c_prev, c))
    p = h @ Wy + by

    grads = {}
    grads["p"] = dp = 2 * (p - y) / p.size
    grads["Wy"] = h.T @ dp
    grads["by"] = dp.sum(axis=0)
    dW, db = np.zeros_like(W), np.zeros_like(b)
    dh = dp @ Wy.T
    dc_next = np.zeros_like(dh)
    for t in reversed(range(T)):
        hx, i, f, o, g, c_prev, c = cache[t]
        do = dh * np.tanh(c)
        dc = dh * o * (1 - np.tanh(c) ** 2) + dc_next
        di = dc * g
        df = dc * c_prev
        dg = dc * i
        dz = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])
        dW += hx.T @ dz
        db += dz.sum(axis=0)
        grads[f"h_{t}"], grads[f"c_{t}"], grads[f"z_{t}"] = dh, dc, dz
        dhx = dz @ W.T
        dh = dhx[:, :H]
        dc_next = dc * f
    grads["W"], grads["b"] = dW, db
    return grads
