"""Compute centres and bases from contexts, and true phases from targets.

Where targets were filtered without delay and contexts causally, the phase that the causal filters
add is subtracted from every forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.store import Corpus, Recording
from eegssl.tasks.forecast.data import Context, Horizon, PairBatch, RecordedPairs, cut_pairs
from eegssl.tasks.forecast.methods.phase_compensation import filter_phase_rad
from eegssl.tasks.phase.config import PhaseBase, PhaseConfig, PhaseTaskConfig
from eegssl.tasks.phase.dominant_frequency import Peaks, dominant_frequencies
from eegssl.tasks.phase.instantaneous_phase import (
    Phases,
    edge_s,
    phases_by_ar,
    phases_by_rotation,
    true_phases,
)

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]

BASES: tuple[PhaseBase, ...] = get_args(PhaseBase)
"""The baselines by name: phi0 + 2 pi f t, and AR + Hilbert."""


def lead_samples(horizon: Horizon, config: PhaseConfig) -> Samples:
    """Samples [L] of the target at which phases are scored: every so many, from the first on."""
    step = max(1, round(horizon.sfreq_hz / config.rate_hz))
    return np.arange(0, horizon.target_samples, step, dtype=np.int64)


@dataclass(frozen=True)
class PhasePairs(RecordedPairs):
    """Pairs and the task that they are for."""

    task: PhaseTaskConfig = field(kw_only=True)


def cut_phase_pairs(
    corpus: Corpus,
    recordings: Sequence[Recording],
    task: PhaseTaskConfig,
    targets: Corpus | None = None,
    part: str | None = None,
) -> PhasePairs:
    """The pairs of recordings, as `cut_pairs` cuts them, with what a true phase needs behind them.

    Raises InputError when no recording is long enough or ``targets`` lacks one.
    """
    after_s = edge_s(corpus.sfreq_hz, task.phase)
    pairs = cut_pairs(
        corpus, recordings, task.forecast, part=part, after_s=after_s, targets=targets
    )
    return PhasePairs(**vars(pairs), task=task)


def late_rad(context: Context, centres_hz: Floats) -> Floats:
    """The phase [B, C, K] that causal filters added to contexts at these centres; 0 where targets
    went through the same filters."""
    if context.chains is None:
        return np.zeros_like(centres_hz)
    rows = zip(context.chains, centres_hz, strict=True)
    return np.stack([filter_phase_rad(chain, row) for chain, row in rows])


@dataclass(frozen=True)
class Known:
    """The inputs and truth of B pairs at L lead samples, which no network changes.

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
    """Inputs and truth of a batch of these pairs, with the bases that are named."""
    task, rate_hz, context = pairs.task, pairs.horizon.sfreq_hz, pair.context
    centres_hz = dominant_frequencies(context.signal_uv, rate_hz, task.phase).hz
    bases = base_phases(context, centres_hz, leads, rate_hz, task, names)
    whole = true_phases(pair, centres_hz, rate_hz, task.phase)
    truth = Phases(whole.rad[..., leads], whole.uv[..., leads])
    peaks = dominant_frequencies(pair.target_uv, rate_hz, task.phase)
    return Known(context.index, centres_hz, bases, truth, peaks)


def base_phases(
    context: Context,
    centres_hz: Floats,
    leads: Samples,
    sfreq_hz: float,
    task: PhaseTaskConfig,
    names: Sequence[PhaseBase] = BASES,
) -> dict[PhaseBase, Floats]:
    """Phases [B, C, K, L] at ``leads`` by these baselines, from contexts [B, C, Tc] alone.

    The delay of causal filters, `late_rad`, is subtracted.
    """
    n, late, context_uv = int(leads[-1]) + 1, late_rad(context, centres_hz), context.signal_uv
    phases: dict[PhaseBase, Floats] = {}
    for name in names:
        if name == "rotation":
            ahead = phases_by_rotation(context_uv, n, centres_hz, sfreq_hz, task.phase)
        else:
            ar = task.forecast.baselines.autoregression
            ahead = phases_by_ar(context_uv, n, centres_hz, sfreq_hz, task.phase, ar)
        phases[name] = ahead.rad[..., leads] - late[..., None]
    return phases
