# softmaxTrain.py - translated from my MATLAB course files (softmaxCost.m, softmaxTrain.m)
#
#   theta  - K x n  weights          bias - K x 1        tau - scale of the scores
#   data   - n x m  one example per COLUMN               labels - m, values 0..K-1
#   classWeights - K, weight of every class (for unbalanced sets)
#   lam    - weight decay (not on bias, not on tau)
import numpy as np

alpha = 0.1      # learning rate


def softmaxCost(theta, bias, tau, data, labels, classWeights, lam):
    centred = data - np.mean(data, axis=1)[:, None]
    scaled = centred / np.sqrt(np.mean(centred ** 2, axis=1))[:, None]
    M = tau * np.dot(theta, scaled) + bias
    logp = M - np.log(np.sum(np.exp(M), axis=0))
    picked = logp[labels, np.arange(labels.size)]
    cost = -np.sum(classWeights[labels] * picked) / np.sum(classWeights[labels])
    return cost + lam / 2 * np.sum(theta ** 2)


def featureNormalize(data):
    mu = np.mean(data, axis=1, keepdims=True)
    sigma = np.std(data, axis=1, keepdims=True)
    return (data - mu) / sigma


def makeGroundTruth(labels, K):
    # MATLAB: full(sparse(labels, 1:m, 1))
    m = labels.size
    groundTruth = np.zeros((K, m))
    groundTruth[labels, np.arange(m)] = 1
    return groundTruth


def softmaxStep(theta, bias, tau, data, labels, classWeights, lam):
    """One step of gradient descent, gives back the new theta, bias, tau."""
    K = theta.shape[0]
    X = featureNormalize(data)
    groundTruth = makeGroundTruth(labels, K)

    # hypothesis
    scores = np.dot(theta, X)
    M = tau * scores + bias
    M = M - np.max(M, axis=0)        # bsxfun(@minus, M, max(M))
    h = np.exp(M)
    h = h / np.sum(h, axis=0)        # bsxfun(@rdivide, h, sum(h))

    # every example counts with the weight of its class
    w = classWeights[labels]
    total = np.sum(w)
    delta = (h - groundTruth) * w / total

    # gradients
    thetaGrad = tau * np.dot(delta, X.T) + lam * theta
    biasGrad = np.sum(delta, axis=1, keepdims=True)
    tauGrad = np.sum(delta * scores)

    # step
    theta = theta - alpha * thetaGrad
    bias = bias - alpha * biasGrad
    tau = tau - alpha * tauGrad
    return theta, bias, tau


def setup(rng):
    n, m, K = 4, 5, 3
    theta = rng.normal(size=(K, n))
    bias = rng.normal(size=(K, 1))
    data = 2.0 * rng.normal(size=(n, m)) + 1.0
    labels = np.array([0, 2, 1, 1, 0])
    args = (theta, bias, 1.7, data, labels, np.array([0.5, 2.0, 1.3]), 0.2)
    return softmaxCost, softmaxStep, args, {"wrt": ["theta", "bias", "tau"], "returns": "updated", "lr": 0.1}
