"""Build pretraining models, and the tensors of a grain for them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eegssl.encoder.encoder import Encoder, flat_places
from eegssl.objectives.config import ObjectiveConfig
from eegssl.objectives.grain import GEOMETRY, GrainPlan
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import WeightedSum, build_sum
from eegssl.signal.channels.electrodes import Geometry, geometry


def codes_model(
    encoder: Encoder, n_codes: int, seed: int = 1, known: Known | None = None, **settings: Any
) -> WeightedSum:
    """Masked codes on an encoder."""
    return model_of(encoder, seed, known or Known(n_codes=n_codes), codes=settings)


def model_of(
    encoder: Encoder, seed: int = 1, known: Known = Known(), **objectives: dict[str, Any]
) -> WeightedSum:
    """The named objectives with these settings, on an encoder."""
    config = ObjectiveConfig.model_validate({"terms": tuple(objectives), **objectives})
    return build_sum(encoder, config, seed, known)


def grain(
    signal_uv: Tensor,
    positions: Tensor,
    located: Tensor,
    regions: Tensor,
    mask: Tensor | None = None,
    codes: Tensor | None = None,
) -> dict[str, Tensor]:
    """The tensors of a grain by name."""
    named = {
        "signal_uv": signal_uv,
        "positions": positions,
        "located": located,
        "regions": regions,
    }
    if mask is not None:
        named |= {"mask": mask, "hidden": flat_places(mask), "codes.visible": flat_places(~mask)}
    return named if codes is None else named | {"codes": codes}


def drawn(
    model: WeightedSum, tensors: dict[str, Tensor], step: int = 0, number: int = 0, seed: int = 0
) -> dict[str, Tensor]:
    """What a model's objectives draw for a grain, in the precision of its signal."""
    placed = Geometry(*(tensors[name].numpy() for name in GEOMETRY))
    n_windows, _, n_samples = tensors["signal_uv"].shape
    index, mask = np.arange(n_windows), tensors["mask"].numpy() if "mask" in tensors else None
    n_patches = n_samples // model.encoder.config.patch_samples
    plan = GrainPlan(seed, step, number, index, placed, n_samples, n_patches, mask)
    kind = tensors["signal_uv"].dtype
    arrays = {name: torch.from_numpy(array) for name, array in model.draw(plan).items()}
    return {n: t.to(kind) if t.is_floating_point() else t for n, t in arrays.items()}


def windows_of(tensors: dict[str, Tensor], part: slice) -> dict[str, Tensor]:
    """Some windows of a grain; places in a flat mask are those of what is left."""
    some = {name: t[part] for name, t in tensors.items() if name not in _PLACES}
    if "mask" in some:
        mask = some["mask"]
        some |= {"hidden": flat_places(mask), "codes.visible": flat_places(~mask)}
    return some


_PLACES = ("hidden", "codes.visible")


def slopes(model: WeightedSum, tensors: dict[str, Tensor]) -> tuple[float, float]:
    """The loss's slope along one random way in float64: by gradients, by finite differences.

    The way leaves out what has no gradient at all, as the vector of unknown electrodes.
    """
    model = model.double()
    tensors = {n: t.double() if t.is_floating_point() else t for n, t in tensors.items()}
    model(tensors)["loss"].backward()
    g = torch.Generator().manual_seed(3)
    learned = [(p, p.grad) for p in model.parameters() if p.grad is not None]
    ways = [torch.randn(p.shape, generator=g, dtype=p.dtype) * (d != 0) for p, d in learned]
    slope = sum((d * way).sum().item() for (_, d), way in zip(learned, ways, strict=True))
    losses = []
    for step in (1e-6, -2e-6):
        with torch.no_grad():
            for (p, _), way in zip(learned, ways, strict=True):
                p.add_(way, alpha=step)
            losses.append(model(tensors)["loss"].item())
    return slope, (losses[0] - losses[1]) / 2e-6


def counted(model: WeightedSum, mask: Tensor) -> int:
    """What the means of a model's loss are over, given a mask."""
    n_windows, n_channels, n_patches = mask.shape
    return model.counted((n_windows, n_channels, n_patches), int(mask.sum()))


def exact_grain(seed: int = 0, channels: int = 5) -> dict[str, Tensor]:
    """As `random_grain`, with equally many hidden patches in every window, about half."""
    named = random_grain(seed, channels=channels)
    order = torch.rand(4, channels * 3, generator=torch.Generator().manual_seed(seed)).argsort(1)
    mask = (order < channels * 3 // 2).view(4, channels, 3)
    given = (named[name] for name in ("signal_uv", *GEOMETRY))
    return grain(*given, mask, named["codes"])


def random_grain(
    seed: int = 0, n_codes: int = 6, channels: int = 5, patches: int = 3
) -> dict[str, Tensor]:
    """Four windows of noise, of 3 or so patches of 200 samples, half of them hidden."""
    g = torch.Generator().manual_seed(seed)
    positions = torch.nn.functional.normalize(torch.randn(4, channels, 2, 3, generator=g), dim=-1)
    located = torch.ones(4, channels, 2, dtype=torch.bool)
    regions = torch.nn.functional.one_hot(torch.arange(channels) % 8, 8).float()
    signal_uv = 30 * torch.randn(4, channels, patches * 200, generator=g)
    mask = torch.rand(4, channels, patches, generator=g) < 0.5
    codes = torch.randint(n_codes, (4, channels, patches), generator=g)
    return grain(signal_uv, positions, located, regions.expand(4, channels, 8), mask, codes)


def plan_of(
    names: Sequence[str], n_windows: int = 4, n_patches: int = 3, step: int = 0, number: int = 0
) -> GrainPlan:
    """The plan of a grain of channels with these names, nothing hidden."""
    placed = Geometry(*(np.stack([part] * n_windows) for part in geometry(names)))
    index = np.arange(n_windows)
    return GrainPlan(0, step, number, index, placed, 200 * n_patches, n_patches, None)


def drawn_grain(model: WeightedSum, plan: GrainPlan, signal_uv: Tensor) -> dict[str, Tensor]:
    """The tensors of a grain of a plan, nothing hidden, with what the objectives draw."""
    kind = signal_uv.dtype
    parts = dict(zip(GEOMETRY, map(torch.from_numpy, plan.placed), strict=True))
    named = {n: t.to(kind) if t.is_floating_point() else t for n, t in parts.items()}
    named["signal_uv"] = signal_uv
    return named | drawn(model, named, plan.step, plan.number, plan.seed)


def noise_uv(plan: GrainPlan, seed: int = 0) -> Tensor:
    """White noise [B, C, T] of 30 µV for a plan."""
    g = torch.Generator().manual_seed(seed)
    return 30 * torch.randn(*plan.shape[:2], plan.n_samples, generator=g)
