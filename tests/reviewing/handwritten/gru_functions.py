import numpy as np

# GRU, ported from my old MATLAB scripts (gruforward.m / grubackward.m).
# rows = sequences of the batch, X is T x N x D, H0 is N x H
# regression on the last step only:  E = 1/(2N) * sum(sum((H_T*Wo + bo - Y).^2))


def sigm(a):
    return 1 / (1 + np.exp(-a))


def gruerror(X, Y, H0, Wz, Uz, bz, Wr, Ur, br, Wc, Uc, bc, Wo, bo):
    H = H0
    for Xt in X:
        Z = 1 / (1 + np.exp(-(Xt @ Wz + H @ Uz + bz)))
        R = 1 / (1 + np.exp(-(Xt @ Wr + H @ Ur + br)))
        C = np.tanh(Xt @ Wc + (R * H) @ Uc + bc)
        H = (1 - Z) * H + Z * C
    return 0.5 * np.sum((H @ Wo + bo - Y) ** 2) / Y.shape[0]


def cellforward(Xt, Hp, Wz, Uz, bz, Wr, Ur, br, Wc, Uc, bc):
    """one step; returns the new state and everything cellbackward needs"""
    Z = sigm(Xt @ Wz + Hp @ Uz + bz)         # update gate
    R = sigm(Xt @ Wr + Hp @ Ur + br)         # reset gate
    C = np.tanh(Xt @ Wc + (R * Hp) @ Uc + bc)   # candidate
    H = (1 - Z) * Hp + Z * C
    return H, (Xt, Hp, Z, R, C)


def cellbackward(dH, cache, Uz, Ur, Uc):
    """deltas at the three pre-activations, and dE/dHp"""
    Xt, Hp, Z, R, C = cache
    deltaC = dH * Z * (1 - C**2)
    deltaZ = dH * (C - Hp) * Z * (1 - Z)
    dRH = deltaC @ Uc.T                      # gradient at R .* Hp
    deltaR = dRH * Hp * R * (1 - R)
    dHp = dH * (1 - Z)
    dHp += dRH * R
    dHp += deltaZ @ Uz.T
    dHp += deltaR @ Ur.T
    return deltaZ, deltaR, deltaC, dHp


def grugradient(X, Y, H0, Wz, Uz, bz, Wr, Ur, br, Wc, Uc, bc, Wo, bo):
    T, N = X.shape[0], X.shape[1]

    # ---- forward sweep
    H = H0
    caches = []
    for t in range(T):
        H, cache = cellforward(X[t], H, Wz, Uz, bz, Wr, Ur, br, Wc, Uc, bc)
        caches.append(cache)

    # ---- output layer
    delta = (H @ Wo + bo - Y) / N
    gWo = H.T @ delta
    gbo = np.sum(delta, axis=0)
    dH = delta @ Wo.T

    # ---- backward sweep
    gWz, gWr, gWc = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wc)
    gUz, gUr, gUc = np.zeros_like(Uz), np.zeros_like(Ur), np.zeros_like(Uc)
    gbz, gbr, gbc = np.zeros_like(bz), np.zeros_like(br), np.zeros_like(bc)
    for t in range(T - 1, -1, -1):
        Xt, Hp, _, R, _ = caches[t]
        dZ, dR, dC, dH = cellbackward(dH, caches[t], Uz, Ur, Uc)
        gWz += Xt.T @ dZ;  gUz += Hp.T @ dZ;        gbz += np.sum(dZ, axis=0)
        gWr += Xt.T @ dR;  gUr += Hp.T @ dR;        gbr += np.sum(dR, axis=0)
        gWc += Xt.T @ dC;  gUc += (R * Hp).T @ dC;  gbc += np.sum(dC, axis=0)
    return dH, gWz, gUz, gbz, gWr, gUr, gbr, gWc, gUc, gbc, gWo, gbo


def setup(rng):
    D, H, O, N, T = 3, 4, 2, 5, 6
    args = [rng.standard_normal((T, N, D)), rng.standard_normal((N, O)), 0.5 * rng.standard_normal((N, H))]
    for _ in range(3):
        args += [0.6 * rng.standard_normal((D, H)), 0.6 * rng.standard_normal((H, H)), 0.2 * rng.standard_normal(H)]
    args += [0.8 * rng.standard_normal((H, O)), 0.2 * rng.standard_normal(O)]
    wrt = ["H0", "Wz", "Uz", "bz", "Wr", "Ur", "br", "Wc", "Uc", "bc", "Wo", "bo"]
    return gruerror, grugradient, tuple(args), {"wrt": wrt}
