"""Change EEG in ways of which an embedding should know nothing.

Kinds as in Mohsenvand et al. (SeqCLR, ML4H 2020) and Rommel et al. (J. Neural Eng. 19:066020,
2022); their ranges are ours. Each change is drawn as a few numbers per window, in NumPy, where the
window is read, and made on the device, where nothing is drawn and nothing waited for.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.objectives.grain import GrainPlan

Drawn = dict[str, NDArray[np.generic]]
_POOL = 2**18
"""Numbers of white noise; a view has a stretch of them for each channel."""


class Change(nn.Module, ABC):
    """One kind of change of W views, each of a window of its own."""

    names: tuple[str, ...]
    """Names of what is drawn."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """Draw numbers for each of the B windows of a plan, arrays [B, ...] by name."""

    @abstractmethod
    def forward(self, signal_uv: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
        """Change ``signal_uv`` [W, C, T] by what was drawn for each of W views."""


class TimeShift(Change):
    """Cuts a view out of a window, from any sample."""

    names = ("begin",)

    def __init__(self, patches: int, patch_samples: int) -> None:
        super().__init__()
        self.samples = patches * patch_samples

    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """The first sample of a view."""
        return {"begin": rng.integers(self.samples + 1, size=plan.shape[0])}

    def forward(self, signal_uv: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
        """Views that are shorter by the largest shift."""
        n_windows, n_channels, n_samples = signal_uv.shape
        places = torch.arange(n_samples - self.samples, device=signal_uv.device)
        places = (drawn["begin"][:, None] + places)[:, None]
        return signal_uv.gather(2, places.expand(n_windows, n_channels, -1))


class RegionPermutation(Change):
    """Lets channels of one region exchange their samples; their places stay."""

    names = ("order",)

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """The channels [B, C] whose samples stand at each place."""
        n_windows, n_channels, _ = plan.shape
        order = np.tile(np.arange(n_channels), (n_windows, 1))
        permuted = np.flatnonzero(rng.random(n_windows) < self.chance)
        for row in permuted.tolist():
            inside = plan.placed.regions[row] > 0
            several = np.flatnonzero(inside.sum(axis=0) > 1)
            if len(several):
                members = np.flatnonzero(inside[:, rng.choice(several)])
                order[row, members] = rng.permutation(members)
        return {"order": order}

    def forward(self, signal_uv: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
        """Views whose channels stand in other places of a region."""
        return signal_uv.gather(1, drawn["order"][..., None].expand_as(signal_uv))


class SignFlip(Change):
    """Turns the sign of all channels of a view."""

    names = ("sign",)

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """1 or -1 for each window."""
        flipped = rng.random(plan.shape[0]) < self.chance
        return {"sign": np.where(flipped, -1, 1).astype(np.float32)}

    def forward(self, signal_uv: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
        """Views, some upside down."""
        return signal_uv * drawn["sign"][:, None, None]


class Amplitude(Change):
    """Scales each channel by a gain of its own."""

    names = ("gain",)

    def __init__(self, most_db: float) -> None:
        super().__init__()
        self.most_db = most_db

    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """Gains [B, C], even in decibels."""
        gain_db = rng.uniform(-self.most_db, self.most_db, plan.shape[:2])
        return {"gain": (10 ** (gain_db / 20)).astype(np.float32)}

    def forward(self, signal_uv: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
        """Views whose channels are weaker and stronger."""
        return signal_uv * drawn["gain"][..., None]


class Noise(Change):
    """Adds white noise, read from a pool that is made once."""

    names = ("noise_uv", "noise_from")
    pool: Tensor

    def __init__(self, most_uv: float) -> None:
        super().__init__()
        self.most_uv = most_uv
        white = np.random.default_rng(0).standard_normal(_POOL).astype(np.float32)
        pool = torch.from_numpy(white).to(torch.get_default_dtype())
        self.register_buffer("pool", pool, persistent=False)

    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """Root mean squares [B, C] in µV, and where in the pool a channel's noise begins."""
        rms_uv = rng.uniform(0, self.most_uv, plan.shape[:2]).astype(np.float32)
        return {"noise_uv": rms_uv, "noise_from": rng.integers(_POOL, size=plan.shape[:2])}

    def forward(self, signal_uv: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
        """Views with noise."""
        n_samples = signal_uv.shape[-1]
        endless = self.pool.repeat(-(-n_samples // _POOL) + 1)
        stretches = endless.unfold(0, n_samples, 1)  # a view of memory, a row from each number
        white = stretches.index_select(0, drawn["noise_from"].flatten()).view_as(signal_uv)
        return torch.addcmul(signal_uv, white, drawn["noise_uv"][..., None])


class BandStop(Change):
    """Removes a band of all channels of a view, by its Fourier transform."""

    names = ("stop_hz",)

    def __init__(self, width_hz: float, top_hz: float, sfreq_hz: float) -> None:
        super().__init__()
        self.width_hz, self.top_hz, self.sfreq_hz = width_hz, top_hz, sfreq_hz

    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """The lower edge of the band, in Hz."""
        last_hz = max(self.top_hz - self.width_hz, 0)
        return {"stop_hz": rng.uniform(0, last_hz, plan.shape[0]).astype(np.float32)}

    def forward(self, signal_uv: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
        """Views without a band."""
        n_samples, low_hz = signal_uv.shape[-1], drawn["stop_hz"][:, None]
        freqs_hz = torch.arange(n_samples // 2 + 1, device=signal_uv.device) * (
            self.sfreq_hz / n_samples
        )
        kept = (freqs_hz < low_hz) | (freqs_hz >= low_hz + self.width_hz)
        spectrum = torch.fft.rfft(signal_uv) * kept[:, None]
        return torch.fft.irfft(spectrum, n_samples)


class ChannelDropout:
    """Leaves channels out: an encoder takes them for padding (``present``)."""

    names = ("present",)

    def __init__(self, most: float) -> None:
        self.most = most

    def draw(self, rng: np.random.Generator, plan: GrainPlan) -> Drawn:
        """Which channels [B, C] are there."""
        n_windows, n_channels, _ = plan.shape
        n_dropped = (rng.uniform(0, self.most, n_windows) * n_channels).round()
        n_dropped = np.minimum(n_dropped, n_channels - 1)
        ranks = rng.random((n_windows, n_channels)).argsort(axis=1).argsort(axis=1)
        return {"present": ranks >= n_dropped[:, None]}
