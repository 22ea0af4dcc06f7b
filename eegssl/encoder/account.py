"""Count an encoder's parameters, and its operations and memory per window.

Counted from the configuration and shapes alone, as plain numbers. A multiplication with its
addition counts as two operations; activations, norms and lone additions don't count. A causal
encoder counts like others: its kernel makes all products, and drops those of later patches.
"""

from typing import Any

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.epilepsyfm import EpilepsyFM

_FLOAT_BYTES = 4


def account(config: EncoderConfig, channels: int, patches: int) -> dict[str, Any]:
    """Costs of a window of C channels and N patches, in float32.

    ``parameters`` by module and in all; ``forward_flops`` by module and in all; ``step_flops`` of
    a training step on it (backward is twice the forward pass); ``weights_bytes``;
    ``forward_bytes`` at the peak of inference, and ``training_bytes`` of what the backward pass
    needs, per window; ``optimizer_bytes`` of weights, gradients and AdamW's two moments.
    """
    encoder = build_encoder(config, seed=0)
    assert isinstance(encoder, EpilepsyFM)
    parameters = _parameters(encoder)
    flops = forward_flops(encoder, channels, patches)
    total, forward = sum(parameters.values()), sum(flops.values())
    tokens = channels * patches + config.summary
    return {
        "tokens": tokens,
        "parameters": parameters | {"all": total},
        "forward_flops": flops | {"all": forward},
        "step_flops": 3 * forward + (flops["transformer"] if config.checkpointing else 0),
        "weights_bytes": total * _FLOAT_BYTES,
        "optimizer_bytes": 4 * total * _FLOAT_BYTES,
        "forward_bytes": _FLOAT_BYTES * tokens * _widest(config),
        "training_bytes": _FLOAT_BYTES * tokens * _stored(config),
    }


def _parameters(encoder: EpilepsyFM) -> dict[str, int]:
    """Trainable parameters of each module, and of the mask token."""
    named = {name: module for name, module in encoder.named_children() if module is not None}
    counts = {name: sum(p.numel() for p in module.parameters()) for name, module in named.items()}
    return counts | {"mask_token": encoder.mask_token.numel()}


def forward_flops(encoder: EpilepsyFM, channels: int, patches: int) -> dict[str, int]:
    """Operations of the matrix products and convolutions of a forward pass, by module."""
    return _flops(encoder, channels, channels * patches)


def hidden_flops(encoder: EpilepsyFM, channels: int, patches: int, n_hidden: int) -> int:
    """Operations of `Encoder.hidden`: of other patches the last block makes no output."""
    config = encoder.config
    left_out = channels * patches + config.summary - n_hidden
    spared = left_out * output_flops(config.width, config.ffn)
    return sum(forward_flops(encoder, channels, patches).values()) - spared


def visible_flops(
    encoder: EpilepsyFM, channels: int, n_visible: int, *, beside_whole: bool = False
) -> int:
    """Operations of `Encoder.visible` on a window of C channels with so many visible patches.

    With ``beside_whole`` what `Encoder.whole_and_visible` does beside those of the whole window.
    """
    flops = _flops(encoder, channels, n_visible)
    shared = beside_whole and encoder.embeds_alone
    return flops["transformer"] if shared else sum(flops.values())


def transformer_flops(layers: int, width: int, ffn: int, tokens: int) -> int:
    """Operations of a transformer on a row of tokens, all of which attend to all."""
    weights, attention = 4 * width**2 + 2 * width * ffn, 2 * tokens * width
    return 2 * tokens * layers * (weights + attention)


def output_flops(width: int, ffn: int) -> int:
    """Operations of the last block for each token that it gives out."""
    return 2 * (width**2 + 2 * width * ffn)


def _flops(encoder: EpilepsyFM, channels: int, embedded: int) -> dict[str, int]:
    """Operations by module where so many patches of C channels are embedded."""
    config = encoder.config
    flops = {}
    if encoder.temporal is not None:
        flops["temporal"] = 2 * embedded * encoder.temporal.products
    if encoder.spectral is not None:
        flops["spectral"] = 2 * embedded * encoder.spectral.products
    placed = (p.numel() for n, p in encoder.spatial.named_parameters() if "vectors" not in n)
    flops["spatial"] = 2 * channels * sum(placed)
    tokens = embedded + config.summary
    flops["transformer"] = transformer_flops(config.layers, config.width, config.ffn, tokens)
    return flops


def _widest(config: EncoderConfig) -> int:
    """Numbers per token at the widest point of a block: input, its norm, the hidden layer."""
    attention = (6 if config.qk_norm else 4) * config.width
    return 2 * config.width + max(2 * config.ffn, attention)


def _stored(config: EncoderConfig) -> int:
    """Numbers per token that the backward pass needs.

    A block stores its two inputs and norms, query, key, value and mixture, and the hidden layer
    before and after its activation; with `qk_norm` also query and key before it, with `layer_scale`
    what both halves add; with checkpointing only its input, and one block at a time. Embedding
    stores some twelve copies of a patch.
    """
    block = 8 * config.width + 2 * config.ffn
    block += 2 * config.width * (config.qk_norm + (config.layer_scale is not None))
    embedding = 12 * config.patch_samples
    if config.checkpointing:
        return embedding + config.layers * config.width + block
    return embedding + config.layers * block
