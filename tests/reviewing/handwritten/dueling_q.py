import numpy as np

# RL homework 3 - dueling Q network without any framework
# state -> tanh -> relu -> value and advantage streams -> Q(s, .)


class DuelingQNet(object):
    def __init__(self, n_state, n_h1, n_h2, n_action, rng, weight_decay=0.05):
        self.W1 = rng.normal(0, 1 / np.sqrt(n_state), (n_state, n_h1))
        self.b1 = rng.normal(0, 0.1, n_h1)
        self.W2 = rng.normal(0, 1 / np.sqrt(n_h1), (n_h1, n_h2))
        self.b2 = rng.normal(0.3, 0.1, n_h2)
        self.Wv = rng.normal(0, 0.7, (n_h2, 1))
        self.bv = rng.normal(0, 0.1, 1)
        self.Wa = rng.normal(0, 0.7, (n_h2, n_action))
        self.ba = rng.normal(0, 0.1, n_action)
        self.weight_decay = weight_decay
        self.grads = {}

    def forward(self, state):
        self.state = state
        self.z1 = np.dot(state, self.W1) + self.b1
        self.h1 = np.tanh(self.z1)
        self.z2 = np.dot(self.h1, self.W2) + self.b2
        self.h2 = np.maximum(0, self.z2)
        self.value = np.dot(self.h2, self.Wv) + self.bv
        self.adv = np.dot(self.h2, self.Wa) + self.ba
        # subtract the mean advantage, otherwise V and A are not identifiable
        self.q = self.value + self.adv - self.adv.mean(axis=1, keepdims=True)
        return self.q

    def td_loss(self, target, action):
        """Huber loss of the TD error, for the states of the last forward()"""
        a1 = np.tanh(self.state @ self.W1 + self.b1)
        a2 = np.clip(a1 @ self.W2 + self.b2, 0, None)
        A = a2 @ self.Wa + self.ba
        Q = a2 @ self.Wv + self.bv + A - np.mean(A, 1)[:, None]
        delta = np.abs(Q[np.arange(len(Q)), action] - target)
        huber = np.where(delta < 1, delta ** 2 / 2, delta - 0.5)
        decay = sum(np.sum(W ** 2) for W in (self.W1, self.W2, self.Wv, self.Wa))
        return huber.mean() + decay * self.weight_decay / 2

    def backward(self, target, action):
        batch = target.shape[0]
        idx = np.arange(batch)
        td_error = self.q[idx, action] - target

        # only the action that was taken gets a gradient, clipped = huber
        dq = np.zeros_like(self.q)
        dq[idx, action] = np.clip(td_error, -1.0, 1.0) / batch

        dvalue = dq.sum(axis=1, keepdims=True)
        dadv = dq - dq.mean(axis=1, keepdims=True)

        self.grads['Wv'] = np.dot(self.h2.T, dvalue)
        self.grads['bv'] = dvalue.sum(axis=0)
        self.grads['Wa'] = np.dot(self.h2.T, dadv)
        self.grads['ba'] = dadv.sum(axis=0)

        dh2 = np.dot(dvalue, self.Wv.T)
        dh2 += np.dot(dadv, self.Wa.T)
        dz2 = dh2 * (self.z2 > 0)
        self.grads['W2'] = np.dot(self.h1.T, dz2)
        self.grads['b2'] = dz2.sum(axis=0)

        dh1 = np.dot(dz2, self.W2.T)
        dz1 = dh1 * (1 - self.h1 ** 2)
        self.grads['W1'] = np.dot(self.state.T, dz1)
        self.grads['b1'] = dz1.sum(axis=0)

        for name in ('W1', 'W2', 'Wv', 'Wa'):
            self.grads[name] += self.weight_decay * getattr(self, name)
        return self.grads


def setup(rng):
    net = DuelingQNet(2, 6, 4, 3, rng)
    states = rng.normal(size=(5, 2))
    net.forward(states)
    action = np.array([0, 2, 1, 1, 2])
    target = np.array([0.9, -1.7, 2.4, -0.6, 0.3]) + 0.2 * rng.normal(size=5)
    names = ["W1", "b1", "W2", "b2", "Wv", "bv", "Wa", "ba"]
    return net.td_loss, net.backward, (target, action), {"wrt": ["self." + n for n in names]}
