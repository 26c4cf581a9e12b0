import numpy as np
# Minimal GRU language model.  make_gru_lm() fixes the sizes and hands back two
# closures: loss(...) for evaluation, loss_and_grads(...) -> dict of gradients.
#
#   r_t = sig(Wr [h_{t-1}; x_t] + br)          reset
#   u_t = sig(Wu [h_{t-1}; x_t] + bu)          update
#   c_t = tanh(Wc [r_t * h_{t-1}; x_t] + bc)   candidate
#   h_t = u_t * h_{t-1} + (1 - u_t) * c_t
#   p_t = softmax(Wo h_t + bo)


def make_gru_lm(vocab_size, hidden_size):
    H = hidden_size
    logistic = lambda v: 1 / (1 + np.exp(-v))

    def onehot(ix):
        x = np.zeros(vocab_size)
        x[ix] = 1
        return x

    def loss(inputs, targets, h0, Wr, Wu, Wc, br, bu, bc, Wo, bo):
        h, total = h0, 0.0
        for i, j in zip(inputs, targets):
            x = np.eye(vocab_size)[i]
            hx = np.concatenate((h, x))
            r, u = 1 / (1 + np.exp(-(Wr @ hx + br))), 1 / (1 + np.exp(-(Wu @ hx + bu)))
            h = u * h + (1 - u) * np.tanh(Wc @ np.concatenate((r * h, x)) + bc)
            scores = Wo @ h + bo
            total += np.log(np.exp(scores).sum()) - scores[j]
        return total / len(inputs)

    def grads(inputs, targets, h0, Wr, Wu, Wc, br, bu, bc, Wo, bo):
        T = len(inputs)
        hs, rs, us, cs, ps, hxs, rhxs = {-1: h0}, {}, {}, {}, {}, {}, {}
        for t in range(T):
            x = onehot(inputs[t])
            hxs[t] = np.concatenate((hs[t - 1], x))
            rs[t] = logistic(Wr @ hxs[t] + br)
            us[t] = logistic(Wu @ hxs[t] + bu)
            rhxs[t] = np.concatenate((rs[t] * hs[t - 1], x))
            cs[t] = np.tanh(Wc @ rhxs[t] + bc)
            hs[t] = us[t] * hs[t - 1] + (1 - us[t]) * cs[t]
            e = np.exp(Wo @ hs[t] + bo)
            ps[t] = e / e.sum()

        dWr, dWu, dWc, dWo = (np.zeros_like(W) for W in (Wr, Wu, Wc, Wo))
        dbr, dbu, dbc, dbo = (np.zeros_like(b) for b in (br, bu, bc, bo))
        dhnext = np.zeros(H)
        for t in reversed(range(T)):
            dy = ps[t].copy()
            dy[targets[t]] -= 1
            dy /= T
            dWo += np.outer(dy, hs[t])
            dbo += dy

            dh = Wo.T @ dy + dhnext
            du = dh * (hs[t - 1] - cs[t])
            dc = dh * (1 - us[t])
            dhnext = dh * us[t]

            dc_raw = dc * (1 - cs[t] ** 2)
            dWc += np.outer(dc_raw, rhxs[t])
            dbc += dc_raw
            drh = (Wc.T @ dc_raw)[:H]
            dr = drh * hs[t - 1]
            dhnext += drh * rs[t]

            dr_raw = dr * rs[t] * (1 - rs[t])
            du_raw = du * us[t] * (1 - us[t])
            dWr += np.outer(dr_raw, hxs[t])
            dWu += np.outer(du_raw, hxs[t])
            dbr += dr_raw
            dbu += du_raw
            dhnext += (Wr.T @ dr_raw + Wu.T @ du_raw)[:H]

        return {"h0": dhnext, "Wr": dWr, "Wu": dWu, "Wc": dWc, "br": dbr,
                "bu": dbu, "bc": dbc, "Wo": dWo, "bo": dbo}

    return loss, grads


def setup(rng):
    V, H, T = 6, 3, 5
    loss, grads = make_gru_lm(V, H)
    inputs = [int(k) for k in rng.integers(0, V, size=T)]
    targets = [int(k) for k in rng.integers(0, V, size=T)]
    mat = lambda *s: rng.standard_normal(s) * 0.8
    args = (inputs, targets, mat(H), mat(H, H + V), mat(H, H + V), mat(H, H + V),
            mat(H), mat(H), mat(H), mat(V, H), mat(V))
    return loss, grads, args, {"wrt": ["h0", "Wr", "Wu", "Wc", "br", "bu", "bc", "Wo", "bo"]}
