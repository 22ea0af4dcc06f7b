"""Leave the figures of pages blank, for tests of everything else: drawing takes half the time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from matplotlib.figure import Figure

from eegssl.reports import embed


@contextmanager
def blank() -> Iterator[None]:
    """Within it, pages hold figures of the right kind and size with nothing drawn in them."""
    drawn = embed._encoded

    def encoded(
        figure: Figure,
        kind: str,
        metadata: dict[str, str | None],
        dpi: int | None = None,
        colours: int = 0,
    ) -> str:
        return drawn(Figure(figure.get_size_inches()), kind, metadata, dpi, colours)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embed, "_encoded", encoded)
        yield
