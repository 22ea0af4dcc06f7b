"""Measure how irregular patches are, for entropy masks.

Multiscale fluctuation-based dispersion entropy: Azami et al., IEEE Access 7, 2019; one scale: Azami
and Escudero, Entropy 20:210, 2018. M4CEA (Feng et al., IEEE J Biomed Health Inform 2025, doi
10.1109/JBHI.2025.3590463) draws half of all patches in proportion to its mean over 5 scales; its
public code has the settings used here: embedding dimension 2, 6 classes, delay 1. It rescales the
first scale to its range besides; here, as published, all scales are classed alike.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

CLASSES = 6
SCALES = 5
_EDGES = tuple(NormalDist().inv_cdf(k / CLASSES) for k in range(1, CLASSES))
_PATTERNS = 2 * CLASSES - 1


def patch_entropy(signal_uv: NDArray[np.floating], patch_samples: int) -> NDArray[np.float32]:
    """Mean entropy over the scales, of each patch of ``signal_uv`` [..., T]: [..., N] in 0 … 1.

    1 is as irregular as can be: all steps between classes equally likely. Each patch is classed
    by its own mean and deviation, so its amplitude plays no part; a constant one gets 0. What is
    left of T at the end, less than a patch, is not used. Patches too short for a scale (two
    averages) leave it out.

    Raises InputError for patches of less than 2 samples and for signal that is not finite.
    """
    if patch_samples < 2 or not np.isfinite(signal_uv).all():
        raise InputError(
            f"got patches of {patch_samples} samples; expected 2 or more, of a finite signal"
        )
    n_patches = signal_uv.shape[-1] // patch_samples
    shape = (*signal_uv.shape[:-1], n_patches)
    cut = signal_uv[..., : n_patches * patch_samples].reshape(-1, patch_samples)
    patches = cut - cut.mean(axis=1, keepdims=True, dtype=np.float64).astype(cut.dtype)
    deviation = patches.std(axis=1, keepdims=True, dtype=np.float64)
    scaled = patches / np.where(deviation > 0, deviation, 1.0).astype(cut.dtype)
    scales = range(1, min(SCALES, patch_samples // 2) + 1)
    total = np.sum([_entropy(_coarse(scaled, scale)) for scale in scales], axis=0)
    mean = total / (len(scales) * np.log(_PATTERNS))
    return mean.reshape(shape).astype(np.float32)


def _coarse(patches: NDArray[np.floating], scale: int) -> NDArray[np.floating]:
    """Means of ``scale`` samples each: [M, P] to [M, P // scale]."""
    end = patches.shape[1] // scale * scale
    total = patches[:, 0:end:scale].copy()
    for k in range(1, scale):
        total += patches[:, k:end:scale]
    return total / total.dtype.type(scale)


def _entropy(scaled: NDArray[np.floating]) -> NDArray[np.float64]:
    """Entropy (nats) of the steps between the classes of neighbouring samples, by row: [M]."""
    classes = np.zeros(scaled.shape, dtype=np.int8)
    for edge in _EDGES:
        classes += scaled > scaled.dtype.type(edge)
    steps = np.diff(classes, axis=1) + np.int8(CLASSES - 1)
    cells = steps + _PATTERNS * np.arange(len(steps), dtype=np.int64)[:, None]
    counts = np.bincount(cells.reshape(-1), minlength=len(steps) * _PATTERNS)
    share = counts.reshape(len(steps), _PATTERNS) / steps.shape[1]
    return -np.sum(share * np.log(np.where(share > 0, share, 1.0)), axis=1)
