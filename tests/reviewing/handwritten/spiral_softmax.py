import numpy as np

# Minimal 2-layer net on the spiral data, copied together from the course notes.
# I put the script into functions so that I can call it from the notebook.

# some hyperparameters
step_size = 1e-1
reg = 5e-2 # regularization strength
num_iters = 1

def make_spiral(N, K, rng):
    X = np.zeros((N*K, 2)) # data matrix (each row = single example)
    y = np.zeros(N*K, dtype='uint8') # class labels
    for j in range(K):
        ix = range(N*j, N*(j+1))
        r = np.linspace(0.1, 1, N) # radius
        t = np.linspace(j*4, (j+1)*4, N) + rng.normal(size=N)*0.2 # theta
        X[ix] = np.c_[r*np.sin(t), r*np.cos(t)]
        y[ix] = j
    return X, y

def full_loss(X, y, W, b, W2, b2):
    """ loss only, used for the validation curve """
    f = np.where(X @ W + b > 0, X @ W + b, 0.) @ W2 + b2
    f = f - f.max(axis=1)[:, None]
    logp = f - np.log(np.exp(f).sum(axis=1)[:, None])
    return -logp[np.arange(len(y)), y].mean() + 0.5*reg*((W**2).sum() + (W2**2).sum())

def train(X, y, W, b, W2, b2):
    # gradient descent loop
    num_examples = X.shape[0]
    for i in range(num_iters):

        # evaluate class scores, [N x K]
        hidden_layer = np.maximum(0, np.dot(X, W) + b) # note, ReLU activation
        scores = np.dot(hidden_layer, W2) + b2

        # compute the class probabilities
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True) # [N x K]

        # compute the loss: average cross-entropy loss and regularization
        correct_logprobs = -np.log(probs[range(num_examples), y])
        data_loss = np.sum(correct_logprobs)/num_examples
        reg_loss = 0.5*reg*np.sum(W*W) + 0.5*reg*np.sum(W2*W2)
        loss = data_loss + reg_loss
        if i % 1000 == 0:
            print("iteration %d: loss %f" % (i, loss))

        # compute the gradient on scores
        dscores = probs
        dscores[range(num_examples), y] -= 1
        dscores /= num_examples

        # backpropagate the gradient to the parameters
        # first backprop into parameters W2 and b2
        dW2 = np.dot(hidden_layer.T, dscores)
        db2 = np.sum(dscores, axis=0, keepdims=True)
        # next backprop into hidden layer
        dhidden = np.dot(dscores, W2.T)
        # backprop the ReLU non-linearity
        dhidden[hidden_layer <= 0] = 0
        # finally into W,b
        dW = np.dot(X.T, dhidden)
        db = np.sum(dhidden, axis=0, keepdims=True)

        # add regularization gradient contribution
        dW2 += reg * W2
        dW += reg * W

        # perform a parameter update
        W += -step_size * dW
        b += -step_size * db
        W2 += -step_size * dW2
        b2 += -step_size * db2

    return W, b, W2, b2

def setup(rng):
    D, h, K = 2, 4, 3
    X, y = make_spiral(4, K, rng)
    pick = rng.permutation(len(y))[:5]
    X, y = 2 * X[pick], y[pick].astype(int)
    W = rng.normal(size=(D, h))
    b = 0.3 * rng.normal(size=(1, h))
    W2 = rng.normal(size=(h, K))
    b2 = 0.3 * rng.normal(size=(1, K))
    return full_loss, train, (X, y, W, b, W2, b2), {
        "wrt": ["W", "b", "W2", "b2"], "returns": "updated", "lr": 0.1}
