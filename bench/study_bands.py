"""Pretrain by another objective: the amplitudes of twelve bands of every hidden patch."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import Batch, Windows, tile
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.patches import to_patches
from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_masks
from eegssl.signal.channels.electrodes import Geometry
from eegssl.tokenizer.spectrum import spectrum_of
from eegssl.training.batches import to_tensors
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.loop import fit
from eegssl.training.history import METRICS

EDGES = (1, 2, 4, 6, 8, 10, 12, 15, 19, 25, 32, 44, 71)
"""First bins of 1 Hz of the bands, and one beyond the last."""
MASKS = MaskingConfig(kind="region", ratio=0.5, exact=True)
CPU = torch.device("cpu")


class MaskedBands(nn.Module):
    """An encoder, and a linear head that gives standardised log amplitudes of hidden patches."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.width, len(EDGES) - 1)
        self.register_buffer("mean", torch.zeros(len(EDGES) - 1))
        self.register_buffer("deviation", torch.ones(len(EDGES) - 1))

    def loss(self, batch: Batch, seed: int, step: int) -> Tensor:
        """Mean absolute error of hidden patches."""
        tensors = to_tensors(batch, CPU)
        patches = to_patches(tensors[0], self.encoder.config.patch_samples)
        geometry = Geometry(batch.positions, batch.located, batch.regions)
        drawn = draw_masks(
            MASKS, geometry, patches.shape[2], seed=seed, step=step, samples=batch.index
        )
        mask = torch.from_numpy(drawn)
        target = (log_bands(patches[mask]) - self.mean) / self.deviation
        return (self.head(self.encoder(*tensors, mask)[mask]) - target).abs().mean()


def log_bands(patches_uv: Tensor) -> Tensor:
    """Mean log amplitude in each band of patches [..., P] under a taper: [..., 12]."""
    log_amplitude = spectrum_of(patches_uv / 100, EDGES[-1]).log_amplitude
    bands = [log_amplitude[..., a:b].mean(dim=-1) for a, b in pairwise(EDGES)]
    return torch.stack(bands, dim=-1)


def pretrained_on_bands(
    recordings: Path, config: EncoderConfig, steps: int, window_s: float, seed: int, folder: Path
) -> Encoder:
    """An encoder trained like the reference, with bands in place of codes; kept in ``folder``."""
    folder.mkdir(exist_ok=True)
    weights, encoder = folder / "encoder.safetensors", build_encoder(config, seed)
    if weights.exists():
        encoder.load_state_dict(load_file(weights))
        return encoder.eval()
    corpus = open_corpus([recordings])
    train, val = (tile(corpus, corpus.of_split(name), window_s) for name in ("train", "val"))
    torch.manual_seed(seed)
    model = MaskedBands(encoder)
    places = np.random.default_rng(seed).permutation(len(train))[:400]
    some = train.subset(np.sort(places))
    parts = [some.batch(index) for index in some.in_order(64)]
    bands = torch.cat([_of_window(part, config) for part in parts])
    model.mean.copy_(bands.mean(dim=0))
    model.deviation.copy_(bands.std(dim=0))
    fit(
        model,
        lambda k: {"loss": model.loss(train.batch(train.draw(16, seed=seed, step=k)), seed, k)},
        TrainingConfig(steps=steps, validate_every=100, patience=4),
        seed=seed,
        folder=folder,
        metrics=folder / METRICS,
        validate=lambda: {"loss": _validated(model, val)},
        monitor="loss",
        lower_is_better=True,
    )
    save_file(model.encoder.state_dict(), weights)
    return model.encoder.eval()


def _of_window(batch: Batch, config: EncoderConfig) -> Tensor:
    patches = to_patches(torch.from_numpy(batch.signal_uv), config.patch_samples)
    return log_bands(patches).flatten(0, 2)


@torch.no_grad()
def _validated(model: MaskedBands, val: Windows) -> float:
    """Loss over all validation windows, always under the same masks."""
    losses = [float(model.loss(val.batch(index), 0, 0)) for index in val.in_order(64)]
    return float(np.mean(losses))
