"""Predict future patches from the past (Contrastive Predictive Coding).

Van den Oord et al. (arXiv 1807.03748); on EEG Banville et al. (J. Neural Eng. 18:046020, 2021). A
window is cut at a drawn patch. The encoder embeds what lies before the cut and nothing else, so
that it may look both ways in there. From a channel's embeddings a linear map for each of K patches
ahead predicts its content: a small convolution of that patch alone, which learns with the rest. The
loss (InfoNCE) tells the true content from those of the same channel and distance in the other
windows of the grain.

Ours: cuts in place of a recurrent network, which would read every patch of the past; contents know
neither place nor time, so that no montage gives itself away; cosines with a temperature.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.account import forward_flops
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.encoder.temporal import TemporalEmbedding
from eegssl.objectives.config import CpcConfig
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput

_PAST = "cpc.past"


class Cpc(Objective):
    """Contents of patches, and what predicts them from embeddings of those before."""

    drawn = (_PAST,)

    def __init__(self, encoder: Encoder, config: CpcConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.config = config
        width, n_predicted = encoder.config.width, config.ahead * config.content
        self.predict = nn.Linear(2 * width, n_predicted)
        self.content = TemporalEmbedding(encoder.config.patch_samples, config.content)

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """InfoNCE (nats) of future patches, a mean over windows, channels and distances.

        Terms: ``accuracy``, how often the true window is the likeliest; ``chance`` beside it;
        ``constant_loss``, that of a guess.
        """
        n_windows = grain.shape[0]
        guesses, contents = self.guesses(grain), self.contents(grain)
        with torch.autocast(grain.device.type, enabled=False):
            losses, hits = info_nce(guesses, contents, self.config.temperature)
        known = {"chance": 1 / n_windows, "constant_loss": math.log(n_windows)}
        terms = {n: torch.full((), value, device=grain.device) for n, value in known.items()}
        return ObjectiveOutput(losses.mean(), {"accuracy": hits.float().mean()} | terms)

    def guesses(self, grain: Grain) -> Tensor:
        """Contents [B, C, K, d] of the patches after the cut, from those before it."""
        n_samples = len(grain[_PAST]) * grain.encoder.config.patch_samples
        embeddings = grain.encoder(grain["signal_uv"][..., :n_samples], *grain.geometry)
        context = torch.cat([embeddings[:, :, -1], embeddings.mean(dim=2)], dim=-1)
        return self.predict(context).unflatten(-1, (self.config.ahead, -1))

    def contents(self, grain: Grain) -> Tensor:
        """Contents [B, C, K, d] of the patches after the cut, of each by itself."""
        first = len(grain[_PAST])
        future = grain.patches_uv[:, :, first : first + self.config.ahead]
        patches = future / grain.encoder.config.scale_uv
        return self.content(patches.flatten(0, 2)).unflatten(0, future.shape[:3])

    def draw(self, plan: GrainPlan) -> Mapping[str, NDArray[np.generic]]:
        """The patches before the cut: how many they are, the host knows without asking a GPU."""
        cuts = self._cuts(plan.n_patches)
        return {_PAST: np.arange(plan.rng(_PAST).integers(cuts.start, cuts.stop))}

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of `forward`, a mean over cuts; None for an encoder that is not counted."""
        if not isinstance(encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = shape
        cuts = self._cuts(patches)
        past = [sum(forward_flops(encoder, channels, n).values()) for n in cuts]
        compared = n_windows * self.config.ahead * self.config.content
        head = self.predict.weight.numel() + self.config.ahead * self.content.products + compared
        return n_windows * (sum(past) / len(past) + 2 * channels * head)

    def _cuts(self, n_patches: int) -> range:
        """Numbers of patches before a cut: half of a window, or more, as far as K are left."""
        last = n_patches - self.config.ahead
        return range(min(max(n_patches // 2, 1), last), last + 1)


def info_nce(guesses: Tensor, contents: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Losses (nats) [B, M] of telling contents by guesses, [B, ..., d] each, and which are right.

    M are all other places; candidates are the B contents of the same place.
    """
    kind = torch.promote_types(guesses.dtype, torch.float32)
    rows, candidates = (
        F.normalize(vectors.to(kind).flatten(1, -2), dim=-1).transpose(0, 1)
        for vectors in (guesses, contents)
    )
    logits = rows @ candidates.transpose(1, 2) / temperature
    truth = torch.arange(len(guesses), device=guesses.device).expand(logits.shape[:2])
    losses = F.cross_entropy(logits.flatten(0, 1), truth.flatten(), reduction="none")
    return losses.view_as(truth).T, (logits.argmax(dim=-1) == truth).T
