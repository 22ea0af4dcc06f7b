"""Embed two views of a window alike, other windows elsewhere (SimCLR, VICReg).

The embeddings of a view are averaged over channels and patches and go through a small network, the
projection, whose output the loss compares; what is kept is the encoder below it (SimCLR: Chen et
al., ICML 2020). With NT-Xent all windows of a step are each other's negatives, across grains and
ranks; VICReg takes the statistics of all of them. Ours: no batch normalisation in the projection,
since windows pass through it by grain.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.account import forward_flops
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.encoder.pooling import pool
from eegssl.objectives.config import ContrastiveConfig
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput, Scorer
from eegssl.objectives.views.nt_xent import nt_xent
from eegssl.objectives.views.two_views import TwoViews
from eegssl.objectives.views.vicreg import CONSTANT, vicreg
from eegssl.tokenizer.ranks import gather_live, n_ranks

_COMPARED = 256
"""Windows that are compared with each other in validation, at most."""


class Contrastive(Objective):
    """Two views of each window, a projection, and a loss over all windows of a step."""

    of_whole_batch = True

    def __init__(self, encoder: Encoder, config: ContrastiveConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.config = config
        self.views = TwoViews(config.views, encoder.config, "contrastive.")
        self.drawn = self.views.names
        width, projected = encoder.config.width, config.projection
        self.project = nn.Sequential(
            nn.Linear(width, projected), nn.GELU(), nn.Linear(projected, projected)
        )

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Loss of a grain as if it were the whole batch."""
        return self.together([grain])

    def together(self, grains: Sequence[Grain]) -> ObjectiveOutput:
        """This rank's share of the loss over all windows of a step.

        Terms: ``accuracy``, the share of views whose nearest other one is their partner,
        ``chance`` beside it; ``constant_loss``, that of one embedding for all windows; with VICReg
        ``invariance``, ``variance`` and ``covariance``.
        """
        own = torch.cat([self.projected(grain) for grain in grains])
        shares = self.shares(own, *gather_live(own))
        loss = shares.pop("loss")
        return ObjectiveOutput(loss, {name: value.detach() for name, value in shares.items()})

    def projected(self, grain: Grain) -> Tensor:
        """Projections of both views of the windows, [B, 2, d], in float32 at least."""
        signal_uv, present = self.views(grain)
        geometry = (torch.cat([part, part]) for part in grain.geometry)
        embeddings = grain.encoder(signal_uv, *geometry, None, present)
        rows = self.project(pool(embeddings, "mean", present))
        rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
        return torch.stack(rows.chunk(2), dim=1)

    def shares(self, own: Tensor, everyone: Tensor, first: int) -> dict[str, Tensor]:
        """Loss and terms of ``own`` [b, 2, d] among ``everyone`` [B, 2, d], each times b / B."""
        part, n_candidates = len(own) / len(everyone), 2 * len(everyone) - 1
        by_vicreg = self.config.loss == "vicreg"
        known = {
            "constant_loss": CONSTANT if by_vicreg else math.log(n_candidates),
            "chance": 1 / n_candidates,
        }
        shares = {n: torch.full((), part * v, device=own.device) for n, v in known.items()}
        with torch.autocast(own.device.type, enabled=False):
            losses, hits = nt_xent(own, everyone, first, self.config.temperature)
            shares |= {"loss": part * losses.mean(), "accuracy": part * hits.float().mean()}
            if by_vicreg:  # every rank has it of all windows
                shares |= {name: v / n_ranks() for name, v in vicreg(everyone).items()}
        return shares

    def draw(self, plan: GrainPlan) -> Mapping[str, NDArray[np.generic]]:
        """By how much the views of each window are changed."""
        return self.views.draw(plan)

    def scorer(self) -> Scorer:
        """Loss and terms over windows of all recordings, mixed."""
        return _MixedWindows(self)

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of the encoder on both views, and of the projection."""
        if not isinstance(encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = shape
        patches -= self.config.views.shift_patches
        view = sum(forward_flops(encoder, channels, patches).values())
        maps = sum(part.weight.numel() for part in self.project if isinstance(part, nn.Linear))
        return 2 * n_windows * (view + 2 * maps)


class _MixedWindows(Scorer):
    """Compares validation windows of all recordings with each other.

    They come in order, so that a grain holds neighbours of one recording: it would be a harder
    question than that of training, and another one for each size of a grain.
    """

    def __init__(self, objective: Contrastive) -> None:
        self._objective = objective
        self._rows: list[Tensor] = []

    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Keep the projections of a grain."""
        self._rows.append(self._objective.projected(grain))

    def numbers(self, suffix: str) -> dict[str, float]:
        """Means over sets of up to 256 windows, each spread over all recordings."""
        rows = torch.cat(self._rows)
        n_sets = -(-len(rows) // _COMPARED)
        sums: dict[str, float] = {}
        for k in range(n_sets):
            some = rows[k::n_sets]
            for name, value in self._objective.shares(some, some, 0).items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(some) / len(rows)
        return {f"{name}{suffix}": value for name, value in sums.items()}
