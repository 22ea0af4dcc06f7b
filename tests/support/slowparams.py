"""Mark all parameters of a test slow but a few, which then stand for all in ``make test``."""

from collections.abc import Iterable
from typing import Any

import pytest


def slow_except(values: Iterable[Any], *quick: Any) -> list[Any]:
    """For ``parametrize``: the values, or tuples of them, all marked slow but the quick ones."""
    values = list(values)
    assert all(value in values for value in quick), f"{quick} are not all among {values}"
    return [v if v in quick else marked(v) for v in values]


def marked(value: Any) -> Any:
    """One set of parameters, marked slow."""
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.slow)
