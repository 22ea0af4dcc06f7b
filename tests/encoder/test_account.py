"""What an encoder is said to cost is what torch counts."""

import pytest
import torch
from smallencoders import NAMES, given, small
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from eegssl.encoder.account import account
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig

EPILEPSYFM = EncoderConfig(layers=12, width=200, heads=10, ffn=800)


def test_epilepsyfm_has_about_six_million_parameters():
    counts = account(EPILEPSYFM, 23, 10)["parameters"]
    assert counts["all"] == sum(p.numel() for p in build_encoder(EPILEPSYFM, 0).parameters())
    assert counts["all"] == sum(n for name, n in counts.items() if name != "all")
    assert 5.5e6 < counts["all"] < 6.5e6
    assert counts["transformer"] > 0.9 * counts["all"]


@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"temporal": False}, {"spectral": "off"}, {"identity": False}, {"region": False}),
        *({"qk_norm": True, "layer_scale": 0.1}, {"summary": True}),
    ],
    ids=str,
)
def test_operations_are_those_that_torch_counts(changes):
    encoder = small(**changes)
    signal_uv, placed, _ = given(batch=1)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        encoder(signal_uv, *placed)
    said = account(encoder.config, len(NAMES), 3)["forward_flops"]
    assert said["all"] == sum(n for name, n in said.items() if name != "all")
    assert said["all"] == pytest.approx(counter.get_total_flops(), rel=0.02)


@pytest.mark.parametrize("changes", [{}, {"qk_norm": True, "layer_scale": 0.1}], ids=str)
def test_memory_of_training_is_about_what_the_graph_keeps(changes):
    encoder = build_encoder(EncoderConfig(layers=3, width=64, heads=4, ffn=256, **changes), 0)
    signal_uv, placed, _ = given(batch=1, patches=8)
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        out = encoder(signal_uv, *placed)
    weights = {p.untyped_storage().data_ptr() for p in encoder.parameters()}
    measured = sum(n for place, n in kept.items() if place not in weights)
    said = account(encoder.config, len(NAMES), 8)["training_bytes"]
    assert out.shape[-1] == 64
    assert said == pytest.approx(measured, rel=0.35)


def test_checkpointing_trades_memory_for_operations():
    plain = account(EPILEPSYFM, 23, 10)
    saving = account(EPILEPSYFM.model_copy(update={"checkpointing": True}), 23, 10)
    assert saving["training_bytes"] < 0.25 * plain["training_bytes"]
    assert saving["step_flops"] > 1.3 * plain["step_flops"]


def test_twice_the_patches_cost_more_than_twice_the_attention():
    once, twice = (account(EPILEPSYFM, 23, n)["forward_flops"]["all"] for n in (10, 20))
    assert 2 * once < twice < 4 * once
