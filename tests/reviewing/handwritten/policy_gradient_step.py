""" REINFORCE for a two-action game, after the well-known pong gist. hw4, part b """
import numpy as np

beta = 0.05     # entropy bonus
l2 = 0.02       # weight decay, not on the biases


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def pg_loss(W1, b1, W2, b2, obs, actions, disc_rewards):
    """ -sum adv*log pi(a) - beta*entropy, mean over the episode, plus l2 """
    z = np.maximum(0, obs @ W1.T + b1) @ W2 + b2
    adv = (disc_rewards - disc_rewards.mean()) / disc_rewards.std()
    logp_up, logp_down = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    loglik = np.where(actions == 1, logp_up, logp_down)
    entropy = -(np.exp(logp_up) * logp_up + np.exp(logp_down) * logp_down)
    decay = 0.5 * l2 * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    return -np.mean(adv * loglik) - beta * np.mean(entropy) + decay


def policy_forward(W1, b1, W2, b2, x):
    h = np.dot(W1, x) + b1
    h[h < 0] = 0    # ReLU
    logit = np.dot(W2, h) + b2
    p = sigmoid(logit)
    return p, logit, h    # probability of going up, and what backprop needs


def discount_normalize(r):
    adv = r - np.mean(r)
    adv /= np.std(r)
    return adv


def policy_backward(W2, eph, epx, edlogit):
    """ eph, epx: hidden states and inputs of the episode, one row per step """
    dW2 = np.dot(eph.T, edlogit).ravel()
    db2 = np.sum(edlogit)
    dh = np.outer(edlogit, W2)
    dh[eph <= 0] = 0    # backprop relu
    dW1 = np.dot(dh.T, epx)
    db1 = np.sum(dh, axis=0)
    return {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}


def pg_grads(W1, b1, W2, b2, obs, actions, disc_rewards):
    xs, hs, dlogits, bonus = [], [], [], []
    for t in range(len(obs)):
        x = obs[t]
        p, logit, h = policy_forward(W1, b1, W2, b2, x)
        xs.append(x)
        hs.append(h)
        y = actions[t]    # the "fake label": what we did
        dlogits.append(p - y)
        bonus.append(logit * p * (1 - p))    # d(-entropy)/dlogit

    # stack the whole episode
    epx = np.vstack(xs)
    eph = np.vstack(hs)
    epdlogit = np.vstack(dlogits)
    epbonus = np.vstack(bonus)

    adv = discount_normalize(disc_rewards)
    epdlogit *= adv[:, None]     # PG magic happens here
    epdlogit += beta * epbonus
    epdlogit /= len(obs)
    grads = policy_backward(W2, eph, epx, epdlogit)
    grads['W1'] += l2 * W1
    grads['W2'] += l2 * W2
    return grads


def setup(rng):
    T, n_obs, n_hidden = 5, 3, 6
    W1 = rng.normal(size=(n_hidden, n_obs)) / np.sqrt(n_obs)
    b1 = rng.normal(size=n_hidden) * 0.3
    W2 = rng.normal(size=n_hidden)
    b2 = float(rng.normal()) * 0.3
    obs = rng.normal(size=(T, n_obs))
    actions = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    rewards, running, disc = rng.normal(size=T), 0.0, np.zeros(T)
    for t in reversed(range(T)):
        running = rewards[t] + 0.9 * running
        disc[t] = running
    return pg_loss, pg_grads, (W1, b1, W2, b2, obs, actions, disc), {"wrt": ["W1", "b1", "W2", "b2"]}
