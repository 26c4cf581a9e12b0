"""Newton's method on logistic regression: what a Hessian is for.

    python examples/newton.py

The loss is written once, as numpy would have it. `al.func` derives its gradient and Hessian, which
are compared with the textbook's, Xᵀ(s - t) and Xᵀ diag(s (1 - s)) X, and a handful of steps do what
gradient descent needs thousands for.
"""

import numpy as np

import autograd_lite as al

RIDGE = 1e-3


def data(samples=500, features=5, seed=0):
    """Points with a column of ones, and labels drawn from a logistic model."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(samples), rng.standard_normal((samples, features))])
    truth = rng.standard_normal(features + 1) * 2
    return X, (rng.random(samples) < 1 / (1 + np.exp(-X @ truth))).astype(float)


def loss(w, X, t):
    """The mean negative log-likelihood, with a little weight decay so that a minimum exists."""
    return al.bce_with_logits(X @ w, t) + RIDGE / 2 * np.sum(w * w)


def textbook(w, X, t):
    """Its gradient and Hessian, worked out by hand."""
    s = 1 / (1 + np.exp(-X @ w))
    gradient = X.T @ (s - t) / len(t) + RIDGE * w
    hessian = (X.T * (s * (1 - s))) @ X / len(t) + RIDGE * np.eye(len(w))
    return gradient, hessian


def newton(X, t, steps=8):
    """The weights, and the norm of the gradient before each step."""
    gradient, hessian = al.func.grad(loss), al.func.hessian(loss)
    w, norms = np.zeros(X.shape[1]), []
    for _ in range(steps):
        g = gradient(w, X, t)
        norms.append(np.linalg.norm(g))
        w = w - np.linalg.solve(hessian(w, X, t), g)
    return w, norms


def descent(X, t, tolerance, rate=1.0, most=100_000):
    """How many steps gradient descent takes to a gradient of that norm."""
    gradient = al.func.grad(loss)
    w = np.zeros(X.shape[1])
    for step in range(most):
        g = gradient(w, X, t)
        if np.linalg.norm(g) <= tolerance:
            return step
        w = w - rate * g
    return most


def main():
    X, t = data()
    w = np.linspace(-1, 1, X.shape[1])
    derived = al.func.grad(loss)(w, X, t), al.func.hessian(loss)(w, X, t)
    for name, ours, by_hand in zip(("gradient", "Hessian"), derived, textbook(w, X, t)):
        difference = np.max(np.abs(ours - by_hand)) / np.max(np.abs(by_hand))
        print(
            f"{name}: derived against the textbook's, largest relative difference {difference:.1e}"
        )

    w, norms = newton(X, t)
    print("\nNewton's method, norm of the gradient before each step:")
    print("  " + "  ".join(f"{norm:.1e}" for norm in norms))
    steps = descent(X, t, tolerance=1e-8)
    print(f"Gradient descent at rate 1 needs {steps:,} steps to 1e-08.")
    return norms, steps


if __name__ == "__main__":
    main()
