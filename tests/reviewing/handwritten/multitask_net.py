"""Multi-task network: one shared hidden layer, a classification head and a regression head."""
import numpy as np


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0.0, 1.0 / np.sqrt(n_in), size=(n_in, n_out))
        self.b = rng.normal(0.0, 0.1, size=n_out)
        self.zero_grad()

    def zero_grad(self):
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self._x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW += self._x.T @ dout
        self.db += dout.sum(axis=0)
        return dout @ self.W.T


class MultiTaskNet:
    """loss = w_cls * cross_entropy + w_reg * masked_mse + 0.5 * decay * |trunk.W|^2

    Samples without a regression target carry has_target == 0.
    """

    def __init__(self, n_features, n_hidden, n_proj, n_classes, n_targets, rng,
                 w_cls=1.0, w_reg=0.4, decay=0.05, slope=0.1):
        self.trunk = Linear(n_features, n_hidden, rng)
        self.cls_head = Linear(n_hidden, n_classes, rng)
        self.reg_proj = Linear(n_hidden, n_proj, rng)
        self.reg_head = Linear(n_proj, n_targets, rng)
        self.w_cls, self.w_reg = w_cls, w_reg
        self.decay, self.slope = decay, slope

    def _forward(self, x):
        self.z = self.trunk.forward(x)
        self.h = np.where(self.z > 0, self.z, self.slope * self.z)
        logits = self.cls_head.forward(self.h)
        logits = logits - logits.max(axis=1, keepdims=True)
        expl = np.exp(logits)
        self.probs = expl / expl.sum(axis=1, keepdims=True)
        self.p = np.tanh(self.reg_proj.forward(self.h))
        self.pred = self.reg_head.forward(self.p)

    def loss(self, x, labels, targets, has_target):
        self._forward(x)
        ce = -np.mean(np.log(self.probs[np.arange(x.shape[0]), labels]))
        sq = (self.pred - targets) ** 2
        mse = np.sum(sq * has_target[:, None]) / has_target.sum()
        return self.w_cls * ce + self.w_reg * mse + 0.5 * self.decay * np.sum(self.trunk.W ** 2)

    def gradients(self, x, labels, targets, has_target):
        n = x.shape[0]
        for layer in (self.trunk, self.cls_head, self.reg_proj, self.reg_head):
            layer.zero_grad()

        # classification branch
        one_hot = np.zeros_like(self.probs)
        one_hot[np.arange(n), labels] = 1.0
        d_logits = self.w_cls * (self.probs - one_hot) / n
        d_hidden = self.cls_head.backward(d_logits)

        # regression branch
        residual = (self.pred - targets) * has_target[:, None]
        d_pred = self.w_reg * 2.0 * residual / has_target.sum()
        d_p = self.reg_head.backward(d_pred)
        d_proj = d_p * (1.0 - self.p ** 2)
        d_hidden += self.reg_proj.backward(d_proj)

        # shared trunk (leaky relu)
        d_z = d_hidden * np.where(self.z > 0, 1.0, self.slope)
        self.trunk.backward(d_z)
        self.trunk.dW += self.decay * self.trunk.W
        return (self.trunk.dW, self.trunk.db, self.cls_head.dW, self.cls_head.db,
                self.reg_proj.dW, self.reg_proj.db, self.reg_head.dW, self.reg_head.db)


def setup(rng):
    net = MultiTaskNet(4, 6, 3, 7, 2, rng, w_cls=0.8)
    x = rng.normal(size=(5, 4))
    labels = rng.integers(0, 7, size=5)
    targets = rng.normal(size=(5, 2))
    has_target = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    wrt = ["self.%s.%s" % (l, p) for l in ("trunk", "cls_head", "reg_proj", "reg_head") for p in ("W", "b")]
    return net.loss, net.gradients, [x, labels, targets, has_target], {"wrt": wrt}
