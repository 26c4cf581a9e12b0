"""
Minimal character-level RNN, after the well known 100 line gist.
Only the loss/gradient part; sampling and Adagrad live elsewhere.
"""
import numpy as np

hidden_size = 5
vocab_size = 4


def one_hot(ix):
  v = np.zeros((vocab_size, 1))
  v[ix] = 1
  return v


def seq_loss(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
  """cross-entropy of the sequence, nothing kept"""
  total, state = 0.0, hprev
  for i, o in zip(inputs, targets):
    state = np.tanh(Wxh[:, [i]] + Whh @ state + bh)
    logits = (Why @ state + by).ravel()
    top = logits.max()
    total += top + np.log(np.exp(logits - top).sum()) - logits[o]
  return total


def lossFun(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
  """
  inputs,targets are both list of integers.
  hprev is Hx1 array of initial hidden state
  returns gradients on model parameters, and on hprev
  """
  xs, hs, ps = {}, {}, {}
  hs[-1] = np.copy(hprev)
  # forward pass
  for t in range(len(inputs)):
    xs[t] = one_hot(inputs[t]) # encode in 1-of-k representation
    hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]) + bh) # hidden state
    y = np.dot(Why, hs[t]) + by # unnormalized log probabilities for next chars
    ps[t] = np.exp(y) / np.sum(np.exp(y)) # probabilities for next chars
  # backward pass: compute gradients going backwards
  dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
  dbh, dby = np.zeros_like(bh), np.zeros_like(by)
  dhnext = np.zeros_like(hs[0])
  for t in reversed(range(len(inputs))):
    dy = np.copy(ps[t])
    dy[targets[t]] -= 1 # backprop into y
    dWhy += np.dot(dy, hs[t].T)
    dby += dy
    dh = np.dot(Why.T, dy) + dhnext # backprop into h
    dhraw = (1 - hs[t] * hs[t]) * dh # backprop through tanh nonlinearity
    dbh += dhraw
    dWxh += np.dot(dhraw, xs[t].T)
    dWhh += np.dot(dhraw, hs[t-1].T)
    dhnext = np.dot(Whh.T, dhraw)
  for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
    np.clip(dparam, -50, 50, out=dparam) # clip to mitigate exploding gradients
  return dWxh, dWhh, dWhy, dbh, dby, dhnext


def setup(rng):
  Wxh = rng.normal(size=(hidden_size, vocab_size)) * 0.5
  Whh = rng.normal(size=(hidden_size, hidden_size)) * 0.5
  Why = rng.normal(size=(vocab_size, hidden_size)) * 0.5
  bh = rng.normal(size=(hidden_size, 1)) * 0.3
  by = rng.normal(size=(vocab_size, 1)) * 0.3
  hprev = rng.normal(size=(hidden_size, 1)) * 0.5
  inputs, targets = [0, 2, 1], [2, 1, 3]
  args = (inputs, targets, hprev, Wxh, Whh, Why, bh, by)
  return seq_loss, lossFun, args, {"wrt": ["Wxh", "Whh", "Why", "bh", "by", "hprev"]}
