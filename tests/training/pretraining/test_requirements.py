"""Objectives refuse settings under which they have nothing to learn, and name the setting."""

import pytest

from eegssl.corpus.config import SamplingConfig
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ConfigError
from eegssl.masking.config import MaskingConfig
from eegssl.objectives.config import ObjectiveConfig
from eegssl.training.pretraining.requirements import (
    require_possible,
    require_several,
    subject_concerns,
)

CONTRASTIVE = ObjectiveConfig(terms=("contrastive",))


def test_a_single_window_has_no_other_to_be_told_from() -> None:
    with pytest.raises(ConfigError, match=r"training\.batch_size to 2 or more"):
        require_several(CONTRASTIVE, SamplingConfig(), 1)
    require_several(CONTRASTIVE, SamplingConfig(grain=1), 2)
    require_several(ObjectiveConfig(), SamplingConfig(), 1)


def test_cpc_compares_within_grains() -> None:
    cpc = ObjectiveConfig(terms=("cpc",))
    with pytest.raises(ConfigError, match=r"sampling\.grain to 2 or more"):
        require_several(cpc, SamplingConfig(grain=1), 8)
    require_several(cpc, SamplingConfig(grain=2), 8)


def test_windows_of_one_subject_are_told() -> None:
    (concern,) = subject_concerns(CONTRASTIVE, 1)
    assert "sampling.subjects_fraction" in concern
    assert not list(subject_concerns(CONTRASTIVE, 2))
    assert not list(subject_concerns(ObjectiveConfig(), 1))


def test_a_view_is_to_keep_a_patch() -> None:
    with pytest.raises(ConfigError, match="contrastive needs windows of 2 patches or more"):
        require_possible(CONTRASTIVE, MaskingConfig(), EncoderConfig(), 1)
    require_possible(CONTRASTIVE, MaskingConfig(), EncoderConfig(), 2)
