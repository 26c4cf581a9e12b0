"""Article D: rows, one hidden layer, ReLU then sigmoid, mean squared error."""
import numpy as np


def make(seed, N=6, D=8, H=5, K=3):
    rng = np.random.default_rng(seed)
    params = {"W1": rng.standard_normal((D, H)) / np.sqrt(D), "b1": 0.3 * rng.standard_normal(H),
              "W2": rng.standard_normal((H, K)) / np.sqrt(H), "b2": 0.3 * rng.standard_normal(K)}
    t = np.eye(K)[rng.integers(0, K, N)] if K > 1 else rng.integers(0, 2, (N, 1)).astype(float)
    return params, {"x": rng.standard_normal((N, D)), "t": t}


def forward(al, p, data):
    z1 = (data["x"] @ p["W1"] + p["b1"]).named("z1")
    a1 = al.relu(z1).named("a1")
    z2 = (a1 @ p["W2"] + p["b2"]).named("z2")
    y = (1 / (1 + np.exp(-z2))).named("y")
    return np.mean((y - data["t"]) ** 2), dict(z1=z1, a1=a1, z2=z2, y=y)


# ---- handwritten ----
class Relu:
    @staticmethod
    def activation(z):
        z = z.copy()
        z[z < 0] = 0
        return z

    @staticmethod
    def gradient(z):
        return np.where(z > 0, 1.0, 0.0)


class Sigmoid:
    @staticmethod
    def activation(z):
        return 1 / (1 + np.exp(-z))

    @staticmethod
    def gradient(z):
        s = Sigmoid.activation(z)
        return s * (1 - s)


def backward(params, data):
    x, t = data["x"], data["t"]
    w1, w2 = params["W1"], params["W2"]
    z1 = x @ w1 + params["b1"]
    a1 = Relu.activation(z1)
    z2 = a1 @ w2 + params["b2"]
    y_pred = Sigmoid.activation(z2)

    d_loss = 2 * (y_pred - t) / t.size
    delta2 = d_loss * Sigmoid.gradient(z2)
    dw2 = np.dot(a1.T, delta2)
    db2 = np.sum(delta2, axis=0)
    back = np.dot(delta2, w2.T)
    delta1 = back * Relu.gradient(z1)
    dw1 = np.dot(x.T, delta1)
    db1 = np.sum(delta1, axis=0)
    return {"y": d_loss, "z2": delta2, "W2": dw2, "b2": db2, "a1": back, "z1": delta1, "W1": dw1, "b1": db1}
