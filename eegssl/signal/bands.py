"""Define the frequency bands of EEG, and find a patch's dominant one."""

import numpy as np
import numpy.typing as npt

BANDS_HZ: dict[str, tuple[float, float]] = {
    "delta": (0.5, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 70.0),
}
"""Band name -> lower edge (inside) and upper edge (outside) in Hz; up to 70 Hz, as preprocessed."""


def dominant_band(
    signal_uv: npt.NDArray[np.floating], patch_samples: int, sfreq_hz: float
) -> npt.NDArray[np.int64]:
    """The band of each patch of ``signal_uv`` [..., T], as its place in `BANDS_HZ`: [..., N].

    Ours: the band whose mean of power density times frequency is largest, from one Hann-tapered
    patch without its mean. Times frequency, because the background falls off with it, and delta
    would win everywhere. Bands without a bin (short patches, low rates) never win; a flat patch is
    delta.
    """
    n_patches = signal_uv.shape[-1] // patch_samples
    cut = signal_uv[..., : n_patches * patch_samples]
    patches = cut.reshape(*signal_uv.shape[:-1], n_patches, patch_samples)
    taper = np.hanning(patch_samples + 2)[1:-1].astype(patches.dtype)
    spectrum = np.fft.rfft((patches - patches.mean(axis=-1, keepdims=True)) * taper)
    hz = np.fft.rfftfreq(patch_samples, 1 / sfreq_hz)
    flattened = (spectrum.real**2 + spectrum.imag**2) * hz
    heights = []
    for low, high in BANDS_HZ.values():
        inside = (hz >= low) & (hz < high)
        empty = np.full(patches.shape[:-1], -np.inf)
        heights.append(flattened[..., inside].mean(axis=-1) if inside.any() else empty)
    return np.stack(heights, axis=-1).argmax(axis=-1)
