"""Where forecasts come from: recordings filtered causally, and targets filtered apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from eegssl.artifacts import Artifact
from eegssl.corpus.store import Corpus, Recording, open_corpus
from eegssl.errors import ConfigError
from eegssl.forecasting.config import ForecastConfig

CAUSAL = "causal"


def phase_of(artifact: Artifact) -> str:
    """How a recordings artifact was filtered: ``causal`` or ``zero``."""
    return str(artifact.manifest.config["filter"]["phase"])


def phases_of(corpus: Corpus) -> list[str]:
    """The filter phases of a corpus, each once."""
    return sorted({phase_of(artifact) for artifact in corpus.artifacts})


def require_causal(corpus: Corpus) -> None:
    """Raise ConfigError unless all recordings were filtered causally: others saw the future."""
    wrong = [a for a in corpus.artifacts if phase_of(a) != CAUSAL]
    if wrong:
        raise ConfigError(
            f"{wrong[0].path} was filtered with filter.phase={phase_of(wrong[0])}, which looks "
            "ahead: contexts would hold what is to be forecast. Make recordings with "
            "`eegssl preprocess … --set filter.phase=causal`; those that you have can be "
            "the targets (--targets)"
        )


def open_targets(folders: Sequence[str]) -> Corpus | None:
    """The recordings that targets are taken from, None where they are the contexts' own."""
    return open_corpus([Path(folder) for folder in folders]) if folders else None


def too_short(
    recordings: Sequence[Recording], config: ForecastConfig, after_s: float = 0.0
) -> tuple[Recording, ...]:
    """The recordings that hold no pair of context and target, with ``after_s`` behind it."""
    needed_s = config.context_s + config.horizon_s + after_s
    return tuple(r for r in recordings if r.duration_s < needed_s - 0.5 / r.sfreq_hz)


def lag_s(corpus: Corpus, targets: Corpus | None) -> float:
    """By how much contexts lag behind targets that were filtered without delay, in seconds.

    The median over recordings of the delay of their causal filters, which itself is a median over
    frequencies: what is left of the phase, methods that are trained can learn (ours).
    """
    if targets is None or CAUSAL in phases_of(targets):
        return 0.0
    tables = [
        pq.read_table(a / "recordings.parquet", columns=["delay_s"]) for a in corpus.artifacts
    ]
    return float(np.median([d for table in tables for d in table["delay_s"].to_pylist()]))
