"""Word what the validation loss says against a pretraining."""

from collections.abc import Iterator, Mapping

from eegssl.masking.config import MaskingConfig
from eegssl.objectives.config import ObjectiveConfig
from eegssl.training.history import History
from eegssl.training.live.health_concerns import health_concerns


def suffix_of(objective: ObjectiveConfig, masking: MaskingConfig) -> str:
    """What the names of validation scores end with: the masks of training, if there are any."""
    return f"_{masking.kind}" if objective.reads_masks else ""


def monitored(objective: ObjectiveConfig, masking: MaskingConfig) -> str | None:
    """The validation loss whose lowest value keeps the weights: under the masks of training.

    None where targets move with the weights: losses of two steps can't be compared then, and the
    last weights are kept.
    """
    if any(each.targets_move for each in objective.chosen.values()):
        return None
    return f"loss{suffix_of(objective, masking)}"


def loss_concerns(
    objective: ObjectiveConfig,
    masking: MaskingConfig,
    history: History,
    scores: Mapping[str, float],
) -> Iterator[str]:
    """List what the log and the last validation scores say against this training."""
    watched = monitored(objective, masking)
    if watched is not None:
        yield from _rise(watched, history)
    several = len(objective.terms) > 1
    for name, each in objective.chosen.items():
        prefix, suffix = f"{name}_" if several else "", suffix_of(objective, masking)
        loss, constant = f"{prefix}loss{suffix}", f"{prefix}{each.constant}{suffix}"
        if constant in scores and scores[loss] >= scores[constant]:
            yield (
                f"the validation loss of {name}, {scores[loss]:.3f}, is not below "
                f"{scores[constant]:.3f}, {each.constant_words}: this encoder has learned nothing "
                "that holds for other subjects. Give more recordings, or train longer "
                "(training.steps)"
            )
    yield from health_concerns(history.rows)


def _rise(name: str, history: History) -> Iterator[str]:
    losses = {r["step"]: r[f"val_{name}"] for r in history.rows if f"val_{name}" in r}
    last = max(losses)
    if losses[last] > losses[history.best_step]:
        yield (
            f"the validation loss rose from {losses[history.best_step]:.3f} at step "
            f"{history.best_step} to {losses[last]:.3f} at step {last}; the weights of step "
            f"{history.best_step} are kept. Give more recordings, or set training.steps or "
            "encoder.width lower"
        )
