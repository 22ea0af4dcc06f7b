"""Minimise one objective, or a weighted sum of several, with one encoder."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.config.objective_settings import ObjectiveSettings
from eegssl.encoder.encoder import Encoder
from eegssl.objectives.config import ObjectiveConfig
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput, Unit, count
from eegssl.tokenizer.ranks import sum_over_ranks


class WeightedSum(nn.Module):
    """An encoder and the objectives that train it; the heads are only kept beside the encoder."""

    def __init__(self, encoder: Encoder, config: ObjectiveConfig, known: Known) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        parts = {n: _class_of(each)(encoder, each, known) for n, each in config.chosen.items()}
        self.heads = nn.ModuleDict(parts)
        encoder.mask_token.requires_grad_(self.reads_masks)

    @property
    def objectives(self) -> dict[str, Objective]:
        """The objectives by name."""
        return cast(dict[str, Objective], dict(self.heads.items()))

    @property
    def reads_masks(self) -> bool:
        """Whether any objective hides patches."""
        return self.config.reads_masks

    @property
    def drawn(self) -> tuple[str, ...]:
        """Names of what the objectives draw for a grain."""
        return tuple(name for each in self.objectives.values() for name in each.drawn)

    @property
    def of_whole_batch(self) -> bool:
        """Whether the loss is of a step's windows together, and not the mean of its grains'."""
        return any(each.of_whole_batch for each in self.objectives.values())

    def grain(self, tensors: Mapping[str, Tensor]) -> Grain:
        """Windows on their way through the encoder, as all objectives together need them."""
        all_rows = any(each.reads_masked for each in self.objectives.values())
        return Grain(self.encoder, tensors, all_rows=all_rows)

    def forward(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Loss and terms of a grain, means over as many as `counted` says."""
        grain = self.grain(tensors)
        return self._summed({n: each(grain) for n, each in self.objectives.items()})

    def together(self, batch: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """This rank's share of loss and terms of a whole batch; it has these grains of it."""
        grains = [self.grain(tensors) for tensors in batch]
        outputs = {}
        for name, each in self.objectives.items():
            outputs[name] = each.together(grains) if each.of_whole_batch else _share(each, grains)
        return self._summed(outputs)

    def counted(self, shape: tuple[int, int, int], n_hidden: int) -> int:
        """Number that the means of `forward` are over: where objectives differ, of windows."""
        units: set[Unit] = {each.unit for each in self.objectives.values()}
        return count(units.pop() if len(units) == 1 else "windows", shape, n_hidden)

    def draw(self, plan: GrainPlan) -> dict[str, NDArray[np.generic]]:
        """What all objectives draw for a grain."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for each in self.objectives.values():
            arrays |= each.draw(plan)
        return arrays

    def end(self) -> None:
        """Let what learns without a gradient follow an update."""
        for each in self.objectives.values():
            each.end(self.encoder)

    def scores(
        self, by_objective: Mapping[str, Mapping[str, float]], suffix: str
    ) -> dict[str, float]:
        """Scores of all objectives, whose names end with ``suffix``: the weighted loss, then those
        of each, after its name where there are several."""
        if len(by_objective) == 1:
            (only,) = by_objective.values()
            return dict(only)
        chosen = self.config.chosen
        losses = [by_objective[n][f"loss{suffix}"] * each.weight for n, each in chosen.items()]
        named = {f"{n}_{k}": v for n, scores in by_objective.items() for k, v in scores.items()}
        return {f"loss{suffix}": sum(losses)} | named

    def flops(self, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of `forward` with one objective; None where they are not counted."""
        if len(self.objectives) > 1:
            return None
        (only,) = self.objectives.values()
        return only.flops(self.encoder, shape, n_hidden)

    def step_flops(self, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of a training step with one objective; None where they are not counted."""
        if len(self.objectives) > 1:
            return None
        (only,) = self.objectives.values()
        return only.step_flops(self.encoder, shape, n_hidden)

    def _summed(self, outputs: Mapping[str, ObjectiveOutput]) -> dict[str, Tensor]:
        """The weighted loss; each objective's terms, after its name where there are several."""
        if len(outputs) == 1:
            (only,) = outputs.values()
            return {"loss": only.loss} | only.terms
        weights = {name: each.weight for name, each in self.config.chosen.items()}
        losses = {name: each.loss for name, each in outputs.items()}
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        terms = {f"{n}_{k}": v for n, each in outputs.items() for k, v in each.terms.items()}
        return {"loss": total} | {f"{n}_loss": loss.detach() for n, loss in losses.items()} | terms


def build_sum(
    encoder: Encoder, config: ObjectiveConfig, seed: int, known: Known = Known()
) -> WeightedSum:
    """Put the heads of its objectives on ``encoder``; their weights depend on ``seed`` only."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return WeightedSum(encoder, config, known)


def _class_of(settings: ObjectiveSettings) -> type[Objective]:
    """The class that an objective is built by."""
    module, name = settings.built_by.split(":")
    return cast(type[Objective], getattr(import_module(module), name))


def _share(objective: Objective, grains: Sequence[Grain]) -> ObjectiveOutput:
    """This rank's share of what is a mean over all grains of all ranks."""
    counts = [count(objective.unit, grain.shape, grain.n_hidden) for grain in grains]
    total = sum_over_ranks(torch.full((), float(sum(counts)), device=grains[0].device))
    shares = [n / total.clamp_min(1e-12) for n in counts]
    outputs = [objective(grain) for grain in grains]

    def weighed(values: Iterable[Tensor]) -> Tensor:
        return torch.stack([v * share for v, share in zip(values, shares, strict=True)]).sum()

    terms = {name: weighed(out.terms[name] for out in outputs) for name in outputs[0].terms}
    return ObjectiveOutput(weighed(out.loss for out in outputs), terms)
