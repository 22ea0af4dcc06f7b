"""Measures of a planted sample have the planted values, their intervals, and reasons for none."""

import numpy as np
import pytest
from asked_probes import FILES, K, asked_of

from eegssl.probes.measure import mean_measure, nothing, weighted_measure
from eegssl.probes.probe_scores import Asked


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.fixture
def asked() -> Asked:
    return asked_of()


def test_planted_subjects_have_a_measure_of_1_and_noise_one_of_chance(
    asked: Asked, rng: np.random.Generator
) -> None:
    n = len(asked.sample.subject)
    noise = rng.standard_normal((n, K))
    both = asked.subjects({"planted": noise + 20 * np.eye(K)[asked.sample.subject], "noise": noise})
    assert both["planted"].value == 1.0
    assert both["noise"].value == pytest.approx(1 / K, abs=0.06)
    gain = both["planted less noise"]
    assert gain.value == pytest.approx(1 - both["noise"].value)
    assert gain.interval.low is not None
    assert gain.interval.low > 0.8
    low, high = both["noise"].interval.low, both["noise"].interval.high
    assert low is not None and high is not None  # noqa: PT018
    assert low < 1 / K + 0.03
    assert (both["noise"].n_subjects, both["noise"].n_windows) == (K, n)


def test_planted_recordings_are_named_and_lost_in_others(
    asked: Asked, rng: np.random.Generator
) -> None:
    n = len(asked.sample.file)
    noise = rng.standard_normal((n, K * FILES))
    spaces = {"x": 20 * np.eye(K * FILES)[asked.sample.file] + noise}
    assert asked.files(spaces)["x"].value == pytest.approx(1.0, abs=0.05)
    other = asked.other_files(spaces)
    assert other["same"]["x"].value == 1.0
    change = other["change"]["x"]
    assert change.value is not None
    assert change.value < -0.5
    assert change.interval.high is not None
    assert change.interval.high < 0


def test_planted_seizures_band_power_age_and_sex(asked: Asked, rng: np.random.Generator) -> None:
    sample = asked.sample
    noise = 0.1 * rng.standard_normal((len(sample.subject), 6))
    years = dict(zip(sample.subjects, np.linspace(20, 75, K), strict=True))
    sexes = {s: "fm"[k % 2] for k, s in enumerate(sample.subjects)}
    power = rng.standard_normal(len(sample.subject))
    planted = noise.copy()
    planted[:, 0] += 3 * sample.ictal
    planted[:, 1] += power
    planted[:, 2] += np.array([years[s] / 10 for s in sample.subjects])[sample.subject]
    planted[:, 3] += np.array([4.0 * (sexes[s] == "f") for s in sample.subjects])[sample.subject]
    spaces = {"planted": planted}
    assert asked.labels(spaces)["planted"].value == 1.0
    bands = asked.bands(spaces, {"alpha": power})
    assert bands["alpha"]["planted"].value == pytest.approx(1.0, abs=0.02)
    age = asked.age(spaces, years)["planted"]
    assert age.value is not None
    assert age.value > 0.8
    assert age.interval.low is not None
    assert asked.sex(spaces, sexes)["planted"].value == 1.0


def test_age_and_sex_of_noise_are_at_chance(asked: Asked, rng: np.random.Generator) -> None:
    ages, aurocs = [], []
    for _ in range(20):
        spaces = {"x": rng.standard_normal((len(asked.sample.subject), 4))}
        years = dict(zip(asked.sample.subjects, rng.uniform(20, 80, K).tolist(), strict=True))
        drawn = rng.permutation(K) % 2
        sexes = {s: "fm"[k] for s, k in zip(asked.sample.subjects, drawn, strict=True)}
        ages.append(asked.age(spaces, years)["x"].value)
        aurocs.append(asked.sex(spaces, sexes)["x"].value)
    assert max(ages) < 0.5
    assert np.median(ages) <= 0.05
    assert np.mean(aurocs) == pytest.approx(0.5, abs=0.15)


def test_what_features_gain_is_paired_by_subject(asked: Asked, rng: np.random.Generator) -> None:
    noise = rng.standard_normal((len(asked.sample.subject), K))
    planted = noise + 20 * np.eye(K)[asked.sample.subject]
    change = asked.changes({"x": noise}, {"x": planted})
    before, after = asked.subjects({"x": noise})["x"], asked.subjects({"x": planted})["x"]
    assert change["subjects"]["x"].value == pytest.approx(after.value - before.value)
    assert change["subjects"]["x"].interval.low > 0.8
    assert abs(change["labels"]["x"].value) < 0.1


def test_few_known_ages_have_a_reason(asked: Asked) -> None:
    spaces = {"x": np.zeros((len(asked.sample.subject), 2))}
    none = asked.age(spaces, {asked.sample.subjects[0]: 30.0})["x"]
    assert none.value is None
    assert none.reason == "1 of 12 subjects has an age in subjects.tsv; it needs 10"
    assert asked.sex(spaces, dict.fromkeys(asked.sample.subjects, "f"))["x"].value is None


def test_intervals_need_ten_subjects_and_are_those_of_the_scores() -> None:
    few = mean_measure([0.2, 0.4, 0.9], 0.1, 30, seed=0)
    assert few.value == pytest.approx(0.5)
    assert few.interval.reason == "3 subjects, fewer than 10"
    many = mean_measure(np.linspace(0, 1, 40), 0.5, 40, seed=0)
    assert many.interval.low is not None
    assert many.interval.low == pytest.approx(0.41, abs=0.02)
    same = weighted_measure(
        lambda w: w @ np.linspace(0, 1, 40) / w.sum(axis=1), 40, 0.5, 40, seed=0
    )
    assert same.interval == many.interval
    assert nothing("no reason", 3).as_dict()["reason"] == "no reason"
