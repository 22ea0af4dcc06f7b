"""Predict the embeddings of hidden patches from visible ones (JEPA).

The encoder sees the visible patches alone; a narrow predictor gives the embeddings that hidden ones
have where the whole window is seen. Both could be the same for every window, and the loss 0. Two
things prevent it: targets of a teacher that follows slowly and gets no gradient (I-JEPA, CVPR 2023;
EEG: arXiv 2608.00114), or, without a teacher, a statistic by which embeddings must be distributed
normally (LeJEPA, arXiv 2511.08544).

Ours: LeJEPA's directions each look at one place, drawn anew at each step and the same in all
windows. Over all places of a window, an encoder that wrote only place and time into its embeddings
would satisfy the statistic and be predicted without error.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from eegssl.encoder.account import forward_flops, visible_flops
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.objectives.config import LatentConfig
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.latents.isotropy import epps_pulley, waves
from eegssl.objectives.latents.latent_predictor import LatentPredictor
from eegssl.objectives.latents.latent_scores import LatentScores
from eegssl.objectives.latents.teacher import Teacher
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput, Scorer
from eegssl.tokenizer.ranks import n_ranks, sum_over_ranks

_KEPT, _DIRECTIONS, _PLACES = "latent.kept", "latent.directions", "latent.places"


class Latent(Objective):
    """A predictor, and a teacher or the statistic that keeps embeddings apart."""

    def __init__(self, encoder: Encoder, config: LatentConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.config = config
        self.unit = "hidden"
        self.width = encoder.config.width
        self.predictor = LatentPredictor(encoder.config, config.predictor_layers)
        self.teacher = Teacher(encoder, config.momentum) if config.teacher == "ema" else None
        self.of_whole_batch = self.teacher is None
        self.drawn = (_KEPT,) if self.teacher else (_KEPT, _DIRECTIONS, _PLACES)

    def draw(self, plan: GrainPlan) -> Mapping[str, NDArray[np.generic]]:
        """Visible patches; of a step's grains together, directions and where each looks."""
        assert plan.mask is not None
        arrays: dict[str, NDArray[np.generic]] = {_KEPT: np.flatnonzero(~plan.mask)}
        if self.teacher is None:
            rng = plan.rng_of_step("latent")
            directions = rng.standard_normal((self.config.directions, self.width), np.float32)
            directions /= np.linalg.norm(directions, axis=1, keepdims=True)
            where = rng.random((self.config.directions, 2))
            _, n_channels, n_patches = plan.shape
            channel, patch = (where * (n_channels, n_patches)).astype(np.int64).T
            arrays |= {_DIRECTIONS: directions, _PLACES: channel * n_patches + patch}
        return arrays

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Mean squared error of hidden embeddings; as `together` where there is no teacher."""
        if self.teacher is None:
            return self.together([grain])
        whole, seen = self.passes(grain)
        loss = squared_error(self.predictions(grain, seen), self.targets(whole, grain))
        return ObjectiveOutput(loss, {"ratio": grain["mask"].float().mean()})

    def together(self, grains: Sequence[Grain]) -> ObjectiveOutput:
        """This rank's share of (1 - λ) times the error, and λ times the statistic.

        Terms: ``prediction_loss`` and ``isotropy``, both unweighted, and ``ratio``.
        """
        counts = grains[0]["signal_uv"].new_tensor([sum(g.n_hidden for g in grains), 0])
        counts[1] = sum(g.shape[0] for g in grains)
        n_hidden, n_windows = sum_over_ranks(counts)
        errors, sums = [], []
        for grain in grains:
            whole, seen = self.passes(grain)
            error = squared_error(self.predictions(grain, seen), self.targets(whole, grain))
            errors.append(error * (grain.n_hidden / n_hidden))
            sums.append(waves(self.projections(whole, grain)))
        error = torch.stack(errors).sum()
        total = sum_over_ranks(torch.stack(sums).sum(dim=0))
        statistic = epps_pulley(total, n_windows).mean() / n_ranks()
        weight = self.config.isotropy
        shares = [g["mask"].float().mean() * (g.n_hidden / n_hidden) for g in grains]
        terms = {"prediction_loss": error.detach(), "isotropy": statistic.detach()}
        loss = (1 - weight) * error + weight * statistic
        return ObjectiveOutput(loss, terms | {"ratio": torch.stack(shares).sum()})

    def end(self, encoder: Encoder) -> None:
        """Let the teacher follow."""
        if self.teacher is not None:
            self.teacher.follow(encoder)

    def passes(self, grain: Grain) -> tuple[Tensor, Tensor]:
        """Embeddings [B, C, N, D] of which hidden ones are the targets, and [B, V, D] of visible
        patches, made without samples of hidden ones.

        A teacher's have mean 0 and deviation 1 over their D numbers.
        """
        kept = grain[_KEPT]
        if self.teacher is None:
            return grain.whole_and_visible(kept)
        given = grain["signal_uv"], *grain.geometry
        with torch.no_grad():
            embeddings = self.teacher.encoder(*given)
            whole = F.layer_norm(_wide(embeddings), (self.width,))
        return whole, grain.encoder.visible(*given, grain["mask"], kept)

    def predictions(self, grain: Grain, seen: Tensor) -> Tensor:
        """Predicted embeddings [H, D] of hidden patches, from those of visible ones."""
        predicted: Tensor = self.predictor(grain, seen, grain[_KEPT], grain.encoder.mask_token)
        return predicted

    def targets(self, whole: Tensor, grain: Grain) -> Tensor:
        """The embeddings of hidden patches, [H, D]."""
        return whole.flatten(0, 2).index_select(0, grain["hidden"])

    def projections(self, whole: Tensor, grain: Grain) -> Tensor:
        """Embeddings [B, C, N, D] at one place a direction, along it: [B, M]."""
        directions = grain[_DIRECTIONS]
        with torch.autocast(whole.device.type, enabled=False):
            rows = _wide(whole).flatten(1, 2).index_select(1, grain[_PLACES])
            return (rows * directions.to(rows.dtype)).sum(dim=-1)

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of `forward`, its targets' among them; None for one that is not counted."""
        if not isinstance(encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = shape
        hidden = n_hidden // n_windows
        visible = channels * patches - hidden
        seen = visible_flops(encoder, channels, visible, beside_whole=self.teacher is None)
        predicted = self.predictor.flops(channels, visible, hidden)
        return n_windows * (seen + predicted + self._target_flops(encoder, channels, patches))

    def step_flops(
        self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int
    ) -> float | None:
        """Three times those of `flops`, but for a teacher's: no gradient goes through it."""
        forward = self.flops(encoder, shape, n_hidden)
        if forward is None or self.teacher is None:
            return super().step_flops(encoder, shape, n_hidden)
        n_windows, channels, patches = shape
        return 3 * forward - 2 * n_windows * self._target_flops(encoder, channels, patches)

    def _target_flops(self, encoder: Encoder, channels: int, patches: int) -> int:
        """Operations of a pass over a whole window; the statistic has no matrix products."""
        assert isinstance(encoder, EpilepsyFM)
        return sum(forward_flops(encoder, channels, patches).values())

    def scorer(self) -> "Scorer":
        """Losses beside those of knowing a patch's place alone, and the variance explained."""
        return _Scorer(self)


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of embeddings [H, D] over patches and numbers."""
    return F.mse_loss(_wide(predicted), _wide(target))


class _Scorer(Scorer):
    """`LatentScores` of an objective."""

    def __init__(self, objective: Latent) -> None:
        self._objective = objective
        weight = 0.0 if objective.teacher else objective.config.isotropy
        self._scores = LatentScores(weight)

    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count the hidden patches of a grain."""
        objective = self._objective
        whole, seen = objective.passes(grain)
        error = squared_error(objective.predictions(grain, seen), objective.targets(whole, grain))
        statistic = math.nan
        if objective.teacher is None:
            sums = waves(objective.projections(whole, grain))
            statistic = float(epps_pulley(sums, grain.shape[0]).mean())
        self._scores.add(float(error), grain.n_hidden, _wide(whole), statistic)

    def numbers(self, suffix: str) -> dict[str, float]:
        """As `LatentScores.numbers`."""
        return self._scores.numbers(suffix)


def _wide(tensor: Tensor) -> Tensor:
    """In float32 at least."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
