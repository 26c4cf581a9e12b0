import numpy as np

# LSTM for my sequence homework. x is (T, batch, n_in), only the last h is used.
# Wf, Wi, Wc, Wo act on [h_prev, x], bias is one row for each gate.


def sigm(a):
    return 1 / (1 + np.exp(-a))


def loss(Wf, Wi, Wc, Wo, bf, bi, bc, bo, Wy, by, x, target):
    """0.5 * sum of squared errors / batch, run the sequence and look at the end"""
    batch, hid = x.shape[1], bf.shape[0]
    h, c = np.zeros((batch, hid)), np.zeros((batch, hid))
    for xt in x:
        hx = np.concatenate([h, xt], axis=1)
        c = sigm(hx @ Wf + bf) * c + sigm(hx @ Wi + bi) * np.tanh(hx @ Wc + bc)
        h = sigm(hx @ Wo + bo) * np.tanh(c)
    return 0.5 * ((h @ Wy + by - target) ** 2).sum() / batch


def bptt(Wf, Wi, Wc, Wo, bf, bi, bc, bo, Wy, by, x, target):
    T, batch, n_in = x.shape
    H = bf.shape[0]

    # ---- forward, remember everything ----
    hs = [np.zeros((batch, H))]   # hs[t] is h BEFORE step t, hs[t+1] after
    cs = [np.zeros((batch, H))]
    zs, fs, is_, gs, os = [], [], [], [], []
    for t in range(T):
        z = np.hstack((hs[t], x[t]))
        f = sigm(np.dot(z, Wf) + bf)
        i = sigm(np.dot(z, Wi) + bi)
        g = np.tanh(np.dot(z, Wc) + bc)
        o = sigm(np.dot(z, Wo) + bo)
        c = f * cs[t] + i * g
        h = o * np.tanh(c)
        zs.append(z); fs.append(f); is_.append(i); gs.append(g); os.append(o)
        cs.append(c); hs.append(h)

    # ---- backward ----
    dWf, dWi, dWc, dWo = np.zeros_like(Wf), np.zeros_like(Wi), np.zeros_like(Wc), np.zeros_like(Wo)
    dbf, dbi, dbc, dbo = np.zeros_like(bf), np.zeros_like(bi), np.zeros_like(bc), np.zeros_like(bo)

    dy = (np.dot(hs[-1], Wy) + by - target) / batch
    dWy = np.dot(hs[-1].T, dy)
    dby = dy.sum(axis=0)
    dh = np.dot(dy, Wy.T)
    dc_next = np.zeros((batch, H))

    for t in reversed(range(T)):
        f, i, g, o = fs[t], is_[t], gs[t], os[t]
        tc = np.tanh(cs[t + 1])

        do = dh * tc
        dao = do * o * (1 - o)

        dc = dh * o * (1 - tc ** 2)
        dc += dc_next

        df = dc * cs[t]
        daf = df * f * (1 - f)
        di = dc * g
        dai = di * i * (1 - i)
        dg = dc * i
        dag = dg * (1 - g ** 2)

        dWf += zs[t].T.dot(daf)
        dWi += zs[t].T.dot(dai)
        dWc += zs[t].T.dot(dag)
        dWo += zs[t].T.dot(dao)
        dbf += daf.sum(0)
        dbi += dai.sum(0)
        dbc += dag.sum(0)
        dbo += dao.sum(0)

        dz = daf.dot(Wf.T) + dai.dot(Wi.T) + dag.dot(Wc.T) + dao.dot(Wo.T)
        dh = dz[:, :H]       # the rest of dz belongs to x[t]
        dc_next = dc * f

    return dWf, dWi, dWc, dWo, dbf, dbi, dbc, dbo, dWy, dby


def setup(rng):
    T, batch, n_in, H, n_out = 5, 2, 4, 3, 6
    Ws = [rng.normal(size=(H + n_in, H)) * 0.7 for _ in range(4)]
    bs = [rng.normal(size=H) * 0.5 for _ in range(4)]
    args = (*Ws, *bs, rng.normal(size=(H, n_out)), rng.normal(size=n_out),
            rng.normal(size=(T, batch, n_in)), rng.normal(size=(batch, n_out)))
    return loss, bptt, args, {"wrt": ["Wf", "Wi", "Wc", "Wo", "bf", "bi", "bc", "bo", "Wy", "by"]}
