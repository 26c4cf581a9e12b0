"""Neural networks from the ops of autograd_lite: modules, optimizers and a training loop."""

from . import init
from .data import batches
from .io import load, save
from .layers import MLP, Dropout, Linear, ReLU, Sequential, Sigmoid, Softmax, Softplus, Tanh
from .losses import bce_with_logits, cross_entropy, half_squared_error, mse
from .module import Module
from .optim import SGD, Adam, AdamW, Optimizer
from .step import Step
from .train import History, accuracy, fit, summary

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
