import numpy as np

# GRU from scratch, part 3: backpropagation through time.
#
#   z_t = sigmoid([h_{t-1}, x_t] Wz + bz)            update gate
#   r_t = sigmoid([h_{t-1}, x_t] Wr + br)            reset gate
#   c_t = tanh([r_t * h_{t-1}, x_t] Wc + bc)         candidate
#   h_t = (1 - z_t) * h_{t-1} + z_t * c_t
#
# A softmax reads every state. inputs: (T, N, D), targets: (T, N) of ints.

def sequence_loss(inputs, targets, h0, Wz, Wr, Wc, Wy, bz, br, bc, by):
    h, total = h0, 0.0
    for x, tgt in zip(inputs, targets):
        hx = np.hstack((h, x))
        z = 1 / (1 + np.exp(-(hx @ Wz + bz)))
        r = 1 / (1 + np.exp(-(hx @ Wr + br)))
        c = np.tanh(np.hstack((r * h, x)) @ Wc + bc)
        h = (1 - z) * h + z * c
        o = h @ Wy + by
        o = o - np.log(np.exp(o).sum(axis=1, keepdims=True))
        total -= o[np.arange(len(tgt)), tgt].sum()
    return total / inputs.shape[1]

def sigm(a):
    return 1 / (1 + np.exp(-a))

def bptt(inputs, targets, h0, Wz, Wr, Wc, Wy, bz, br, bc, by):
    T, N, D = inputs.shape
    H = h0.shape[1]

    # ---- forward, remember everything ----
    hs, zs, rs, cs, ps = [h0], [], [], [], []
    cats, rcats = [], []
    for t in range(T):
        cat = np.concatenate([hs[-1], inputs[t]], axis=1)
        z = sigm(cat @ Wz + bz)
        r = sigm(cat @ Wr + br)
        rcat = np.concatenate([r * hs[-1], inputs[t]], axis=1)
        c = np.tanh(rcat @ Wc + bc)
        h = (1 - z) * hs[-1] + z * c
        e = np.exp(h @ Wy + by)
        ps.append(e / e.sum(axis=1, keepdims=True))
        hs.append(h); zs.append(z); rs.append(r); cs.append(c); cats.append(cat); rcats.append(rcat)

    # ---- backward, from the last step to the first ----
    dWz, dWr, dWc, dWy = [np.zeros_like(W) for W in (Wz, Wr, Wc, Wy)]
    dbz, dbr, dbc, dby = [np.zeros_like(b) for b in (bz, br, bc, by)]
    dinputs = np.zeros_like(inputs)
    dh_next = np.zeros_like(h0)
    for t in reversed(range(T)):
        h_prev = hs[t]              # hs has one more entry: hs[t + 1] is h_t
        z, r, c = zs[t], rs[t], cs[t]

        do = ps[t].copy()
        do[np.arange(N), targets[t]] -= 1
        do /= N
        dWy += hs[t + 1].T @ do
        dby += do.sum(axis=0)
        dh = do @ Wy.T + dh_next
        # candidate
        dc = dh * z
        dc_raw = dc * (1 - c ** 2)
        dWc += rcats[t].T @ dc_raw
        dbc += dc_raw.sum(axis=0)
        drcat = dc_raw @ Wc.T
        drh = drcat[:, :H]
        # the two gates
        dr_raw = drh * h_prev * r * (1 - r)
        dWr += cats[t].T @ dr_raw
        dbr += dr_raw.sum(axis=0)
        dz_raw = dh * (c - h_prev) * z * (1 - z)
        dWz += cats[t].T @ dz_raw
        dbz += dz_raw.sum(axis=0)
        dcat = dz_raw @ Wz.T + dr_raw @ Wr.T

        # four ways lead to h_{t-1}
        dh_next = dh * (1 - z) + drh * r + dcat[:, :H]
        dinputs[t] = drcat[:, H:] + dcat[:, H:]

    return {"dinputs": dinputs, "dh0": dh_next, "dWz": dWz, "dWr": dWr, "dWc": dWc, "dWy": dWy,
            "dbz": dbz, "dbr": dbr, "dbc": dbc, "dby": dby}

def setup(rng):
    T, N, D, H, C = 4, 3, 2, 5, 6
    mats = [rng.normal(size=s) * 0.5 for s in ((H + D, H), (H + D, H), (H + D, H), (H, C))]
    vecs = [rng.normal(size=k) * 0.3 for k in (H, H, H, C)]
    args = (rng.normal(size=(T, N, D)), rng.integers(0, C, size=(T, N)), rng.normal(size=(N, H)) * 0.5, *mats, *vecs)
    return sequence_loss, bptt, args, {"wrt": ["inputs", "h0", "Wz", "Wr", "Wc", "Wy", "bz", "br", "bc", "by"]}
