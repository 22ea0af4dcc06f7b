"""Leave the figures of pages blank, for tests of everything else: drawing takes half the time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType

import pytest
from matplotlib.figure import Figure

from eegssl.reports import embed

DRAWING = {
    "reports.model_history": ("training_curves", "masked_reconstruction", "codebook_usage"),
    "reports.quality.recording_page": ("before_and_after", "spectra", "flag_strip"),
    "reports.codebook.codebook_page": (
        *("code_cards", "odds_and_shares", "course_figure", "codebook_usage", "head_key"),
    ),
    "reports.benchmark.leaderboard": ("ranking_figure",),
    "reports.benchmark.label_curve": ("label_curve",),
    "reports.corrupted.robustness_curves": ("severity_curves",),
    "probes.shown.pretraining_page": ("training_curves", "progress_figure"),
    "probes.shown.probes_page": ("similarity_figure",),
    "tasks.labels.sections.label_figures": (
        *("roc_and_precision_recall", "probability_histogram", "score_forest"),
        *("traces_with_predictions", "alarm_figure"),
    ),
    "tasks.labels.sections.event_pictures": ("traces_with_predictions",),
    "tasks.labels.files.file_page": ("traces_with_predictions",),
    "tasks.patients.page": ("score_forest", "probability_figure", "calibration_figure"),
    "tasks.forecast.page": ("error_over_horizon", "forecast_example"),
    "tasks.phase.page": ("error_over_lead", "waves"),
}
"""Page -> the functions that it has its figures drawn by: empty axes alone take as long as all else
that a command does here."""


@contextmanager
def blank() -> Iterator[None]:
    """Within it, pages hold figures of the right kind with nothing drawn in them.

    Most are of one size, and not even made.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embed, "_encoded", _encoded)
        for page, name in _drawing():
            patch.setattr(page, name, lambda *_, **__: Figure())
        yield


_drawn = embed._encoded


@cache
def _drawing() -> dict[tuple[ModuleType, str], Callable[..., Figure]]:
    """The functions of `DRAWING` as they are."""
    pages = {import_module(f"eegssl.{page}"): names for page, names in DRAWING.items()}
    return {(page, name): getattr(page, name) for page, names in pages.items() for name in names}


@contextmanager
def drawn() -> Iterator[None]:
    """Within it figures are as they are, also within `blank`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embed, "_encoded", _drawn)
        for (page, name), function in _drawing().items():
            patch.setattr(page, name, function)
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
