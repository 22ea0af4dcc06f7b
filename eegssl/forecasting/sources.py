"""Where forecasts come from: recordings filtered causally, and targets filtered apart."""

from collections.abc import Sequence
from pathlib import Path

from eegssl.corpus.chains import require_zero_phase
from eegssl.corpus.store import Corpus, Recording, open_corpus
from eegssl.forecasting.config import ForecastConfig


def open_targets(folders: Sequence[str]) -> Corpus | None:
    """The recordings that targets are taken from, None where they are the contexts' own.

    Raises ConfigError where they were filtered causally.
    """
    if not folders:
        return None
    targets = open_corpus([Path(folder) for folder in folders])
    require_zero_phase(targets)
    return targets


def too_short(
    recordings: Sequence[Recording], config: ForecastConfig, after_s: float = 0.0
) -> tuple[Recording, ...]:
    """The recordings that hold no pair of context and target, with ``after_s`` behind it."""
    needed_s = config.context_s + config.horizon_s + after_s
    return tuple(r for r in recordings if r.duration_s < needed_s - 0.5 / r.sfreq_hz)
