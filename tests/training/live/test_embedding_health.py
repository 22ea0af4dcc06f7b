"""Embeddings that collapse, or tell people apart alone, are seen while they are trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from corpora import corpus
from planted_windows import planted
from smallencoders import small
from torch import Tensor

from eegssl.corpus.places.probe_windows import ProbeWindows, probe_windows
from eegssl.corpus.windows import tile
from eegssl.encoder.encoder import Encoder
from eegssl.training.live.embedding_health import embedding_health
from eegssl.training.live.health_concerns import health_concerns


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> ProbeWindows:
    folder = tmp_path_factory.mktemp("planted")
    montages = (("F7", "Fp1", "T7"), ("F7", "Fp1"))
    ones = [planted(folder, k, montages[k % 2], rhythm_uv=60.0) for k in range(4)]
    ones = [replace(one, subject=f"s-{k}") for k, one in enumerate(ones)]
    return probe_windows(tile(corpus(*ones), ones, 2.0))


def test_an_encoder_gets_every_score_and_the_same_ones_again(probe: ProbeWindows) -> None:
    encoder = small(sfreq_hz=160.0, patch_samples=160)
    scores = embedding_health(encoder, probe, 16)
    assert set(scores) == {"effective_rank", "subject_probe", "subject_chance", "label_probe"}
    assert 1 <= scores["effective_rank"] <= 16
    assert scores["subject_chance"] == 0.25
    assert scores["label_probe"] > 0.8
    assert embedding_health(encoder, probe, 16) == scores


class Collapsed(torch.nn.Module):
    """In place of an encoder: the same embedding for every window."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.config, self.mask_token = encoder.config, encoder.mask_token

    def forward(self, signal_uv: Tensor, *geometry: Tensor) -> Tensor:
        return torch.ones(*signal_uv.shape[:2], 2, self.config.width)


def test_a_collapsed_encoder_has_rank_one_and_is_told(probe: ProbeWindows) -> None:
    encoder: object = Collapsed(small(sfreq_hz=160.0, patch_samples=160))
    scores = embedding_health(encoder, probe, 16)
    assert scores["effective_rank"] == 1.0
    assert scores["subject_probe"] == scores["subject_chance"]
    assert scores["label_probe"] == pytest.approx(0.5)
    (concern,) = health_concerns([{"val_effective_rank": 9.0}, {"val_effective_rank": 1.0}])
    assert "collapse" in concern
    assert "training.lr" in concern


def course(**ends: tuple[float, float]) -> list[dict[str, float | None]]:
    """Rows of two validations, and one without."""
    names = {f"val_{name}": values for name, values in ends.items()}
    rows = [{name: values[k] for name, values in names.items()} for k in (0, 1)]
    return [rows[0], {"train_loss": 1.0}, rows[1], {"val_label_probe": None}]


def test_people_learned_without_seizures_are_told_with_the_settings_that_help() -> None:
    (concern,) = health_concerns(course(subject_probe=(0.2, 0.6), label_probe=(0.6, 0.61)))
    for words in ("60%", "20%", "0.61", "masking.kind=region-time", "sampling.ictal_share"):
        assert words in concern


def test_people_who_are_known_from_the_first_validation_on_are_told_too() -> None:
    """The probe has no room to rise."""
    (concern,) = health_concerns(course(subject_probe=(0.95, 0.97), label_probe=(0.6, 0.6)))
    for words in ("97%", "95% at first", "0.60", "masking.kind=region-time"):
        assert words in concern


@pytest.mark.parametrize(
    "ends",
    [
        {"subject_probe": (0.2, 0.6), "label_probe": (0.6, 0.8)},
        {"subject_probe": (0.5, 0.55), "label_probe": (0.6, 0.6)},
        {"subject_probe": (0.2, 0.9)},
        {"subject_probe": (0.95, 0.97), "label_probe": (0.6, 0.8)},
        {"subject_probe": (0.95, 0.85), "label_probe": (0.6, 0.6)},
        {"subject_probe": (0.95, 0.97)},
        {"effective_rank": (1.2, 5.0)},
        {},
    ],
)
def test_good_courses_are_not_complained_of(ends: dict[str, tuple[float, float]]) -> None:
    assert health_concerns(course(**ends)) == []


def test_scores_do_not_depend_on_the_size_of_batches(probe: ProbeWindows) -> None:
    encoder = small(sfreq_hz=160.0, patch_samples=160)
    one, two = (embedding_health(encoder, probe, size) for size in (1, 64))
    assert np.allclose(list(one.values()), list(two.values()), atol=1e-3)
