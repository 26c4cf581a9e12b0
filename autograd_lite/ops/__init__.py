"""The catalogue: every op's forward beside its VJPs, by theme.

To add an op, write one block with `@primitive` in the file of its theme and one row in
`tests/rows.py`; it is then a function of the package, and the op that the numpy function of
the same name records.
"""

from .elementwise import *  # noqa: F403
from .linear import *  # noqa: F403
from .losses import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shapes import *  # noqa: F403

__all__ = [  # what the files above define, without their imports and helpers
    name
    for name, value in globals().items()
    if getattr(value, "__module__", "").startswith(__name__ + ".") and name[0] != "_"
]
