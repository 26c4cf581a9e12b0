"""What an error tells: what was given, what is needed, what to do, in one line of three parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def tells(call: Callable[[], Any], error: type[Exception], *parts: str) -> None:
    """`call` raises `error`, whose three parts contain these texts."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    told = message.split("; ")
    assert len(told) == 3, message
    assert "\n" not in message, message
    for part, text in zip(parts, told, strict=True):
        assert part in text, f"no {part!r} in {text!r}"
