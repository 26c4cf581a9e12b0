import numpy as np

# CS homework 3: binary classifier, 2 hidden relu layers, with a skip connection
# around the second one. Trained with plain SGD.


def relu(x):
    return np.maximum(0, x)


class MyClassifier:

    def __init__(self, W1, b1, W2, b2, W3, b3, lr=0.1):
        self.W1 = W1
        self.b1 = b1
        self.W2 = W2
        self.b2 = b2
        self.W3 = W3
        self.b3 = b3
        self.lr = lr

    def bce_loss(self, X, y):
        h = np.where(X @ self.W1 + self.b1 > 0, X @ self.W1 + self.b1, 0.0)
        g = h @ self.W2 + self.b2
        h = h + np.where(g > 0, g, 0.0)
        p = 1 / (1 + np.exp(-(h @ self.W3 + self.b3)))
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def train(self, X, y):
        """one step of gradient descent on the batch X, y"""
        N = X.shape[0]
        lr = self.lr

        # ---- forward ----
        Z1 = np.dot(X, self.W1) + self.b1
        A1 = relu(Z1)
        Z2 = np.dot(A1, self.W2) + self.b2
        A2 = relu(Z2) + A1          # skip connection
        Z3 = np.dot(A2, self.W3) + self.b3
        y_pred = 1 / (1 + np.exp(-Z3))

        # ---- backward ----
        dZ3 = (y_pred - y) / N
        dW3 = np.dot(A2.T, dZ3)
        db3 = np.sum(dZ3, axis=0)
        dA2 = np.dot(dZ3, self.W3.T)

        dZ2 = dA2.copy()
        dZ2[Z2 <= 0] = 0            # relu
        dW2 = np.dot(A1.T, dZ2)
        db2 = np.sum(dZ2, axis=0)
        W2_old = self.W2.copy()

        # update the two upper layers already
        self.W3 -= lr * dW3
        self.b3 -= lr * db3
        self.W2 -= lr * dW2
        self.b2 -= lr * db2

        dA1 = np.dot(dZ2, W2_old.T) + dA2
        dZ1 = dA1 * (Z1 > 0)
        dW1 = np.dot(X.T, dZ1)
        db1 = np.sum(dZ1, axis=0)
        self.W1 -= lr * dW1
        self.b1 -= lr * db1


def setup(rng):
    n, d, h = 5, 3, 6
    X = rng.normal(size=(n, d))
    y = (rng.random((n, 1)) > 0.5).astype(float)
    clf = MyClassifier(rng.normal(size=(d, h)), 0.3 * rng.normal(size=h),
                       rng.normal(size=(h, h)) * 0.6, 0.3 * rng.normal(size=h),
                       rng.normal(size=(h, 1)), 0.3 * rng.normal(size=1))
    return clf.bce_loss, clf.train, (X, y), {
        "wrt": ["self.W1", "self.b1", "self.W2", "self.b2", "self.W3", "self.b3"],
        "returns": "updated", "lr": 0.1}
