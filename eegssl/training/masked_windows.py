"""Draw masks for batches, count codes, and score masked validation windows."""

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.codes.tokens import Codes
from eegssl.corpus.windows import Batch
from eegssl.encoder.config import EncoderConfig
from eegssl.masking.config import MaskingConfig
from eegssl.masking.determined import determined, electrode_pairs
from eegssl.masking.draw import draw_masks
from eegssl.objectives.code_scores import CodeScores
from eegssl.objectives.masked_codes import MaskedCodes
from eegssl.signal.bands import BANDS_HZ, dominant_band
from eegssl.signal.channels.electrodes import Geometry
from eegssl.signal.channels.regions import REGIONS
from eegssl.training.batches import to_tensors
from eegssl.training.history import USAGE, read_usage

COMPARED = ("region", "random")
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


def masks_of(
    config: MaskingConfig,
    batch: Batch,
    codes: Codes,
    encoder: EncoderConfig,
    *,
    seed: int,
    step: int,
) -> NDArray[np.bool_]:
    """Masks [B, C, N] of a batch in patches of ``encoder``, each by seed, step and window.

    ``codes`` of the same windows hold the entropies that may weight the masks.
    """
    placed = Geometry(batch.positions, batch.located, batch.regions)
    n_samples = batch.signal_uv.shape[-1]
    return _masks(config, placed, n_samples, batch.index, codes, encoder, seed, step)


def masks_at(
    config: MaskingConfig,
    placed: Geometry,
    index: NDArray[np.int64],
    codes: Codes,
    encoder: EncoderConfig,
    *,
    seed: int,
    step: int,
) -> NDArray[np.bool_]:
    """As `masks_of`, of the windows of ``codes`` at ``index``, whose signals need not be there."""
    return _masks(config, placed, codes.windows.length, index, codes, encoder, seed, step)


def _masks(
    config: MaskingConfig,
    placed: Geometry,
    n_samples: int,
    index: NDArray[np.int64],
    codes: Codes,
    encoder: EncoderConfig,
    seed: int,
    step: int,
) -> NDArray[np.bool_]:
    return draw_masks(
        config,
        placed,
        n_samples // encoder.patch_samples,
        seed=seed,
        step=step,
        samples=index,
        weights=codes.entropy_of(index) if config.kind == "entropy" else None,
        patch_s=encoder.patch_samples / encoder.sfreq_hz,
    )


@torch.no_grad()
def masked_scores(
    model: MaskedCodes,
    masking: MaskingConfig,
    val: Codes,
    batch_size: int,
    train_counts: NDArray[np.int64],
) -> dict[str, float]:
    """Scores over all validation windows, by kind of mask; the masks are always the same.

    For `COMPARED` and the kind used in training: ``CodeScores.numbers``, by region of the head and
    by band of the patch; ``ratio_<kind>``, the share of patches hidden; and
    ``determined_<kind>``, the share of those that visible channels determine exactly. ``chance``
    is the accuracy of a uniform guess among all codes; ``train_counts`` [K] are the frequencies of
    codes in the training windows.
    """
    kinds = dict.fromkeys((*COMPARED, masking.kind))
    scores = {"chance": 1 / model.head.out_features}
    for kind in kinds:
        settings = masking.model_copy(update={"kind": kind})
        scores |= _scores_under(model, settings, val, batch_size, train_counts)
    return scores


def _scores_under(
    model: MaskedCodes,
    masking: MaskingConfig,
    val: Codes,
    batch_size: int,
    train_counts: NDArray[np.int64],
) -> dict[str, float]:
    device, encoder = next(model.parameters()).device, model.encoder.config
    scores = CodeScores(train_counts, (*REGIONS, *BANDS_HZ))
    n_all, n_hidden, n_determined = 0, 0, 0
    for index in val.windows.in_order(batch_size):
        batch = val.windows.batch(index)
        mask = masks_of(masking, batch, val, encoder, seed=0, step=0)
        hide = torch.from_numpy(mask).to(device)
        codes = torch.from_numpy(val.of(index)).to(device)
        logits = model.logits(*to_tensors(batch, device), hide)
        scores.add(logits, codes[hide], _groups(batch, encoder)[mask])
        n_all += mask.size
        n_hidden += int(mask.sum())
        n_determined += _count_determined(val, index, mask)
    return scores.numbers(masking.kind) | {
        f"ratio_{masking.kind}": n_hidden / n_all,
        f"determined_{masking.kind}": n_determined / n_hidden,
    }


def _groups(batch: Batch, encoder: EncoderConfig) -> NDArray[np.bool_]:
    """The regions and the band of each patch: bool [B, C, N, G]."""
    band = dominant_band(batch.signal_uv, encoder.patch_samples, encoder.sfreq_hz)
    bands = band[..., None] == np.arange(len(BANDS_HZ))
    regions = np.broadcast_to(batch.regions[:, :, None] > 0, (*band.shape, len(REGIONS)))
    return np.concatenate([regions, bands], axis=-1)


def _count_determined(val: Codes, index: NDArray[np.int64], mask: NDArray[np.bool_]) -> int:
    """Number of hidden patches in these windows that visible channels determine."""
    windows = val.windows
    montages = [windows.recordings[k].channels for k in windows.locate(index)[0]]
    count = 0
    for montage in dict.fromkeys(montages):
        rows = [row for row, channels in enumerate(montages) if channels == montage]
        count += int(determined(electrode_pairs(montage), mask[rows]).sum())
    return count
