# word2vec from scratch: skip-gram + negative sampling, one pair at a time.
# Slow on purpose - I wanted to see every gradient with my own eyes.
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def window_offsets(window):
    """-w ... -1, 1 ... w"""
    return [o for o in range(-window, window + 1) if o != 0]


def sgns_loss(center_vecs, context_vecs, corpus, negatives, window, reg):
    total, count = 0.0, 0
    for t, c in enumerate(corpus):
        for slot, off in enumerate(window_offsets(window)):
            if not 0 <= t + off < len(corpus):
                continue
            o = corpus[t + off]
            total -= np.log(sigmoid(context_vecs[o] @ center_vecs[c]))
            for k in negatives[t, slot]:
                if k != o:
                    total -= np.log(sigmoid(-(context_vecs[k] @ center_vecs[c])))
            count += 1
    total = total / count
    return total + 0.5 * reg * (np.sum(center_vecs ** 2) + np.sum(context_vecs ** 2))


def sgns_gradients(center_vecs, context_vecs, corpus, negatives, window, reg):
    grad_center = np.zeros_like(center_vecs)
    grad_context = np.zeros_like(context_vecs)
    n_pairs = 0
    n_tokens = len(corpus)

    for t in range(n_tokens):
        center = corpus[t]
        v = center_vecs[center]
        slot = -1
        for off in range(-window, window + 1):
            if off == 0:
                continue
            slot += 1
            pos = t + off
            if pos < 0 or pos >= n_tokens:
                continue
            target = corpus[pos]
            u = context_vecs[target]
            n_pairs += 1

            # the true pair, label 1
            p = sigmoid(np.dot(u, v))
            err = p - 1.0
            dv = err * u
            grad_context[target] += err * v

            # the sampled pairs, label 0 (a sample that hits the target is thrown away)
            samples = negatives[t, slot]
            samples = samples[samples != target]
            neg_vecs = context_vecs[samples]
            q = sigmoid(neg_vecs @ v)
            dv += neg_vecs.T @ q
            np.add.at(grad_context, samples, np.outer(q, v))

            grad_center[center] += dv

    # average over pairs, then the weight penalty
    grad_center /= n_pairs
    grad_context /= n_pairs
    grad_center += reg * center_vecs
    grad_context += reg * context_vecs
    return grad_center, grad_context


def setup(rng):
    vocab, dim, window, k = 6, 4, 2, 3
    center_vecs = rng.normal(size=(vocab, dim))
    context_vecs = rng.normal(size=(vocab, dim))
    corpus = np.array([0, 3, 1, 5, 3, 2, 4])
    negatives = rng.integers(0, vocab, size=(len(corpus), 2 * window, k))
    negatives[1, 2] = [2, 2, 4]
    negatives[3, 1] = [1, 0, 0]
    return sgns_loss, sgns_gradients, [center_vecs, context_vecs, corpus, negatives, window, 0.2], {
        "wrt": ["center_vecs", "context_vecs"]}
