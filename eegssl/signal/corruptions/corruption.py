"""Define a corruption: a change of a window, of known size.

Draws depend on the seed, the kind, the recording and the window's first sample, and on nothing
else: every system meets the same EEG, at any batch size. They do not depend on the severity: a
higher one makes the same disturbance larger, so that a curve is about severity alone (ours).
"""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from eegssl.signal.channels.electrodes import Channel, parse_channel
from eegssl.signal.channels.regions import region_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Site:
    """The recording that a window is cut from.

    ``size_uv`` [C] is the typical deviation of each channel; ``band_hz`` its pass band; ``line_hz``
    its mains, None where nobody knows it.
    """

    recording: str
    names: tuple[str, ...]
    sfreq_hz: float
    band_hz: tuple[float, float]
    line_hz: float | None = None
    size_uv: Floats = field(default_factory=lambda: np.zeros(0), compare=False)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """Its channels as read from their names."""
        return tuple(parse_channel(name) for name in self.names)

    @cached_property
    def regions(self) -> tuple[frozenset[str], ...]:
        """The regions in which the electrodes of each channel lie."""
        return tuple(
            frozenset(region for e in one.electrodes if (region := region_of(e)))
            for one in self.channels
        )


@dataclass(frozen=True)
class Draws:
    """The random numbers of one window, by kind of corruption."""

    seed: int
    kind: str
    site: Site
    start: int
    """First sample of the window."""

    def of_recording(self) -> np.random.Generator:
        """A generator that is the same for all windows of the recording."""
        return np.random.default_rng([self.seed, _number(f"{self.kind} {self.site.recording}")])

    def of_window(self) -> np.random.Generator:
        """A generator of this window's own."""
        named = _number(f"{self.kind} {self.site.recording}")
        return np.random.default_rng([self.seed, named, 1 + self.start])


class Corruption(ABC):
    """A way to disturb windows, with five levels of growing severity."""

    name: ClassVar[str]
    words: ClassVar[str]
    """Its title on pages."""
    unit: ClassVar[str]
    """What its levels are, with the unit."""
    levels: ClassVar[tuple[float, ...]]
    """Those of severity 1 to 5 (ours)."""
    bounds: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    """The least and the largest level that means anything."""
    ascending: ClassVar[bool] = True
    """Whether a higher level is more severe."""

    def problem(self, levels: tuple[float, ...]) -> str:
        """What is wrong with levels of the user's own; empty for none."""
        low, high = self.bounds
        if any(not low <= level <= high for level in levels):
            return f"expected levels ({self.unit}) from {low:g} to {high:g}"
        if list(levels) != sorted(levels, reverse=not self.ascending):
            return f"expected levels ({self.unit}) from mild to severe"
        return ""

    def lacks(self, site: Site) -> str:
        """Why this can't be done to a recording; empty where it can."""
        return ""

    def assumed(self, site: Site) -> str:
        """What is taken for something that the recording does not say; empty for nothing."""
        return ""

    @abstractmethod
    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """A corrupted copy of all channels of a window [C, T], in µV."""


def band_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    sfreq_hz: float,
    band_hz: tuple[float, float],
    slope: float = 0.0,
) -> Floats:
    """Gaussian noise [C, T] of mean square 1 on average, with power as ``f ** -slope`` in a band.

    Raises ValueError where no frequency of the window lies in the band.
    """
    n = shape[1]
    freqs_hz = np.fft.rfftfreq(n, 1 / sfreq_hz)
    inside = (freqs_hz >= band_hz[0]) & (freqs_hz <= band_hz[1]) & (freqs_hz > 0)
    inside &= freqs_hz < sfreq_hz / 2
    if not inside.any():
        raise ValueError(f"got no frequency of {n} samples from {band_hz[0]:g} to {band_hz[1]:g}")
    power = np.where(inside, np.maximum(freqs_hz, freqs_hz[1]) ** -slope, 0.0)
    parts: NDArray[Any] = rng.standard_normal((shape[0], len(freqs_hz), 2))
    spectrum = (parts[..., 0] + 1j * parts[..., 1]) * np.sqrt(power / power.sum())
    return np.asarray(np.fft.irfft(spectrum, n, axis=1) * n / 2, dtype=np.float64)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
