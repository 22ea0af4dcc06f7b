"""Forecast phases of pairs by a head and its baselines."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.tasks.phase.data import BASES, PhasePairs, known_of, lead_samples
from eegssl.tasks.phase.model import PhaseHead
from eegssl.tasks.phase.phase_rows import KIND, MethodPhases, PhasePredictions
from eegssl.tasks.table import stack_tables

_AT_ONCE = 8


def predict_phases(
    head: PhaseHead, pairs: PhasePairs, split_hash: str, about: dict[str, Any]
) -> PhasePredictions:
    """Forecast every pair by the head and both baselines; rows in order of recording and time.

    A baseline's frequency to come is that of the context. ``about`` is stored with the rows,
    together with the task's bands and strata.
    """
    phase = pairs.task.phase
    about = about | {
        "kind": KIND,
        "bands": phase.bands,
        "strata": phase.strata,
        "half_width_hz": phase.half_width_hz,
    }
    made = [_rows(head, pairs, index, split_hash, about) for index in pairs.in_order(_AT_ONCE)]
    return stack_tables(made)


def _rows(
    head: PhaseHead,
    pairs: PhasePairs,
    index: NDArray[np.int64],
    split_hash: str,
    about: dict[str, Any],
) -> PhasePredictions:
    """The rows of some pairs with equally many channels."""
    leads = lead_samples(pairs.horizon, pairs.task.phase)
    pair = pairs.batch(index)
    known = known_of(pairs, pair, leads)
    ahead = head.correct(pair.context, known.centres_hz, known.bases, leads)
    owners = [pairs.windows.recordings[k] for k in pairs.windows.owner[index]]
    bands = list(pairs.task.phase.bands)
    named = [(r, channel, band) for r in owners for channel in r.channels for band in bands]
    n_each = len(named) // len(owners)
    methods: dict[str, MethodPhases] = {
        name: MethodPhases(known.centres_hz.ravel(), _flat(known.bases[name])) for name in BASES
    }
    methods["model"] = MethodPhases(ahead.hz.ravel(), _flat(ahead.rad))
    return PhasePredictions(
        subject=[r.subject for r, _, _ in named],
        recording=[r.id for r, _, _ in named],
        t_s=np.repeat(pairs.t_s[index], n_each),
        channel=[channel for _, channel, _ in named],
        band=[band for _, _, band in named],
        context_hz=known.centres_hz.ravel(),
        true_hz=known.peaks.hz.ravel(),
        oscillates=known.peaks.oscillates.ravel(),
        true_rad=_flat(known.truth.rad),
        true_uv=_flat(known.truth.uv),
        methods=methods,
        lead_s=leads / pairs.horizon.sfreq_hz,
        split_hash=split_hash,
        about=about,
    )


def _flat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[B, C, K, L] as rows [n, L]."""
    return values.reshape(-1, values.shape[-1])
