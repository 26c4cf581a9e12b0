"""Minimal recurrent sequence tagger (Elman network) in pure numpy."""
import numpy as np

PAD = -1


def log_softmax(logits):
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


class RNNTagger:
    """Embedding -> tanh RNN -> softmax over tags at every time step.

    Positions whose tag is PAD do not count in the loss.
    """

    PARAMS = ("E", "Wx", "Wh", "bh", "Wy", "by", "h0")

    def __init__(self, vocab_size, embed_dim, hidden_dim, num_tags, rng, l2=0.01):
        self.E = rng.normal(0, 0.8, (vocab_size, embed_dim))
        self.Wx = rng.normal(0, 0.7, (embed_dim, hidden_dim))
        self.Wh = rng.normal(0, 0.7, (hidden_dim, hidden_dim))
        self.bh = rng.normal(0, 0.3, hidden_dim)
        self.Wy = rng.normal(0, 0.7, (hidden_dim, num_tags))
        self.by = rng.normal(0, 0.3, num_tags)
        self.h0 = rng.normal(0, 0.5, hidden_dim)
        self.l2 = l2

    def forward(self, tokens, tags):
        """Mean cross-entropy per real tag. tokens, tags: int arrays (batch, time)."""
        batch, steps = tokens.shape
        self.inputs, self.probs = [], []
        self.states = [np.tile(self.h0, (batch, 1))]
        self.count = np.sum(tags != PAD)
        total = 0.0
        for t in range(steps):
            x_t = self.E[tokens[:, t]]
            h_t = np.tanh(x_t @ self.Wx + self.states[-1] @ self.Wh + self.bh)
            logp = log_softmax(h_t @ self.Wy + self.by)
            keep = np.where(tags[:, t] != PAD)[0]
            total -= np.sum(logp[keep, tags[keep, t]])
            self.inputs.append(x_t)
            self.states.append(h_t)
            self.probs.append(np.exp(logp))
        return total / self.count + 0.5 * self.l2 * (np.sum(self.Wh ** 2) + np.sum(self.Wy ** 2))

    def _output_delta(self, t, tags):
        """d loss / d logits at step t."""
        delta = self.probs[t].copy()
        keep = tags[:, t] != PAD
        rows = np.flatnonzero(keep)
        delta[rows, tags[rows, t]] -= 1.0
        delta[~keep] = 0.0
        return delta / self.count

    def backward(self, tokens, tags):
        """Backpropagation through time over what forward() has kept."""
        grads = {name: np.zeros_like(getattr(self, name)) for name in self.PARAMS}
        batch, steps = tokens.shape
        dh_next = np.zeros((batch, self.Wh.shape[0]))
        for t in reversed(range(steps)):
            h, h_prev = self.states[t + 1], self.states[t]
            dlogits = self._output_delta(t, tags)
            grads["Wy"] += h.T @ dlogits
            grads["by"] += dlogits.sum(axis=0)
            dh = dlogits @ self.Wy.T + dh_next
            dz = dh * (1.0 - h * h)
            grads["Wx"] += self.inputs[t].T @ dz
            grads["Wh"] += h_prev.T @ dz
            grads["bh"] += dz.sum(axis=0)
            dx = dz @ self.Wx.T
            np.add.at(grads["E"], tokens[:, t], dx)
            dh_next = dz @ self.Wh.T
        grads["h0"] += dh_next.sum(axis=0)
        grads["Wh"] += self.l2 * self.Wh
        grads["Wy"] += self.l2 * self.Wy
        return grads


def setup(rng):
    net = RNNTagger(vocab_size=6, embed_dim=2, hidden_dim=4, num_tags=5, rng=rng)
    batch, steps = 3, 6
    tokens = rng.integers(0, 6, size=(batch, steps))
    tokens[0, 2] = tokens[1, 2]
    tags = rng.integers(0, 5, size=(batch, steps))
    tags[1, 4:] = PAD
    tags[2, 5:] = PAD
    return net.forward, net.backward, (tokens, tags), {"wrt": ["self." + p for p in RNNTagger.PARAMS]}
