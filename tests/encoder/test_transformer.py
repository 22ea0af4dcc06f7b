"""QK-norm and LayerScale do what they promise, and change nothing where they are off."""

import pytest
import torch
from smallencoders import given, small
from torch.nn import functional as F

from eegssl.adaptation.groups import by_decay
from eegssl.encoder import transformer
from eegssl.encoder.transformer import Attention, Block

GAINS = ("norm_q.weight", "norm_k.weight", "gain_attention", "gain_feed")
HEADS, WIDTH = 2, 16


def tokens(scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(2, 7, WIDTH, generator=torch.Generator().manual_seed(0))


def attention(qk_norm: bool, scale: float = 1.0) -> Attention:
    """An attention whose queries and keys are scaled, its values not."""
    torch.manual_seed(0)
    made = Attention(WIDTH, HEADS, 0.0, qk_norm)
    with torch.no_grad():
        made.qkv.weight[: 2 * WIDTH] *= scale
        made.qkv.bias[: 2 * WIDTH] *= scale
    return made


def test_switches_add_only_their_gains_and_leave_all_other_weights_as_they_were():
    plain = small().state_dict()
    more = small(qk_norm=True, layer_scale=0.1).state_dict()
    added = {name for name in more if name.endswith(GAINS)}
    assert len(added) == 2 * len(GAINS)
    assert more.keys() - added == plain.keys()
    assert all(torch.equal(more[name], plain[name]) for name in plain)
    assert all((more[n] == (1 if "norm" in n else 0.1)).all() for n in added)


@pytest.mark.parametrize("bf16", [False, True])
def test_logits_are_bounded_where_plain_attention_saturates(monkeypatch, bf16):
    weights = []
    product = F.scaled_dot_product_attention

    def seen(q, k, v, **options):
        logits = q.float() @ k.float().transpose(-1, -2) / (WIDTH / HEADS) ** 0.5
        weights.append((logits.abs().max(), logits.softmax(dim=-1).amax(dim=-1)))
        return product(q, k, v, **options)

    monkeypatch.setattr(F, "scaled_dot_product_attention", seen)
    monkeypatch.setattr(transformer, "_SHORT", 0)  # the fused kernel also in bfloat16
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        assert attention(False)(tokens(1e8)).isfinite().all()
        assert attention(True)(tokens(1e8)).isfinite().all()
    (plain, plain_weights), (largest, bounded_weights) = weights
    assert plain > 1e12
    assert (plain_weights == 1).all()
    assert largest <= 1.001 * (WIDTH / HEADS) ** 0.5
    assert (bounded_weights < 0.999).all()


@pytest.mark.parametrize("scale", [0.1, 3.0, 1e4])
def test_with_qk_norm_the_scale_of_queries_and_keys_changes_nothing(scale):
    expected = attention(True)(tokens())
    torch.testing.assert_close(attention(True, scale)(tokens()), expected, rtol=1e-3, atol=5e-4)
    assert not torch.allclose(attention(False, scale)(tokens()), expected, rtol=1e-3, atol=5e-4)


def test_layer_scale_multiplies_what_each_half_adds():
    torch.manual_seed(0)
    plain = Block(WIDTH, HEADS, 32, 0.0)
    scaled = Block(WIDTH, HEADS, 32, 0.0, layer_scale=0.5)
    scaled.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        scaled.gain_feed *= 3
    once = tokens() + 0.5 * plain.attention(plain.norm_attention(tokens()))
    expected = once + 1.5 * plain.feed(plain.norm_feed(once))
    torch.testing.assert_close(scaled(tokens()), expected)


def test_gains_are_learned_and_not_decayed():
    encoder = small(qk_norm=True, layer_scale=0.1).train()
    signal_uv, placed, mask = given()
    weights = torch.randn(2, 5, 3, 16, generator=torch.Generator().manual_seed(0))
    (encoder(signal_uv, *placed, mask) * weights).sum().backward()
    gains = {id(p): p for name, p in encoder.named_parameters() if name.endswith(GAINS)}
    decayed, others = by_decay([encoder])
    assert len(gains) == 8
    assert gains.keys() <= {id(p) for p in others}
    assert not gains.keys() & {id(p) for p in decayed}
    assert all(gain.grad.abs().max() > 0 for gain in gains.values())


def test_bfloat16_agrees_with_float32():
    encoder = small(qk_norm=True, layer_scale=0.1)
    signal_uv, placed, mask = given()
    single = encoder(signal_uv, *placed, mask)
    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(signal_uv, *placed, mask)
    assert (half - single).norm() / single.norm() < 2e-2


def outputs_and_gradients(keys=None):
    """Attention of the same tokens in bfloat16, and the gradient of its map, as float32."""
    module = attention(False)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = module(tokens(), keys)
    mixed.float().square().sum().backward()
    return mixed.detach().float(), module.qkv.weight.grad


def test_both_kernels_give_the_same_attention_and_gradients_in_bfloat16(monkeypatch):
    quick = outputs_and_gradients()
    monkeypatch.setattr(transformer, "_SHORT", 0)
    for ours, fused in zip(quick, outputs_and_gradients(), strict=True):
        assert (ours - fused).norm() / fused.norm() < 2e-2


@pytest.mark.parametrize(("short", "masked", "calls"), [(7, False, 0), (6, False, 1), (7, True, 1)])
def test_long_windows_and_those_with_padding_take_the_fused_kernel(
    monkeypatch, short, masked, calls
):
    seen = []
    product = F.scaled_dot_product_attention

    def counted(*arguments, **options):
        seen.append(options)
        return product(*arguments, **options)

    monkeypatch.setattr(F, "scaled_dot_product_attention", counted)
    monkeypatch.setattr(transformer, "_SHORT", short)
    outputs_and_gradients(torch.ones(2, 7, dtype=torch.bool) if masked else None)
    assert len(seen) == calls
