import numpy as np

# my first neural net, no matrix tricks, one neuron at a time
# 3 inputs -> 5 hidden (tanh) -> 2 outputs (sigmoid), squared error

LEARN_RATE = 0.1
DECAY = 0.05


def squash(total):
    return 1.0 / (1.0 + np.exp(-total))


def total_error(samples, targets, w_hid, bias_hid, w_out, bias_out):
    err = 0.0
    for x, want in zip(samples, targets):
        hidden = [np.tanh(np.sum(row * x) + bb) for row, bb in zip(w_hid, bias_hid)]
        for k in range(len(want)):
            guess = squash(np.sum(w_out[k] * np.array(hidden)) + bias_out[k])
            err += 0.5 * (want[k] - guess) ** 2
    return err / len(samples) + 0.5 * DECAY * (np.sum(w_hid ** 2) + np.sum(w_out ** 2))


def train_once(samples, targets, w_hid, bias_hid, w_out, bias_out):
    """one pass over the samples, returns the new weights"""
    n, n_in = samples.shape
    n_hid, n_out = len(w_hid), len(w_out)
    new_wh = w_hid.copy()
    new_bh = bias_hid.copy()
    new_wo = w_out.copy()
    new_bo = bias_out.copy()

    for s in range(n):
        # feed the sample through
        hid = np.zeros(n_hid)
        for j in range(n_hid):
            net = bias_hid[j]
            for i in range(n_in):
                net += w_hid[j, i] * samples[s, i]
            hid[j] = np.tanh(net)
        out = np.zeros(n_out)
        for k in range(n_out):
            net = bias_out[k]
            for j in range(n_hid):
                net += w_out[k, j] * hid[j]
            out[k] = squash(net)

        # error signal of each output neuron
        err_out = np.zeros(n_out)
        for k in range(n_out):
            miss = targets[s, k] - out[k]
            err_out[k] = miss * out[k] * (1.0 - out[k])

        # blame for each hidden neuron
        err_hid = np.zeros(n_hid)
        for j in range(n_hid):
            blame = 0.0
            for k in range(n_out):
                blame += err_out[k] * w_out[k, j]
            err_hid[j] = blame * (1.0 - hid[j] ** 2)

        # nudge the weights
        for k in range(n_out):
            for j in range(n_hid):
                new_wo[k, j] += LEARN_RATE * err_out[k] * hid[j] / n
            new_bo[k] += LEARN_RATE * err_out[k] / n
        for j in range(n_hid):
            for i in range(n_in):
                new_wh[j, i] += LEARN_RATE * err_hid[j] * samples[s, i] / n
            new_bh[j] += LEARN_RATE * err_hid[j] / n

    # weight decay (not on the biases)
    new_wh -= LEARN_RATE * DECAY * w_hid
    new_wo -= LEARN_RATE * DECAY * w_out
    return new_wh, new_bh, new_wo, new_bo


def setup(rng):
    samples = rng.normal(size=(4, 3))
    targets = rng.uniform(0, 1, size=(4, 2))
    w_hid, bias_hid = rng.normal(size=(5, 3)), 0.3 * rng.normal(size=5)
    w_out, bias_out = rng.normal(size=(2, 5)), 0.3 * rng.normal(size=2)
    return total_error, train_once, (samples, targets, w_hid, bias_hid, w_out, bias_out), {
        "wrt": ["w_hid", "bias_hid", "w_out", "bias_out"], "returns": "updated", "lr": 0.1}
