"""Cut a signal into patches.

Each patch is embedded without its neighbours: a filter over the window would leak hidden samples
into visible tokens.
"""

from torch import Tensor

from eegssl.errors import InputError


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
