"""Tell when a pretraining has made all windows look alike."""

from collections.abc import Mapping

from eegssl.masking.config import MaskingConfig
from eegssl.objectives.config import ObjectiveConfig
from eegssl.training.live.health_concerns import COLLAPSED_RANK
from eegssl.training.pretraining.loss_concerns import suffix_of

COLLAPSED_SPREAD = 0.01
"""Ours: with a smaller variance over windows, where the variance of all would be about 1, what an
objective predicts is the same for all of them."""


def collapse(
    objective: ObjectiveConfig, masking: MaskingConfig, scores: Mapping[str, float | None]
) -> str | None:
    """Word the collapse that validation scores, named ``val_…``, show; None where there is none.

    By the effective rank of embeddings, which tells if they differ along one direction, and by
    their spread, which tells if they differ at all, where an objective measures it.
    """
    several, suffix = len(objective.terms) > 1, suffix_of(objective, masking)
    for name, each in objective.chosen.items():
        if not each.against_collapse:
            continue
        prefix = f"{name}_" if several else ""
        rank, spread = scores.get("val_effective_rank"), scores.get(f"val_{prefix}spread{suffix}")
        if rank is not None and rank < COLLAPSED_RANK:
            what = f"their effective rank is {rank:.2f}, expected at least {COLLAPSED_RANK:g}"
        elif spread is not None and spread < COLLAPSED_SPREAD:
            what = f"their variance over windows is {spread:.2g}, expected at least "
            what += f"{COLLAPSED_SPREAD:g}"
        else:
            continue
        return (
            f"the embeddings collapsed, so that {name} is predicted without learning anything: "
            f"{what}; set {each.against_collapse}, or training.lr lower"
        )
    return None
