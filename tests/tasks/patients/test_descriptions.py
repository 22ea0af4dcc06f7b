"""The words in which a page of patients describes its windows."""

from typing import get_args

from eegssl.adaptation.config import AdaptationConfig
from eegssl.tasks.patients import descriptions
from eegssl.tasks.patients.config import PatientTaskConfig

POOLINGS = get_args(AdaptationConfig.model_fields["pooling"].annotation)


def test_every_pooling_is_described_in_words_of_its_own() -> None:
    task = PatientTaskConfig.model_validate({"name": "responders", "outcome": {}})
    descriptions_of_windows = [
        dict(descriptions.methods(task, AdaptationConfig(pooling=one), "pretrained"))["Encoder"]
        for one in POOLINGS
    ]
    assert len(set(descriptions_of_windows)) == len(POOLINGS)

    assert all("; a window is " in words for words in descriptions_of_windows)
