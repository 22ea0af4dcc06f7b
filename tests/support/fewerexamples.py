"""Say on how many examples a property is tried: ``make test`` takes a third of them."""

from typing import Any

from hypothesis import settings

USUAL, FEW = 100, 33
"""Examples of a property that asks for no number: in ``make test-all``, and in ``make test``."""
LEAST = 10


def examples(number: int, **more: Any) -> settings:
    """So many examples of a property, or a third of them and at least ten where tests are quick."""
    share = number * settings.default.max_examples // USUAL
    return settings(max_examples=max(share, min(number, LEAST)), **more)
