"""Learning rates by depth: lower layers of a pretrained encoder move less."""

from typing import Any

from eegssl.adaptation.classifier import Classifier


def parameter_groups(
    model: Classifier, lr: float, weight_decay: float, layer_decay: float
) -> list[dict[str, Any]]:
    """Groups for an optimizer: the head at ``lr``, each layer below at ``layer_decay`` of the one
    above, the patch embedding lowest (BEiT, LaBraM). Vectors and scalars don't decay.
    """
    n_layers = model.encoder.config.layers
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        depth = _depth(name, n_layers)
        decays = parameter.ndim > 1
        group = groups.setdefault(
            (depth, decays),
            {
                "params": [],
                "lr": lr * layer_decay ** (n_layers + 1 - depth),
                "weight_decay": weight_decay if decays else 0.0,
            },
        )
        group["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]


def _depth(name: str, n_layers: int) -> int:
    """0 for embeddings, 1 … L for transformer blocks, L + 1 for the head."""
    if not name.startswith("encoder."):
        return n_layers + 1
    parts = name.split(".")
    blocks = [int(part) for part in parts if part.isdigit()]
    if "transformer" in parts:
        return blocks[0] + 1 if blocks else n_layers
    return 0
