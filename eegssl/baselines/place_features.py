"""Describe windows by band power: by channel or by region."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.baselines.multitaper import by_region, log_multitaper_power
from eegssl.corpus.windows import Windows

Floats = NDArray[np.float64]
Features = Callable[[Windows], Floats]
"""Windows -> features [n, F]."""

_AT_ONCE = 256


def region_features(windows: Windows) -> Floats:
    """Multitaper power in 24 bands, mean over the channels of each brain region [n, R * 24]."""
    return _power(windows, by_region)


@dataclass(frozen=True)
class ChannelFeatures:
    """Multitaper power in 24 bands of each channel of one montage [n, C * 24]."""

    channels: tuple[str, ...]

    @classmethod
    def of(cls, windows: Windows) -> "ChannelFeatures":
        """For the channels that all recordings of training windows have by name."""
        return cls(windows.shared_channels())

    def __call__(self, windows: Windows) -> Floats:
        """Describe windows; raises InputError for recordings without all of the channels."""
        power = _power(windows.of_channels(self.channels), lambda power, regions: power)
        return power.reshape(len(windows), -1)


def _power(windows: Windows, describe: Callable[[Floats, NDArray[np.float32]], Floats]) -> Floats:
    """Describe band power [B, C, 24] and regions [B, C, R] of windows, in their order."""
    parts: list[Floats] = []
    order = list(windows.in_order(_AT_ONCE))
    for index in order:
        batch = windows.batch(index)
        power = log_multitaper_power(batch.signal_uv, windows.corpus.sfreq_hz)
        parts.append(describe(power, batch.regions))
    return np.concatenate(parts)[np.argsort(np.concatenate(order))]
