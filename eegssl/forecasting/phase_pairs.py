"""Pairs as phase forecasting sees them: centres and bases from contexts, truths from targets.

Where targets were filtered without delay and contexts causally, what the causal filters add to the
phase is taken back from every forecast that starts from the context.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.chains import chains_of
from eegssl.corpus.store import Corpus, Recording
from eegssl.forecasting.config import PhaseBase, PhaseConfig, PhaseTaskConfig
from eegssl.forecasting.phase import (
    Phases,
    edge_s,
    filter_phase_rad,
    phases_by_ar,
    phases_by_rotation,
    true_phases,
)
from eegssl.forecasting.spectrum import Peaks, dominant_frequencies
from eegssl.forecasting.windows import Horizon, PairBatch, RecordedPairs, cut_pairs
from eegssl.signal.filters import Chain

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]

BASES: tuple[PhaseBase, ...] = get_args(PhaseBase)
"""The baselines by name: phi0 + 2 pi f t, and AR + Hilbert."""


def lead_samples(horizon: Horizon, config: PhaseConfig) -> Samples:
    """Samples [L] of the target at which phases are told: every so many, from the first on."""
    step = max(1, round(horizon.sfreq_hz / config.rate_hz))
    return np.arange(0, horizon.target_samples, step, dtype=np.int64)


@dataclass(frozen=True)
class PhasePairs:
    """Pairs, the task, and the chains of the recordings where targets have no delay."""

    pairs: RecordedPairs
    task: PhaseTaskConfig
    chains: tuple[Chain, ...] | None = None
    """A recording each; None where targets are the contexts' own continuation."""

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def horizon(self) -> Horizon:
        """Lengths in samples."""
        return self.pairs.horizon

    def in_order(self, batch_size: int) -> Iterator[Samples]:
        """Index arrays that cover every pair once, bucketed by number of channels."""
        return self.pairs.in_order(batch_size)

    def batch(self, index: Samples) -> PairBatch:
        """Read these pairs; they must have equally many channels."""
        return self.pairs.batch(index)

    def late_rad(self, index: Samples, centres_hz: Floats) -> Floats:
        """What filters add to the phase of these pairs' contexts at centres [B, C, K], to be
        taken back; 0 where targets went through the same filters."""
        if self.chains is None:
            return np.zeros_like(centres_hz)
        owners = self.pairs.windows.owner[index]
        rows = zip(owners.tolist(), centres_hz, strict=True)
        return np.stack([filter_phase_rad(self.chains[k], row) for k, row in rows])


def cut_phase_pairs(
    corpus: Corpus,
    recordings: tuple[Recording, ...],
    task: PhaseTaskConfig,
    targets: Corpus | None = None,
) -> PhasePairs:
    """The pairs of recordings: ``most_pairs`` each at most, evenly spread.

    Raises InputError when no recording is long enough or ``targets`` lacks one.
    """
    after_s = edge_s(corpus.sfreq_hz, task.phase)
    pairs = cut_pairs(corpus, recordings, task.forecast, after_s=after_s, targets=targets)
    pairs = pairs.subset(_spread(pairs.windows.owner, task.most_pairs))
    chains = chains_of(corpus, pairs.windows.recordings) if targets is not None else None
    return PhasePairs(pairs, task, chains)


def _spread(owner: Samples, most: int) -> Samples:
    """Places of at most ``most`` pairs of each owner, evenly spread, in order."""
    kept = []
    for k in np.unique(owner):
        places = np.flatnonzero(owner == k)
        n = min(most, len(places))
        kept.append(places[np.round(np.linspace(0, len(places) - 1, n)).astype(np.int64)])
    return np.concatenate(kept)


@dataclass(frozen=True)
class Known:
    """All that is known of B pairs at L lead samples before a network speaks.

    ``centres_hz`` [B, C, K] are the contexts' dominant frequencies; phases of ``bases`` and truth
    [B, C, K, L] are those in a narrow band around them. ``peaks`` [B, C, K] are the targets'.
    """

    index: Samples
    centres_hz: Floats
    bases: dict[PhaseBase, Floats]
    truth: Phases
    peaks: Peaks


def known_of(
    pairs: PhasePairs, pair: PairBatch, leads: Samples, names: Sequence[PhaseBase] = BASES
) -> Known:
    """What is known of a batch of these pairs, with the bases that are named."""
    task, rate_hz, index = pairs.task, pairs.horizon.sfreq_hz, pair.context.index
    context_uv = pair.context.signal_uv
    centres_hz = dominant_frequencies(context_uv, rate_hz, task.phase).hz
    late = pairs.late_rad(index, centres_hz)
    bases = base_phases(context_uv, centres_hz, leads, rate_hz, task, late, names)
    whole = true_phases(pair, centres_hz, rate_hz, task.phase)
    truth = Phases(whole.rad[..., leads], whole.uv[..., leads])
    peaks = dominant_frequencies(pair.target_uv, rate_hz, task.phase)
    return Known(index, centres_hz, bases, truth, peaks)


def base_phases(
    context_uv: NDArray[np.floating],
    centres_hz: Floats,
    leads: Samples,
    sfreq_hz: float,
    task: PhaseTaskConfig,
    late_rad: Floats | float = 0.0,
    names: Sequence[PhaseBase] = BASES,
) -> dict[PhaseBase, Floats]:
    """Phases [..., C, K, L] at ``leads`` by these baselines, from contexts [..., C, Tc] alone.

    ``late_rad`` [..., C, K] is taken back from them.
    """
    n, late = int(leads[-1]) + 1, np.asarray(late_rad)[..., None]
    found: dict[PhaseBase, Floats] = {}
    for name in names:
        if name == "rotation":
            ahead = phases_by_rotation(context_uv, n, centres_hz, sfreq_hz, task.phase)
        else:
            ar = task.forecast.baselines.autoregression
            ahead = phases_by_ar(context_uv, n, centres_hz, sfreq_hz, task.phase, ar)
        found[name] = ahead.rad[..., leads] - late
    return found
