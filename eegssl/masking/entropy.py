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
_AT_ONCE = 1024  # patches; bounds the memory


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
    cut = signal_uv[..., : n_patches * patch_samples].reshape(-1, patch_samples)
    entropies = np.empty(len(cut), dtype=np.float32)
    for first in range(0, len(cut), _AT_ONCE):
        entropies[first : first + _AT_ONCE] = _mean_entropy(cut[first : first + _AT_ONCE])
    return entropies.reshape(*signal_uv.shape[:-1], n_patches)


def _mean_entropy(cut: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean entropy over the scales of patches [M, P], as a share of the highest: [M]."""
    patches = cut - cut.mean(axis=1, keepdims=True, dtype=np.float64).astype(cut.dtype)
    deviation = patches.std(axis=1, keepdims=True, dtype=np.float64)
    scaled = patches / np.where(deviation > 0, deviation, 1.0).astype(cut.dtype)
    across = np.ascontiguousarray(scaled.T)
    scales = range(1, min(SCALES, len(across) // 2) + 1)
    total: NDArray[np.float64] = np.sum([_entropy(_coarse(across, k)) for k in scales], axis=0)
    return total / (len(scales) * np.log(_PATTERNS))


def _coarse(across: NDArray[np.floating], scale: int) -> NDArray[np.floating]:
    """Means of ``scale`` samples each: [P, M] to [P // scale, M]."""
    end = len(across) // scale * scale
    total = across[0:end:scale].copy()
    for k in range(1, scale):
        total += across[k:end:scale]
    return total / total.dtype.type(scale)


def _entropy(across: NDArray[np.floating]) -> NDArray[np.float64]:
    """Entropy (nats) of the steps between the classes of neighbouring samples [P, M]: [M].

    Patches lie side by side, so that counts are sums of rows.
    """
    classes = np.zeros(across.shape, dtype=np.int8)
    for edge in _EDGES:
        classes += (across > across.dtype.type(edge)).view(np.int8)
    steps = np.diff(classes, axis=0)
    counts = np.empty((steps.shape[1], _PATTERNS))
    kind = np.min_scalar_type(len(steps))
    for k in range(_PATTERNS):
        hits = (steps == k + 1 - CLASSES).view(np.uint8)
        counts[:, k] = np.add.reduce(hits, axis=0, dtype=kind)
    share = counts / len(steps)
    return -np.sum(share * np.log(np.where(share > 0, share, 1.0)), axis=1)
