"""Group parameters by learning rate and weight decay."""

from collections.abc import Iterable
from typing import Any

from torch import nn

from eegssl.adaptation.classifier import Classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.encoder.encoder import Encoder

HEAD = "head"


def parameter_groups(model: Classifier, lr: float, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for a torch optimiser: ``params``, ``lr``, ``weight_decay`` and a ``name``.

    The head learns at ``lr`` x ``head_lr_scale``; below it each block at ``layer_decay`` times
    the rate of the block above, the embeddings slowest (layer-wise decay: BEiT, ICLR 2022; LaBraM
    .65). Low-rank updates and encoders from scratch learn at one rate. Frozen parameters are left
    out; what weight decay leaves alone
    stands in `by_decay`.
    """
    top = [m for m in (model.attention, model.norm, model.head) if m is not None]
    return groups_of(model.encoder, top, model.config, lr, weight_decay)


def groups_of(
    encoder: Encoder,
    top: Iterable[nn.Module],
    config: AdaptationConfig,
    lr: float,
    weight_decay: float,
) -> list[dict[str, Any]]:
    """Groups as `parameter_groups`, for an encoder and the modules ``top`` of a head."""
    depth = len(encoder.blocks)
    decay = config.layer_decay if config.kind in ("full", "two-stage") else 1.0
    groups = _split(HEAD, top, lr * config.head_lr_scale, weight_decay)
    groups += _split("norm", [encoder.norm], lr, weight_decay)
    for index, block in enumerate(encoder.blocks):
        rate = lr * decay ** (depth - index)
        groups += _split(f"block{index}", [block], rate, weight_decay)
    rate = lr * decay ** (depth + 1)
    return groups + _split("embeddings", encoder.embedders, rate, weight_decay)


def _split(
    name: str, modules: Iterable[nn.Module], lr: float, weight_decay: float
) -> list[dict[str, Any]]:
    """One group for matrices, which decay, and one for what does not."""
    decayed, others = by_decay(modules)
    halves = [(name, decayed, weight_decay), (f"{name}.vectors", others, 0.0)]
    return [
        {"name": half, "params": params, "lr": lr, "weight_decay": decay}
        for half, params, decay in halves
        if params
    ]


def by_decay(modules: Iterable[nn.Module]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Trainable parameters that weight decay shrinks, and those that it leaves alone.

    Matrices of maps decay. Biases, norms, gains and other vectors don't, nor do the vectors of an
    `nn.Embedding`: each is used in few steps, and decay alone would pull it to 0.
    """
    parts = [part for module in modules for part in module.modules()]
    embedded = {id(part.weight) for part in parts if isinstance(part, nn.Embedding)}
    owned = [p for part in parts for p in part.parameters(recurse=False) if p.requires_grad]
    decayed = [p for p in owned if p.ndim > 1 and id(p) not in embedded]
    kept = {id(p) for p in decayed}
    return decayed, [p for p in owned if id(p) not in kept]
