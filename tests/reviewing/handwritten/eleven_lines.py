import numpy as np

# A Neural Network in 11 lines of Python (ok, a few more: this one has two
# hidden layers, a tanh and a little weight decay). Play with it!

alpha = 0.1      # how big a step
decay = 0.05     # how fast the weights forget

# sigmoid. NOTE: for the derivative pass in the *output* of the sigmoid
def nonlin(x,deriv=False):
    if(deriv==True):
        return x*(1-x)

    return 1/(1+np.exp(-x))

# same trick for tanh: slope from the output
def tanh(x,deriv=False):
    if(deriv==True):
        return 1-x**2

    return np.tanh(x)

# the number that should go down
def total_error(X,y,syn0,syn1,syn2):
    a = np.tanh(X @ syn0)
    b = 1/(1+np.exp(-(a @ syn1)))
    c = 1/(1+np.exp(-(b @ syn2)))
    size = (syn0*syn0).sum() + (syn1*syn1).sum() + (syn2*syn2).sum()
    return 0.5*((y-c)**2).sum() + 0.5*decay*size

def train(X,y,syn0,syn1,syn2,iters=1):

    for j in range(iters):

        # feed forward through layers 0, 1, 2 and 3
        l0 = X
        l1 = tanh(np.dot(l0,syn0))
        l2 = nonlin(np.dot(l1,syn1))
        l3 = nonlin(np.dot(l2,syn2))

        # how much did we miss the target value?
        l3_error = y - l3

        if (j% 10000) == 0:
            print("Error:" + str(np.mean(np.abs(l3_error))))

        # in what direction is the target value?
        # were we really sure? if so, don't change too much.
        l3_delta = l3_error*nonlin(l3,deriv=True)

        # how much did each l2 value contribute to the l3 error?
        l2_error = l3_delta.dot(syn2.T)
        syn2 += alpha * (l2.T.dot(l3_delta) - decay * syn2)

        l2_delta = l2_error * nonlin(l2,deriv=True)

        # how much did each l1 value contribute to the l2 error?
        l1_error = l2_delta.dot(syn1.T)
        syn1 += alpha * (l1.T.dot(l2_delta) - decay * syn1)

        l1_delta = l1_error * tanh(l1,deriv=True)
        syn0 += alpha * (l0.T.dot(l1_delta) - decay * syn0)

    return syn0,syn1,syn2

def setup(rng):
    X = rng.normal(size=(4,3))
    y = rng.uniform(0, 1, size=(4,2))
    syn0 = rng.uniform(-1, 1, size=(3,5))
    syn1 = rng.uniform(-1, 1, size=(5,6))
    syn2 = rng.uniform(-1, 1, size=(6,2))

    def forward(X, y, syn0, syn1, syn2):
        return total_error(X, y, syn0, syn1, syn2)

    def backward(X, y, syn0, syn1, syn2):
        return train(X, y, syn0, syn1, syn2)

    return forward, backward, (X, y, syn0, syn1, syn2), {
        "wrt": ["syn0", "syn1", "syn2"], "returns": "updated", "lr": 0.1}
