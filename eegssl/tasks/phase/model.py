"""Build the head that forecasts phases and frequencies.

Per channel and band it turns and stretches a base phasor: z = base (1 + c), with complex c from a
linear map of LayerNorm-ed embeddings at lead times (knots) that lie denser near t. A frequency is
the context's dominant one, moved within its band. The last layer starts at 0: it begins as its
base. All of it is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.encoder import Encoder
from eegssl.tasks.forecast.data import Context, Horizon
from eegssl.tasks.forecast.methods.encoder_network import EncoderNetwork
from eegssl.tasks.forecast.methods.training_steps import Prepared, from_nothing
from eegssl.tasks.phase.config import PhaseBase, PhaseHeadConfig, PhaseTaskConfig

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]

_SMALL = 1e-6
_GROWTH = 0.1  # knots lie this share of the lead time apart, once that is more than knot_s


@dataclass(frozen=True)
class PhaseAhead:
    """Forecasts of B contexts: phases ``rad`` [B, C, K, L] at the lead samples asked for,
    and frequencies ``hz`` [B, C, K]."""

    rad: Floats
    hz: Floats


def knot_samples(horizon: Horizon, config: PhaseHeadConfig) -> Samples:
    """Samples [Q] of the target at which corrections are learned, the first and last among them."""
    at_s = [0.0]
    while at_s[-1] < horizon.seconds:
        at_s.append(at_s[-1] + max(config.knot_s, _GROWTH * at_s[-1]))
    last = horizon.target_samples - 1
    return np.unique(np.minimum(np.round(np.array(at_s) * horizon.sfreq_hz), last)).astype(np.int64)


class PhaseHead(EncoderNetwork):
    """The encoder, and on it what corrects the base of each band (``bases``, a name a band)."""

    band_hz: Tensor
    """[K, 2], where bands begin and end."""

    def __init__(
        self,
        encoder: Encoder,
        horizon: Horizon,
        task: PhaseTaskConfig,
        bases: Sequence[PhaseBase],
        frozen: bool,
    ) -> None:
        super().__init__(encoder, horizon, task.head.window_s, frozen)
        self.task, self.bases = task, tuple(bases)
        self.knots = knot_samples(horizon, task.head)
        width = (self.patches + 1) * encoder.config.width
        self.norm = nn.LayerNorm(width)
        self.head = from_nothing(width, len(self.bases) * (2 * len(self.knots) + 1))
        bands = np.array(list(task.phase.bands.values()), dtype=np.float32)
        self.register_buffer("band_hz", torch.from_numpy(bands), persistent=False)

    def read(self, context: Context) -> Prepared:
        """Inputs of the head: ``read`` [B, C, F] of a frozen encoder, else signal and geometry."""
        placed = self.geometry(context)
        used = min(self.task.head.windows * self.window, context.signal_uv.shape[-1])
        signal_uv = self.tensor(context.signal_uv[..., -used:])
        if not self.frozen:
            return placed | {"signal_uv": signal_uv}
        with torch.no_grad():
            return {"read": self.features(signal_uv, placed)}

    def corrections(self, prepared: Prepared) -> tuple[Tensor, Tensor]:
        """Complex corrections c [B, C, K, Q] at the knots, and moves of the frequency [B, C, K],
        from -1 (lower end of the band) to 1 (upper end)."""
        read = prepared.get("read")
        if read is None:
            read = self.features(prepared["signal_uv"], prepared)
        output = self.head(self.norm(read)).float().unflatten(-1, (len(self.bases), -1))
        move, parts = output[..., 0].tanh(), output[..., 1:]
        return torch.complex(*parts.unflatten(-1, (2, -1)).unbind(-2)), move

    def moved_hz(self, centres_hz: Tensor, move: Tensor) -> Tensor:
        """Frequencies [B, C, K] moved from ``centres_hz`` towards an end of their bands."""
        low, high = self.band_hz.unbind(-1)
        room = torch.where(move > 0, high - centres_hz, centres_hz - low).clamp(min=0)
        return centres_hz + move * room

    @torch.no_grad()
    def correct(
        self, context: Context, centres_hz: Floats, bases: dict[PhaseBase, Floats], leads: Samples
    ) -> PhaseAhead:
        """Forecast contexts [B, C, Tc] in µV at target samples ``leads`` [L].

        From their dominant frequencies ``centres_hz`` and ``bases`` [B, C, K, L] at these leads.
        """
        self.eval()
        c, move = self.corrections(self.read(context))
        turn = np.angle(1 + _between(c.cpu().numpy().astype(np.complex128), self.knots, leads))
        hz = self.moved_hz(self.tensor(centres_hz), move).cpu().double().numpy()
        return PhaseAhead(self.chosen(bases) + turn, hz)

    def chosen(self, bases: dict[PhaseBase, Floats]) -> Floats:
        """Of phases [B, C, K, L] by both bases those of each band's own."""
        return np.stack([bases[name][..., k, :] for k, name in enumerate(self.bases)], axis=-2)


def cosine_of_error(c: Tensor, base: Tensor, truth: Tensor) -> Tensor:
    """Cosine [...] of the error of base (1 + c); ``base`` and ``truth`` are phasors of length 1."""
    z = base * (1 + c)
    return (z * truth.conj()).real / z.abs().clamp(min=_SMALL)


def build_phase_head(
    encoder: Encoder,
    horizon: Horizon,
    task: PhaseTaskConfig,
    bases: Sequence[PhaseBase],
    frozen: bool,
) -> PhaseHead:
    """The head, untrained: it answers as its bases do. Raises ConfigError as `EncoderNetwork`."""
    with torch.random.fork_rng(devices=[]):
        return PhaseHead(encoder, horizon, task, bases, frozen)


def _between(c: NDArray[np.complex128], knots: Samples, leads: Samples) -> NDArray[np.complex128]:
    """Corrections [..., Q] at the knots, interpolated to ``leads`` [L] by straight lines."""
    above = np.clip(np.searchsorted(knots, leads, side="right"), 1, len(knots) - 1)
    if len(knots) == 1:
        return np.repeat(c, len(leads), axis=-1)
    share = np.clip((leads - knots[above - 1]) / (knots[above] - knots[above - 1]), 0, 1)
    return c[..., above - 1] * (1 - share) + c[..., above] * share
