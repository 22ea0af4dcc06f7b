"""Embed windows layer by layer, changed, or without a region."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.baselines.band_power import band_power_features, log_band_power
from eegssl.corpus.windows import Windows
from eegssl.encoder.encoder import Encoder
from eegssl.errors import InputError
from eegssl.training.batches import to_tensors

Floats = NDArray[np.float64]
Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Signals [B, C, T] in µV -> signals in their place."""

ENCODER, RANDOM, POWER = "encoder", "random weights", "band power"
"""The encoder, one of its architecture with weights as drawn, and features without any."""
SPACES = (ENCODER, RANDOM, POWER)


@dataclass(frozen=True)
class Embedder:
    """An encoder and its like with random weights; each window is a mean over channels, patches."""

    encoder: Encoder
    untrained: Encoder
    batch_size: int

    @property
    def device(self) -> torch.device:
        """Where the encoders are."""
        return self.encoder.mask_token.device

    @torch.no_grad()
    def layers(self, windows: Windows) -> tuple[Floats, Floats]:
        """Embeddings at every depth, of the encoder and with random weights: [L + 1, n, D] each."""
        depth = len(self.encoder.blocks) + 1
        both = np.empty((2, depth, len(windows), self.encoder.config.width))
        for index in windows.in_order(self.batch_size):
            inputs = to_tensors(windows.batch(index), self.device)
            for k, encoder in enumerate((self.encoder, self.untrained)):
                for depth, layer in enumerate(encoder.layers(*inputs)):
                    both[k, depth, index] = layer.mean(dim=(1, 2)).cpu().double().numpy()
        _require_finite(both[0])
        return both[0], both[1]

    @torch.no_grad()
    def spaces(self, windows: Windows, change: Change) -> dict[str, Floats]:
        """Features [n, ...] of changed windows by name of `SPACES`."""
        spaces: dict[str, Floats] = {}
        for index in windows.in_order(self.batch_size):
            batch = windows.batch(index)
            signal_uv = change(batch.signal_uv)
            placed = to_tensors(batch, self.device)[1:]
            signal = torch.from_numpy(signal_uv).to(self.device)
            rows = {
                ENCODER: self.encoder(signal, *placed).mean(dim=(1, 2)).cpu().double().numpy(),
                RANDOM: self.untrained(signal, *placed).mean(dim=(1, 2)).cpu().double().numpy(),
                POWER: band_power_features(signal_uv, windows.corpus.sfreq_hz),
            }
            for name, values in rows.items():
                spaces.setdefault(name, np.empty((len(windows), values.shape[1])))[index] = values
        _require_finite(spaces[ENCODER])
        return spaces

    @torch.no_grad()
    def without_region(self, windows: Windows, region: int) -> "WithoutRegion":
        """Embed the windows with channels in a region and elsewhere, without those in it."""
        places, rows = [np.zeros(0, np.int64)], [np.zeros((0, self.encoder.config.width))]
        left_out = [np.zeros(0)]
        for index in windows.in_order(self.batch_size):
            inside = windows.geometry(index).regions[:, :, region] > 0
            index = index[inside.any(axis=1) & ~inside.all(axis=1)]
            if not len(index):
                continue
            batch = windows.batch(index)
            kept = batch.regions[:, :, region] == 0
            present = torch.from_numpy(kept).to(self.device)
            embedded = self.encoder(*to_tensors(batch, self.device), present=present)
            total = embedded.sum(dim=(1, 2)).cpu().double().numpy()
            places.append(index)
            left_out.append((~kept).sum(axis=1))
            rows.append(total / (kept.sum(axis=1, keepdims=True) * embedded.shape[2]))
        return WithoutRegion(np.concatenate(places), np.concatenate(rows), np.concatenate(left_out))


@dataclass(frozen=True)
class WithoutRegion:
    """M windows that lost the channels of a region."""

    places: NDArray[np.int64]
    """[M], of all windows."""
    embeddings: Floats
    """[M, D]"""
    n_left_out: Floats
    """[M], channels."""


def band_powers(windows: Windows, batch_size: int) -> tuple[Floats, Floats]:
    """Features of band power [n, 20], and each band's log power, mean over channels: [n, 5]."""
    features, powers = [np.empty((len(windows), k)) for k in (20, 5)]
    for index in windows.in_order(batch_size):
        signal_uv = windows.batch(index).signal_uv
        features[index] = band_power_features(signal_uv, windows.corpus.sfreq_hz)
        powers[index] = log_band_power(signal_uv, windows.corpus.sfreq_hz).mean(axis=1)
    return features, powers


def _require_finite(embeddings: Floats) -> None:
    if not np.isfinite(embeddings).all():
        raise InputError(
            "an embedding of this encoder is not finite, so nothing can be read of it: take the "
            "encoder of another training, of a lower training.lr"
        )
