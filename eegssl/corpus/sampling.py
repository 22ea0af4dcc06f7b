"""Draw training windows, with seizures at the share the user sets.

Seizures fill perhaps a hundredth of a long recording, so a codebook trained on all windows alike
has hardly a code for them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.ictal import overlap_share, positive_spans
from eegssl.corpus.store import Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import ConfigError

_STREAM = int.from_bytes(b"some", "big")  # apart from other draws with the same seed


@dataclass(frozen=True)
class Sampler:
    """Draws the windows of a training step; the same seed and step draw the same windows."""

    windows: Windows
    ictal: NDArray[np.bool_]
    """[n], whether a window overlaps a seizure."""
    ictal_share: float | None
    """Expected share of windows that do, of those drawn; None leaves it to chance."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """[n], the chance of each window to be the first that is drawn."""
        if self.ictal_share is None:
            return np.full(len(self.windows), 1 / len(self.windows))
        n_ictal = int(self.ictal.sum())
        others = (1 - self.ictal_share) / (len(self.ictal) - n_ictal)
        return np.where(self.ictal, self.ictal_share / n_ictal, others)

    def draw(self, batch_size: int, *, seed: int, step: int) -> NDArray[np.int64]:
        """The windows of training step ``step``, of equally many channels.

        As in `Windows.draw` a bucket of equally many channels comes first, by its weight. How many
        windows of it overlap a seizure is a binomial draw, so the share is met on average also
        where few windows do; these then repeat within a batch.
        """
        if self.ictal_share is None:
            return self.windows.draw(batch_size, seed=seed, step=step)
        rng = np.random.default_rng([seed, step])
        weights, channels = self.weights, self.windows.n_channels
        counts = np.unique(channels)
        mass = np.array([weights[channels == count].sum() for count in counts])
        count = rng.choice(counts, p=mass / mass.sum())
        here = channels == count
        share = weights[here & self.ictal].sum() / weights[here].sum()
        n_ictal = int(rng.binomial(batch_size, share))
        return np.concatenate(
            [
                _some(np.flatnonzero(here & self.ictal), n_ictal, rng),
                _some(np.flatnonzero(here & ~self.ictal), batch_size - n_ictal, rng),
            ]
        )

    def spread(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Up to ``n`` different windows of any number of channels, drawn by their weights."""
        p = None if self.ictal_share is None else self.weights
        return rng.choice(len(self.windows), min(n, len(self.windows)), replace=False, p=p)


def sampler(windows: Windows, config: SamplingConfig) -> Sampler:
    """A sampler of training windows.

    Raises ConfigError when a share of seizures is asked for and no window overlaps one, or all do.
    """
    ictal = overlaps_seizure(windows)
    share = config.ictal_share
    if share is not None and not ictal.any():
        raise ConfigError(
            f"sampling.ictal_share is {share:g}, but none of the {len(windows)} training windows "
            "overlaps a seizure: leave it unset, or check events.parquet and splits.tsv"
        )
    if share is not None and ictal.all():
        raise ConfigError(
            f"sampling.ictal_share is {share:g}, but all of the {len(windows)} training windows "
            "overlap a seizure: leave it unset, or choose a shorter window_s"
        )
    return Sampler(windows, ictal, share)


def of_some_subjects(
    recordings: Sequence[Recording], config: SamplingConfig, seed: int
) -> tuple[Recording, ...]:
    """Recordings of the share of subjects to train on, drawn by ``seed``."""
    subjects = sorted({recording.subject for recording in recordings})
    order = np.random.default_rng([seed, _STREAM]).permutation(len(subjects))
    n_drawn = math.ceil(config.subjects_fraction * len(subjects))
    drawn = {subjects[k] for k in order[:n_drawn]}
    return tuple(recording for recording in recordings if recording.subject in drawn)


def overlaps_seizure(windows: Windows) -> NDArray[np.bool_]:
    """Whether each window [n] has any time in common with a seizure."""
    overlaps = np.zeros(len(windows), dtype=np.bool_)
    for k, recording in enumerate(windows.recordings):
        spans = positive_spans(recording.events)
        if len(spans):
            inside = windows.owner == k
            overlaps[inside] = overlap_share(windows.start_s[inside], windows.window_s, spans) > 0
    return overlaps


def _some(places: NDArray[np.int64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``n`` of these places, each once where there are enough."""
    return rng.choice(places, n, replace=len(places) < n) if n else places[:0]
