"""
Part 3: a two-tower matching model in nothing but numpy.

  user features -> tanh layer  -> projection --\
                                                cosine * scale + offset -> "will it be clicked?"
  item features -> leaky layer -> projection --/
"""
import numpy as np

SLOPE = 0.1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def matching_loss(users, items, clicked, Wu, bu, Pu, Wi, bi, Pi, scale, offset, pos_weight=2.5, reg=0.02):
    u = np.tanh(users @ Wu + bu) @ Pu
    pre = items @ Wi + bi
    v = np.where(pre > 0, pre, SLOPE * pre) @ Pi
    cos = (u * v).sum(1) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
    p = sigmoid(scale * cos + offset)
    nll = -(pos_weight * clicked * np.log(p) + (1 - clicked) * np.log(1 - p))
    return nll.mean() + reg / 2 * ((Pu ** 2).sum() + (Pi ** 2).sum())


def normalize(x):
    length = np.sqrt((x ** 2).sum(axis=1, keepdims=True))
    return x / length, length


def normalize_back(d_unit, unit, length):
    # take away the part that points along the vector itself
    along = (d_unit * unit).sum(axis=1, keepdims=True)
    return (d_unit - unit * along) / length


def matching_grads(users, items, clicked, Wu, bu, Pu, Wi, bi, Pi, scale, offset, pos_weight=2.5, reg=0.02):
    # forward, both towers
    hu = np.tanh(users @ Wu + bu)
    u_hat, u_len = normalize(hu @ Pu)
    zi = items @ Wi + bi
    hi = np.where(zi > 0, zi, SLOPE * zi)
    v_hat, v_len = normalize(hi @ Pi)
    cos = np.sum(u_hat * v_hat, axis=1)
    prob = sigmoid(scale * cos + offset)

    # loss -> logit
    weight = np.where(clicked == 1, pos_weight, 1.0)
    d_logit = weight * (prob - clicked) / len(clicked)
    grads = {}
    grads["scale"] = np.sum(d_logit * cos)
    grads["offset"] = np.sum(d_logit)

    # logit -> the two embeddings
    d_cos = (d_logit * scale)[:, None]
    d_u = normalize_back(d_cos * v_hat, u_hat, u_len)
    d_v = normalize_back(d_cos * u_hat, v_hat, v_len)

    # user tower
    grads["Pu"] = hu.T @ d_u + reg * Pu
    d_hu = d_u @ Pu.T
    d_zu = d_hu * (1 - hu ** 2)
    grads["Wu"] = users.T @ d_zu
    grads["bu"] = d_zu.sum(axis=0)

    # item tower
    grads["Pi"] = hi.T @ d_v + reg * Pi
    d_hi = d_v @ Pi.T
    d_zi = d_hi * np.where(zi > 0, 1.0, SLOPE)
    grads["Wi"] = items.T @ d_zi
    grads["bi"] = d_zi.sum(axis=0)
    return grads


def setup(rng):
    n, fu, fi, hu, hi, k = 5, 4, 3, 6, 7, 2
    args = [rng.normal(size=(n, fu)), rng.normal(size=(n, fi)), np.array([1., 0., 0., 1., 0.]),
            rng.normal(size=(fu, hu)) * 0.6, rng.normal(size=hu) * 0.3, rng.normal(size=(hu, k)) * 0.6,
            rng.normal(size=(fi, hi)) * 0.6, rng.normal(size=hi) * 0.3, rng.normal(size=(hi, k)) * 0.6,
            1.7, -0.4]
    return matching_loss, matching_grads, args, {"wrt": ["Wu", "bu", "Pu", "Wi", "bi", "Pi", "scale", "offset"]}
