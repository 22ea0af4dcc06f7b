"""The probe by which objectives are judged reads what is planted, by the labels of two people."""

from dataclasses import replace

import numpy as np
import pytest
from few_label_probe import DRAWS, Side, aurocs

from eegssl.adaptation.few_labels import FewLabels, some_subjects

PEOPLE, EACH = 6, 20


def side(seed: int, planted: float) -> Side:
    """Windows of six people, the first five of each in a seizure that moves one of four features;
    people differ by more than that."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(PEOPLE), EACH)
    ictal = np.tile(np.arange(EACH) < 5, PEOPLE)
    features = rng.standard_normal((PEOPLE * EACH, 4))
    features[:, 1] += 9 * rng.standard_normal(PEOPLE)[person]
    features[:, 0] += planted * ictal
    return Side(features, ictal, np.array([f"s{k}" for k in person]))


@pytest.mark.parametrize(("planted", "low", "high"), [(9.0, 0.99, 1.0), (0.0, 0.35, 0.65)])
def test_what_is_planted_is_read_and_noise_is_not(planted: float, low: float, high: float) -> None:
    scores = aurocs(side(0, planted), side(1, planted))
    assert scores.shape == (DRAWS,)
    assert low <= scores.mean() <= high


def test_labels_of_people_that_were_not_drawn_are_not_read() -> None:
    learned, asked = side(0, 2.0), side(1, 2.0)
    classes = {name: {0, 1} for name in np.unique(learned.subject).tolist()}
    drawn = np.isin(learned.subject, some_subjects(classes, FewLabels(0, 2)))
    assert drawn.sum() == 2 * EACH
    other = replace(learned, ictal=np.where(drawn, learned.ictal, np.roll(learned.ictal, 5)))
    first, changed = aurocs(learned, asked), aurocs(other, asked)
    assert first[0] == changed[0]
    assert (first != changed).any()
