"""Score pretraining's objectives on validation windows."""

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.codes.tokens import Codes
from eegssl.corpus.windows import Windows
from eegssl.encoder.config import EncoderConfig
from eegssl.masking.config import Kind
from eegssl.masking.determined import determined, electrode_pairs
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.weighted_sum import WeightedSum
from eegssl.signal.bands import BANDS_HZ, dominant_band
from eegssl.signal.channels.regions import REGIONS
from eegssl.tokenizer.ranks import one_rank
from eegssl.training.history import USAGE, read_usage
from eegssl.training.pretraining.grain_reader import GrainReader

COMPARED: tuple[Kind, ...] = ("region", "random")
"""Kinds of masks with which every encoder is scored, whichever it was trained with."""


def code_counts(tokens: Artifact, train: Codes) -> NDArray[np.int64]:
    """How often each of K codes occurs in these windows of training recordings: [K].

    Where they are all that there are, `tokenize` has counted them; else their codes are read.
    """
    windows = train.windows
    every = [r.id for r in windows.corpus.of_split("train") if r.n_samples >= windows.length]
    counts = read_usage(tokens / USAGE)["train"]
    n_patches = train.patches_per_window * windows.total_channels
    if [r.id for r in windows.recordings] == every and counts.sum() == n_patches:
        return counts
    return train.counts()


@torch.no_grad()
def validation_scores(model: WeightedSum, val: GrainReader, batch_size: int) -> dict[str, float]:
    """Scores over all validation windows; masks and draws are always the same.

    Where patches are hidden, by kind of mask: for `COMPARED` and the kind used in training,
    ``<score>_<kind>`` of every objective, by region of the head and by band of the patch if it can;
    ``ratio_<kind>``, the share of patches hidden; and ``determined_<kind>``, the share of those
    that visible channels determine exactly. With several objectives the scores of each begin with
    its name, and ``loss`` is their weighted sum.
    """
    with one_rank():  # the others don't validate
        if val.masking is None:
            return _scores(model, val, batch_size, "")
        scores: dict[str, float] = {}
        for kind in dict.fromkeys((*COMPARED, val.masking.kind)):
            scores |= _scores(model, val.under(kind), batch_size, f"_{kind}")
        return scores


def _scores(model: WeightedSum, val: GrainReader, batch_size: int, suffix: str) -> dict[str, float]:
    """Scores under one kind of mask, or without masks."""
    scorers = {name: each.scorer() for name, each in model.objectives.items()}
    n_all, n_hidden, n_determined = 0, 0, 0
    for number, index in enumerate(val.windows.in_order(batch_size)):
        plan = val.plan(index, seed=0, step=0, number=number)
        grain = val.grain(plan, model)
        groups = _groups(grain, plan, val.encoder)
        for scorer in scorers.values():
            scorer.add(grain, groups)
        if plan.mask is not None:
            n_all += plan.mask.size
            n_hidden += int(plan.mask.sum())
            n_determined += _count_determined(val.windows, index, plan.mask)
    numbers = model.scores({name: each.numbers(suffix) for name, each in scorers.items()}, suffix)
    if n_all:
        numbers[f"ratio{suffix}"] = n_hidden / n_all
        numbers[f"determined{suffix}"] = n_determined / n_hidden
    return numbers


def _groups(grain: Grain, plan: GrainPlan, encoder: EncoderConfig) -> dict[str, NDArray[np.bool_]]:
    """Patches [B, C, N] of each region and of each band."""
    signal_uv = grain["signal_uv"].cpu().numpy()
    band = dominant_band(signal_uv, encoder.patch_samples, encoder.sfreq_hz)
    inside = np.broadcast_to(plan.placed.regions[:, :, None] > 0, (*band.shape, len(REGIONS)))
    regions = {name: inside[..., k] for k, name in enumerate(REGIONS)}
    return regions | {name: band == k for k, name in enumerate(BANDS_HZ)}


def _count_determined(windows: Windows, index: NDArray[np.int64], mask: NDArray[np.bool_]) -> int:
    """Number of hidden patches in these windows that visible channels determine."""
    montages = [windows.recordings[k].channels for k in windows.locate(index)[0]]
    count = 0
    for montage in dict.fromkeys(montages):
        rows = [row for row, channels in enumerate(montages) if channels == montage]
        count += int(determined(electrode_pairs(montage), mask[rows]).sum())
    return count
