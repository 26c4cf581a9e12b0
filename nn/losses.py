"""The losses, which are ops of the engine: `loss(prediction, target)`, one number."""

from autograd_lite import bce_with_logits, cross_entropy, half_squared_error, mse

__all__ = ["bce_with_logits", "cross_entropy", "half_squared_error", "mse"]
