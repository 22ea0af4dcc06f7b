"""A second encoder architecture is one file and one line: nothing else knows EpilepsyFM."""

import torch
from objective_grains import codes_model, grain
from torch import Tensor, nn

from eegssl.adaptation.classifier import build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.adaptation.groups import parameter_groups
from eegssl.adaptation.lora import lora_updates
from eegssl.encoder.architectures import ARCHITECTURES, build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.transformer import Block


class OneBlockConfig(EncoderConfig):
    """Settings of `OneBlock`."""


class OneBlock(Encoder):
    """One linear map of patches and one block."""

    def __init__(self, config: OneBlockConfig) -> None:
        super().__init__()
        self.config = config
        self.mask_token = nn.Parameter(torch.randn(config.width))
        self.map = nn.Linear(config.patch_samples, config.width)
        self.block = Block(config.width, config.heads, config.ffn, config.dropout)
        self.last = nn.LayerNorm(config.width)

    def forward(
        self, signal_uv: Tensor, *geometry: Tensor, mask=None, present=None, **_: Tensor
    ) -> Tensor:
        patches = self.map(signal_uv.unflatten(-1, (-1, self.config.patch_samples)) / 100)
        mask = geometry[3] if len(geometry) > 3 else mask
        if mask is not None:
            patches = torch.where(mask[..., None], self.mask_token, patches)
        tokens = self.last(self.block(patches.flatten(1, 2)))
        return tokens.unflatten(1, patches.shape[1:3])

    def layers(self, signal_uv: Tensor, *geometry: Tensor):
        yield self.map(signal_uv.unflatten(-1, (-1, self.config.patch_samples)) / 100)
        yield self(signal_uv, *geometry)

    def summarise(self, *window: Tensor) -> Tensor:
        raise AssertionError("no summary token")

    embedders = property(lambda self: [self.map])
    blocks = property(lambda self: [self.block])
    norm = property(lambda self: self.last)


def test_another_architecture_serves_objectives_heads_and_lora(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, OneBlockConfig, OneBlock)
    encoder = build_encoder(OneBlockConfig(width=16, heads=2, ffn=32), seed=0)
    signal = 50 * torch.randn(2, 3, 400)
    geometry = torch.zeros(2, 3, 2, 3), torch.zeros(2, 3, 2, dtype=torch.bool), torch.zeros(2, 3, 8)
    mask = torch.rand(2, 3, 2) < 0.5
    objective = codes_model(encoder, 8)
    assert objective(grain(signal, *geometry, mask, mask.long()))["loss"].isfinite()
    config = AdaptationConfig(kind="lora")
    classifier = build_classifier(encoder, 2, config, seed=0)
    with lora_updates(encoder, config, seed=0) as facts:
        assert classifier(signal, *geometry).shape == (2, 2)
        names = {group["name"] for group in parameter_groups(classifier, 1e-3, 0.05)}
    assert facts["lora"]["layers"] == 4
    assert {"head", "block0"} <= names
