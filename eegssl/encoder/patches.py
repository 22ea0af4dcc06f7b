"""Cut signals into patches, and normalise them by a window's visible samples.

A patch is embedded without its neighbours, and normalised without hidden samples: either would leak
what is hidden into visible tokens. Ours: statistics are taken over all channels together, so that
a focal seizure stays louder than the rest of the head, and a flat channel is not amplified.
"""

import torch
from torch import Tensor

from eegssl.errors import InputError

_FLAT_UV = 0.1  # a deviation that counts as none
_QUIET_UV = 10.0  # the least deviation that a limit is counted from
_QUARTILES_PER_DEVIATION = 1.349  # of a normal distribution


def to_patches(signal: Tensor, patch_samples: int) -> Tensor:
    """Cut a signal [B, C, T] into patches [B, C, N, P].

    Raises InputError unless T is a multiple of ``patch_samples``.
    """
    if signal.ndim != 3 or signal.shape[-1] == 0 or signal.shape[-1] % patch_samples:
        raise InputError(
            f"expected a signal [B, C, T] with T a multiple of patch_samples={patch_samples}; "
            f"got {tuple(signal.shape)}: cut the windows to whole patches"
        )
    return signal.unflatten(-1, (-1, patch_samples))


def clip(patches_uv: Tensor, visible: Tensor | None, sigma: float) -> Tensor:
    """Cut ``patches_uv`` [B, C, N, P] to ``sigma`` robust deviations around each window's median.

    Median and deviation (from the quartiles) are those of the window's visible samples, all
    channels together: a standard deviation would grow with the artefact that it should cut. A
    deviation counts as 10 µV at least, so that bursts in a suppressed EEG stay whole. Patches that
    are not ``visible`` [B, C, N] change nothing. Ours.
    """
    centre, deviation = _quartiles(patches_uv, visible)
    limit = sigma * deviation.clamp_min(_QUIET_UV)
    return patches_uv.clamp(centre - limit, centre + limit)


def normalise(patches_uv: Tensor, visible: Tensor | None, kind: str, scale_uv: float) -> Tensor:
    """Scale ``patches_uv`` [B, C, N, P] to about 1; patches not ``visible`` [B, C, N] become 0.

    Nothing of a patch that is not visible, NaN included, reaches any output.
    """
    if visible is not None:
        patches_uv = torch.where(visible[..., None], patches_uv, 0)
    if kind == "scale":
        return patches_uv / scale_uv
    centre, deviation = _KINDS[kind](patches_uv, visible)
    scaled = (patches_uv - centre) / (deviation.square() + _FLAT_UV**2).sqrt()
    return scaled if visible is None else torch.where(visible[..., None], scaled, 0)


def _moments(patches: Tensor, visible: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each window's visible samples: [B, 1, 1, 1]."""
    seen = torch.ones_like(patches[..., 0]) if visible is None else visible.to(patches.dtype)
    count = (seen.sum(dim=(1, 2), keepdim=True) * patches.shape[-1]).clamp_min(1)[..., None]
    mean = patches.sum(dim=(1, 2, 3), keepdim=True) / count
    spread = ((patches - mean) * seen[..., None]).square().sum(dim=(1, 2, 3), keepdim=True)
    return mean, (spread / count).sqrt()


def _quartiles(patches: Tensor, visible: Tensor | None) -> tuple[Tensor, Tensor]:
    """Median, and deviation from the quartiles, of each window's visible samples."""
    seen = torch.ones_like(patches[..., 0], dtype=torch.bool) if visible is None else visible
    ordered = patches.masked_fill(~seen[..., None], torch.inf).flatten(1).sort(dim=1).values
    last = seen.sum(dim=(1, 2)) * patches.shape[-1] - 1
    ranks = [(last * quarter // 4).clamp_min(0)[:, None] for quarter in (1, 2, 3)]
    low, middle, high = (
        ordered.gather(1, rank).nan_to_num(posinf=0)[..., None, None] for rank in ranks
    )
    return middle, (high - low) / _QUARTILES_PER_DEVIATION


_KINDS = {"zscore": _moments, "robust": _quartiles}
