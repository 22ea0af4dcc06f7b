"""The page of a cross-validation says that it is one, and speaks of nothing that isn't drawn."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from eegssl.reports.html import render_page
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.postprocess import Postprocess
from eegssl.scoring.threshold import Threshold
from eegssl.tasks.labels.page import page_of
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.labels.scores import score
from eegssl.tasks.table import pool_tables

SCORING = ScoringConfig(bootstrap_resamples=100)


def _of_fold(k: int) -> Predictions:
    """One recording of an hour with one seizure, by a model whose threshold is the fold's own."""
    start_s = np.arange(0, 3600, 4.0)
    truth = ((start_s >= 100) & (start_s < 200)).astype(np.int64)
    p = np.clip(0.4 * truth + 0.6 * np.random.default_rng(k).random(900), 0, 1)
    return Predictions(
        subject=[f"s{k}"] * 900,
        recording=[f"r{k}"] * 900,
        start_s=start_s,
        duration_s=np.full(900, 4.0),
        truth=truth,
        probabilities=np.stack([1 - p, p], axis=1),
        classes=("background", "seizure"),
        split_hash=f"{k}",
        references=(Reference(f"r{k}", f"s{k}", 3600.0, ((100.0, 100.0, "sz"),)),),
        about={
            "task": "seizures",
            "labels": "events",
            "permuted": False,
            "threshold": asdict(Threshold(0.5 + k / 10)),
            "postprocess": asdict(Postprocess(0.5 + k / 10)),
            "synthetic": True,
            "within_subject": False,
            "leaks": [],
        },
    )


def _page(predictions: Predictions) -> str:
    return render_page(page_of(predictions, score(predictions, SCORING, 0)))


@pytest.fixture(scope="module")
def page() -> str:
    return _page(pool_tables([_of_fold(k) for k in range(3)]))


def test_the_title_and_a_count_say_that_it_is_a_cross_validation(page: str) -> None:
    title = '<h1><span class="whole">Cross-validation:</span> seizures, 3 folds</h1>'
    assert title in page
    assert "Folds" in page
    assert "Scores of 3 models" in page
    assert "a rule of its own, with thresholds from 0.5000 to 0.7000" in page


def test_captions_speak_of_no_dot_where_thresholds_are_several(page: str) -> None:
    assert "The dot is the locked threshold" not in page
    assert "threshold of its own" in page
    assert "no curve of sensitivity against false alarms" in page


def test_one_model_has_its_dot_its_curve_and_no_word_of_folds() -> None:
    one = _page(_of_fold(0))
    assert "<h1>Evaluation: seizures</h1>" in one
    assert "The dot is the locked threshold" in one
    assert "Sensitivity against false alarms" in one
    assert "fold" not in one
    bare = _of_fold(0)
    unlocked = _page(replace(bare, about=bare.about | {"threshold": None}))
    assert "No dot: no threshold was locked" in unlocked
