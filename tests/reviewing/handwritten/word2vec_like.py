# cbow.py - word2vec (CBOW with negative sampling), small and slow on purpose
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def cbow_loss(W_in, W_out, bias, windows, centers, negatives, l2):
    """average over the samples of
         -log s(u_c . h) - sum_k log s(-u_k . h)   (+ bias of the word)
       where h is the mean of the vectors of the window, plus an l2 penalty on h"""
    total = 0.0
    for ctx, c, neg in zip(windows, centers, negatives):
        h = np.mean([W_in[w] for w in ctx], axis=0)
        total += np.log1p(np.exp(-(W_out[c] @ h + bias[c])))
        for k in neg:
            total += np.log1p(np.exp(W_out[k] @ h + bias[k]))
        total += 0.5 * l2 * (h @ h)
    return total / len(centers)


def cbow_grad(W_in, W_out, bias, windows, centers, negatives, l2):
    n_samples = len(centers)
    embed_dim = W_in.shape[1]
    gW_in = np.zeros_like(W_in)
    gW_out = np.zeros_like(W_out)
    gbias = np.zeros_like(bias)

    for i in range(n_samples):
        context = windows[i]

        # hidden layer = mean of the context vectors
        h = np.zeros(embed_dim)
        for w in context:
            h += W_in[w]
        h /= len(context)

        grad_h = l2 * h

        # the true word, label 1
        c = centers[i]
        score = np.dot(W_out[c], h) + bias[c]
        err = sigmoid(score) - 1.0
        gW_out[c] += err * h
        gbias[c] += err
        grad_h = grad_h + err * W_out[c]

        # noise words, label 0 (a word may be drawn twice!)
        noise = np.asarray(negatives[i])
        noise_vecs = W_out[noise]
        p = sigmoid(noise_vecs.dot(h) + bias[noise])
        np.add.at(gW_out, noise, np.outer(p, h))
        np.add.at(gbias, noise, p)
        grad_h = grad_h + p.dot(noise_vecs)

        # back to the words of the window
        for w in context:
            gW_in[w] += grad_h / len(context)

    gW_in /= n_samples
    gW_out /= n_samples
    gbias /= n_samples
    return {"W_in": gW_in, "W_out": gW_out, "bias": gbias}


def setup(rng):
    vocab, dim = 6, 3
    W_in = rng.normal(size=(vocab, dim))
    W_out = rng.normal(size=(vocab, dim))
    bias = rng.normal(0, 0.5, vocab)
    windows = [[0, 1], [0, 2, 3, 4], [5, 1, 1], [2, 4], [3, 0, 5]]
    centers = [2, 1, 4, 3, 1]
    negatives = [[5, 0, 5, 3], [0, 4, 2, 3], [1, 1, 0, 2], [0, 5, 1, 4], [4, 2, 2, 0]]
    args = (W_in, W_out, bias, windows, centers, negatives, 0.3)
    return cbow_loss, cbow_grad, args, {"wrt": ["W_in", "W_out", "bias"]}
