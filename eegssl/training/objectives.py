"""List the objectives of pretraining: how each is built, scored and illustrated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eegssl.config.settings import Settings
from eegssl.objectives.config import MaskedCodesConfig
from eegssl.objectives.masked_codes import build_masked_codes
from eegssl.training.examples import write_examples
from eegssl.training.masked_windows import masked_scores


@dataclass(frozen=True)
class ObjectiveParts:
    """The functions of one objective; `eegssl.stages.pretrain` calls them."""

    build: Callable[..., Any]
    """(encoder, n_codes, config, seed) -> `eegssl.objectives.objective.Objective`."""
    scores: Callable[..., dict[str, float]]
    """(model, masking, validation codes, batch_size) -> scores by name."""
    write_examples: Callable[..., None]
    """(writer, model, tokens, validation codes, masking) -> a file for the report."""


OBJECTIVES: dict[type[Settings], ObjectiveParts] = {
    MaskedCodesConfig: ObjectiveParts(build_masked_codes, masked_scores, write_examples)
}
"""Class of the settings under ``objective`` -> the objective's functions."""
