"""Neural networks from the ops of autograd_lite: modules, optimizers and a training loop."""

from autograd_lite import bce_with_logits, cross_entropy, half_squared_error, library, mse

from . import init
from .data import batches
from .io import load, save
from .layers import MLP, Dropout, Linear, ReLU, Sequential, Sigmoid, Softmax, Softplus, Tanh
from .module import Module, summary
from .optim import SGD, Adam, AdamW, Optimizer
from .step import Step
from .train import History, accuracy, fit

library(__name__)

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Dropout",
    "History",
    "Linear",
    "Module",
    "Optimizer",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
    "accuracy",
    "batches",
    "bce_with_logits",
    "cross_entropy",
    "fit",
    "half_squared_error",
    "init",
    "load",
    "mse",
    "save",
    "summary",
]
