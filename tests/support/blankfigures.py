"""Leave the figures of pages blank, for tests of everything else: drawing takes half the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from matplotlib.figure import Figure

from eegssl.reports import embed, model_history

HISTORY = ("training_curves", "masked_reconstruction", "codebook_usage")
"""What is drawn of a model's history, in every report on it."""


@contextmanager
def blank() -> Iterator[None]:
    """Within it, pages hold figures of the right kind and size with nothing drawn in them.

    Those of a model's history are of one size, and not even made.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embed, "_encoded", _encoded)
        for name in HISTORY:
            patch.setattr(model_history, name, lambda *_: Figure())
        yield


_drawn = embed._encoded
_HISTORY_DRAWN = {name: getattr(model_history, name) for name in HISTORY}


@contextmanager
def drawn() -> Iterator[None]:
    """Within it figures are as they are, also within `blank`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embed, "_encoded", _drawn)
        for name, function in _HISTORY_DRAWN.items():
            patch.setattr(model_history, name, function)
        yield


def _encoded(
    figure: Figure,
    kind: str,
    metadata: dict[str, str | None],
    dpi: int | None = None,
    colours: int = 0,
) -> str:
    width, height = figure.get_size_inches()
    return _empty(float(width), float(height), kind, tuple(metadata.items()), dpi, colours)


@cache
def _empty(
    width: float,
    height: float,
    kind: str,
    metadata: tuple[tuple[str, str | None], ...],
    dpi: int | None,
    colours: int,
) -> str:
    return _drawn(Figure((width, height)), kind, dict(metadata), dpi, colours)
