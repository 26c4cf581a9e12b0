"""The catalogue: every op's forward beside its VJPs, by theme.

To add an op, write one block with `@primitive` in the file of its theme, its name in the list at
the top of that file, and one row in `tests/rows.py`. It is then a function of the package, and
what the numpy function of the same name records. A function of numpy's that is a composition of
ops, and of use under its name alone, stands in `namesakes.py`.
"""

from . import elementwise, linear, losses, reductions, shapes
from .elementwise import *  # noqa: F403
from .linear import *  # noqa: F403
from .losses import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shapes import *  # noqa: F403

NAMES = [  # not __all__, which type checkers would have to be able to work out
    *elementwise.__all__,
    *linear.__all__,
    *losses.__all__,
    *reductions.__all__,
    *shapes.__all__,
]
