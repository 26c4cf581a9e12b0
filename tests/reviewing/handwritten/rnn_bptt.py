import numpy as np

def softmax(x):
    xt = np.exp(x - np.max(x))
    return xt / np.sum(xt)

class RNNNumpy:
    """Elman network: a sentence is a list of word indices, y is x shifted by one word."""

    def __init__(self, word_dim, hidden_dim, rng, bptt_truncate=4):
        # Assign instance variables
        self.word_dim = word_dim
        self.hidden_dim = hidden_dim
        self.bptt_truncate = bptt_truncate
        # Randomly initialize the network parameters
        self.U = rng.uniform(-np.sqrt(1./word_dim), np.sqrt(1./word_dim), (hidden_dim, word_dim))
        self.V = rng.uniform(-np.sqrt(1./hidden_dim), np.sqrt(1./hidden_dim), (word_dim, hidden_dim))
        self.W = rng.uniform(-np.sqrt(1./hidden_dim), np.sqrt(1./hidden_dim), (hidden_dim, hidden_dim))
        self.c = np.zeros(word_dim)

    def calculate_loss(self, x, y):
        """Total cross entropy of one sentence."""
        total, state = 0.0, np.zeros(self.hidden_dim)
        for word, correct in zip(x, y):
            state = np.tanh(self.U @ np.eye(self.word_dim)[word] + self.W @ state)
            logits = self.V @ state + self.c
            total += np.log(np.exp(logits).sum()) - logits[correct]
        return total

    def forward_propagation(self, x):
        # The total number of time steps
        T = len(x)
        # We add one additional element for the initial hidden, which we set to 0
        s = np.zeros((T + 1, self.hidden_dim))
        o = np.zeros((T, self.word_dim))
        for t in np.arange(T):
            # Indexing U by x[t] is the same as multiplying U with a one-hot vector.
            s[t] = np.tanh(self.U[:,x[t]] + self.W.dot(s[t-1]))
            o[t] = softmax(self.V.dot(s[t]) + self.c)
        return [o, s]

    def bptt(self, x, y):
        T = len(y)
        # Perform forward propagation
        o, s = self.forward_propagation(x)
        # We accumulate the gradients in these variables
        dLdU = np.zeros(self.U.shape)
        dLdV = np.zeros(self.V.shape)
        dLdW = np.zeros(self.W.shape)
        dLdc = np.zeros(self.c.shape)
        delta_o = o
        delta_o[np.arange(len(y)), y] -= 1.
        # For each output backwards...
        for t in np.arange(T)[::-1]:
            dLdV += np.outer(delta_o[t], s[t].T)
            dLdc += delta_o[t]
            # Initial delta calculation
            delta_t = self.V.T.dot(delta_o[t]) * (1 - (s[t] ** 2))
            # Backpropagation through time (for at most self.bptt_truncate steps)
            for bptt_step in np.arange(max(0, t-self.bptt_truncate), t+1)[::-1]:
                dLdW += np.outer(delta_t, s[bptt_step-1])
                dLdU[:,x[bptt_step]] += delta_t
                # Update delta for next step
                delta_t = self.W.T.dot(delta_t) * (1 - s[bptt_step-1] ** 2)
        return [dLdU, dLdV, dLdW, dLdc]

def setup(rng):
    model = RNNNumpy(6, 4, rng, bptt_truncate=5)
    model.U, model.W, model.V = 2 * model.U, 1.5 * model.W, 2 * model.V
    model.c = 0.3 * rng.normal(size=6)
    sentence = [int(k) for k in rng.permutation(6)]
    sentence[3] = sentence[1]      # a word that comes twice
    return model.calculate_loss, model.bptt, (sentence[:5], sentence[1:]), {
        "wrt": ["self.U", "self.V", "self.W", "self.c"]}
