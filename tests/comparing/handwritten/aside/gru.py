"""A GRU of 4 steps on columns of a batch, separate matrices for update, reset and candidate; loss at each step (half squares)."""
import numpy as np


def make(seed, N=7, T=4, D=3, H=5):
    rng = np.random.default_rng(seed)
    params = {}
    for k in "zrh":
        params["W" + k] = rng.standard_normal((H, D)) / np.sqrt(D)
        params["U" + k] = rng.standard_normal((H, H)) / np.sqrt(H)
        params["b" + k] = 0.5 * rng.standard_normal((H, 1))
    return params, {"x": rng.standard_normal((T, D, N)), "target": rng.uniform(-1, 1, (T, H, N)), "s0": 0.5 * rng.standard_normal((H, N))}


def forward(al, params, data):
    P = params
    s = data["s0"]
    loss = 0
    names = {}
    for t in range(len(data["x"])):
        x = data["x"][t]
        az = (P["Wz"] @ x + P["Uz"] @ s + P["bz"]).named(f"az{t}")
        ar = (P["Wr"] @ x + P["Ur"] @ s + P["br"]).named(f"ar{t}")
        z, r = al.sigmoid(az), al.sigmoid(ar)
        ah = (P["Wh"] @ x + P["Uh"] @ (r * s) + P["bh"]).named(f"ah{t}")
        s = ((1 - z) * s + z * np.tanh(ah)).named(f"s{t + 1}")
        loss = loss + 0.5 * ((s - data["target"][t]) ** 2).sum()
        names.update({f"az{t}": az, f"ar{t}": ar, f"ah{t}": ah, f"s{t + 1}": s})
    return loss, names


# ---- handwritten ----
def sigmoid(a):
    return 0.5 * (1 + np.tanh(a / 2))


def backward(params, data):
    Wz, Uz, bz = params["Wz"], params["Uz"], params["bz"]
    Wr, Ur, br = params["Wr"], params["Ur"], params["br"]
    Wh, Uh, bh = params["Wh"], params["Uh"], params["bh"]
    x, target = data["x"], data["target"]
    T = len(x)
    s, z, r, c = [data["s0"]], [], [], []
    for t in range(T):
        z.append(sigmoid(Wz @ x[t] + Uz @ s[t] + bz))
        r.append(sigmoid(Wr @ x[t] + Ur @ s[t] + br))
        c.append(np.tanh(Wh @ x[t] + Uh @ (r[t] * s[t]) + bh))
        s.append((1 - z[t]) * s[t] + z[t] * c[t])

    d = {k: np.zeros_like(v) for k, v in params.items()}
    ds_next = np.zeros_like(s[0])
    for t in range(T - 1, -1, -1):
        ds = s[t + 1] - target[t] + ds_next
        dz = ds * (c[t] - s[t])
        dc = ds * z[t]
        dah = dc * (1 - c[t] ** 2)
        drs = Uh.T @ dah
        dr = drs * s[t]
        dar = dr * r[t] * (1 - r[t])
        daz = dz * z[t] * (1 - z[t])

        d["Wh"] += dah @ x[t].T
        d["Uh"] += dah @ (r[t] * s[t]).T
        d["bh"] += dah.sum(axis=1, keepdims=True)
        d["Wr"] += dar @ x[t].T
        d["Ur"] += dar @ s[t].T
        d["br"] += dar.sum(axis=1, keepdims=True)
        d["Wz"] += daz @ x[t].T
        d["Uz"] += daz @ s[t].T
        d["bz"] += daz.sum(axis=1, keepdims=True)
        d[f"s{t + 1}"], d[f"ah{t}"], d[f"ar{t}"], d[f"az{t}"] = ds, dah, dar, daz
        ds_next = ds * (1 - z[t]) + drs * r[t] + Ur.T @ dar + Uz.T @ daz
    return d
