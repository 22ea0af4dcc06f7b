"""Embed windows layer by layer, changed, or without a region."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.baselines.band_power import band_power_features, log_band_power
from eegssl.corpus.windows import Batch, Windows
from eegssl.encoder.encoder import Encoder
from eegssl.errors import InputError
from eegssl.training.batches import to_tensors

Floats = NDArray[np.float64]
Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Signals [B, C, T] in µV -> signals in their place."""

ENCODER, RANDOM, POWER = "encoder", "random weights", "band power"
"""The encoder, one of its architecture with weights as drawn, and features without any."""
SPACES = (ENCODER, RANDOM, POWER)
_STREAM = int.from_bytes(b"others", "big")


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
    def without_region(self, windows: Windows, region: int, seed: int) -> "WithoutRegion":
        """Embed windows without the channels in a region, and without as many others.

        Of windows that have channels in it and as many elsewhere. The others are drawn for each
        window, by seed.
        """
        n_channels = int(windows.n_channels.max())
        order = np.random.default_rng([seed, region, _STREAM]).random((len(windows), n_channels))
        places, n_left_out = [np.zeros(0, np.int64)], [np.zeros(0)]
        rows = [np.zeros((2, 0, self.encoder.config.width))]
        for index in windows.in_order(self.batch_size):
            inside = windows.geometry(index).regions[:, :, region] > 0
            n_inside = inside.sum(axis=1)
            possible = (n_inside > 0) & (2 * n_inside <= inside.shape[1])
            index, inside, n_inside = index[possible], inside[possible], n_inside[possible]
            if not len(index):
                continue
            batch = windows.batch(index)
            rank = np.where(inside, np.inf, order[index, : inside.shape[1]]).argsort(1).argsort(1)
            left_out = inside, rank < n_inside[:, None]
            places.append(index)
            n_left_out.append(n_inside)
            rows.append(np.stack([self._without(batch, some) for some in left_out]))
        embeddings, others = np.concatenate(rows, axis=1)
        return WithoutRegion(np.concatenate(places), embeddings, others, np.concatenate(n_left_out))

    def _without(self, batch: Batch, left_out: NDArray[np.bool_]) -> Floats:
        """Mean embeddings [B, D] of windows that lose the channels ``left_out`` [B, C]."""
        kept = torch.from_numpy(~left_out).to(self.device)
        embedded = self.encoder(*to_tensors(batch, self.device), present=kept)
        total = embedded.sum(dim=(1, 2)).cpu().double().numpy()
        mean: Floats = total / ((~left_out).sum(axis=1, keepdims=True) * embedded.shape[2])
        return mean


@dataclass(frozen=True)
class WithoutRegion:
    """M windows that lost the channels of a region, and in their place as many others."""

    places: NDArray[np.int64]
    """[M], of all windows."""
    embeddings: Floats
    """[M, D]"""
    without_others: Floats
    """[M, D], of as many channels elsewhere, drawn at random."""
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
