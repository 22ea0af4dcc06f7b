"""Every baseline learns what is planted, nothing from permuted labels, and the same by its seed."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from planted_windows import PERMUTED, TASK, planted, windows_of
from sklearn.metrics import roc_auc_score

from eegssl.adaptation.linear import fit_logistic
from eegssl.baselines.band_power import band_power_features
from eegssl.baselines.config import BaselinesConfig
from eegssl.baselines.interface import System
from eegssl.baselines.system import BASELINES
from eegssl.corpus.labelled import LabelledWindows
from eegssl.errors import ConfigError, InputError
from eegssl.scoring.threshold import choose_threshold
from eegssl.scoring.window_scores import window_scores
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.label_baseline import fit_baseline

QUICK = BaselinesConfig(
    network={"steps": 40, "batch_size": 16, "validate_every": 20, "lr": 3e-3, "device": "cpu"},
    boosting={"max_rounds": 20, "min_windows_a_leaf": 5},
    shallow_convnet={"filters": 8},
    seizure_unet={"width": 4, "levels": 2},
)
LEARNERS = [name for name in BASELINES if name != "majority"]
NETWORKS = ["eegnet", "shallow-convnet", "seizure-unet"]
Splits = dict[str, LabelledWindows]


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TaskConfig], Splits]:
    """Windows of four training, two validation and three test subjects, for a task."""
    folder = tmp_path_factory.mktemp("planted")
    recordings = [planted(folder, k) for k in range(9)]
    parts = {"train": recordings[:4], "val": recordings[4:6], "test": recordings[6:]}
    return lambda task: {name: windows_of(part, task) for name, part in parts.items()}


@pytest.fixture(scope="module")
def learned(splits) -> Callable[[str], System]:
    """The baseline of a name on the planted windows, fitted once for all tests."""
    return cache(lambda name: fitted(name, splits(TASK)))


def fitted(
    name: str,
    windows: Splits,
    task: TaskConfig = TASK,
    seed: int = 0,
    said: list[str] | None = None,
) -> System:
    """A baseline on training and validation windows."""
    lines = [] if said is None else said
    train, val = windows["train"], windows["val"]
    return fit_baseline(name, train, val, task, seed, QUICK, "balanced_accuracy", lines.append)


def as_table(windows: LabelledWindows, truth: np.ndarray) -> LabelledWindows:
    """The same windows with other classes."""
    return LabelledWindows(windows.windows, truth)


@pytest.mark.parametrize("name", LEARNERS)
def test_it_finds_planted_seizures_in_subjects_that_it_never_saw(name, splits, learned):
    windows, system = splits(TASK), learned(name)
    p = system.predict(windows["test"])
    scores = window_scores(windows["test"].truth, p, system.threshold, TASK.classes)
    assert scores["auroc"] > 0.97
    assert scores["balanced_accuracy"] > 0.9
    assert system.n_parameters > 0


@pytest.mark.parametrize("name", LEARNERS)
def test_permuted_labels_teach_it_nothing(name, splits):
    windows = splits(PERMUTED)
    p = fitted(name, windows, PERMUTED).predict(windows["test"])[:, 1]
    truth = windows["test"].truth
    n_pairs_scale = (len(truth) + 1) / (12 * truth.sum() * (len(truth) - truth.sum()))
    assert abs(roc_auc_score(truth, p) - 0.5) < 3 * np.sqrt(n_pairs_scale)  # Mann-Whitney's SE


@pytest.mark.parametrize("name", LEARNERS)
def test_the_same_seed_gives_the_same_bytes_whatever_was_drawn_before(name, splits, learned):
    windows = splits(TASK)
    first = learned(name).predict(windows["test"])
    torch.rand(7)
    before = torch.get_rng_state()
    again = fitted(name, windows).predict(windows["test"])
    assert first.tobytes() == again.tobytes()
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", NETWORKS)
def test_another_seed_gives_another_network(name, splits, learned):
    windows = splits(TASK)
    other = fitted(name, windows, seed=1).predict(windows["val"])
    assert not np.array_equal(learned(name).predict(windows["val"]), other)


@pytest.mark.parametrize("name", BASELINES)
def test_probabilities_sum_to_one_and_the_truth_is_not_looked_at(name, splits, learned):
    system, test = learned(name), splits(TASK)["test"]
    p = system.predict(test)
    assert p.shape == (len(test), 2)
    assert p.dtype == np.float64
    assert np.allclose(p.sum(axis=1), 1)
    assert np.array_equal(p, system.predict(as_table(test, 1 - test.truth)))


@pytest.mark.parametrize("name", BASELINES)
def test_three_classes_have_probabilities_and_no_threshold(name, splits):
    windows = splits(TASK)
    task = TaskConfig(name="thirds", labels="table", table="x", classes=("a", "b", "c"))
    thirds = {
        split: as_table(some, np.where(some.truth == 1, 2, np.arange(len(some)) % 2))
        for split, some in windows.items()
    }
    system = fitted(name, thirds, task)
    assert system.threshold is None
    p = system.predict(thirds["test"])
    assert p.shape == (len(thirds["test"]), 3)
    if name != "majority":
        assert roc_auc_score(windows["test"].truth, p[:, 2]) > 0.95


def test_the_majority_is_what_training_has_most_of_and_scores_at_chance(splits, learned):
    windows, system = splits(TASK), learned("majority")
    share = windows["train"].truth.mean()
    assert np.allclose(system.predict(windows["test"]), [1 - share, share])
    scores = window_scores(
        windows["test"].truth, system.predict(windows["test"]), system.threshold, TASK.classes
    )
    assert scores["sensitivity"] == 0
    assert scores["specificity"] == 1
    assert scores["auroc"] == scores["balanced_accuracy"] == 0.5


TRIED = BaselinesConfig().band_power.cs


def test_band_power_is_logistic_regression_on_features_with_a_threshold_from_validation(
    splits, learned
):
    windows, system = splits(TASK), learned("band-power-summary")
    features = {}
    for name, some in windows.items():
        batch = some.windows.batch(np.arange(len(some)))
        features[name] = band_power_features(batch.signal_uv, some.windows.corpus.sfreq_hz)
    truth = windows["train"].truth
    weight = (1 / np.bincount(truth))[truth]
    path = fit_logistic(features["train"], np.eye(2)[truth], weight, TRIED, 2000)
    plain = next(model for model in path if model.c == system.model.c)
    assert plain.c == TRIED[-1]  # the validation windows are told apart by any; loss decides
    positive = plain.probabilities(features["val"])[:, 1]
    assert np.array_equal(system.predict(windows["test"]), plain.probabilities(features["test"]))
    assert system.threshold == choose_threshold(windows["val"].truth, positive).value
    assert system.n_parameters == 21


def test_boosting_votes_with_as_many_rounds_as_validate_best(splits):
    said: list[str] = []
    windows = splits(TASK)
    system = fitted("band-power-boosting", windows, said=said)
    assert system.rounds in (10, 20)
    assert f"round {system.rounds} of 20" in said[0]
    assert system.n_parameters == system.n_trees * (15 + 28)


def test_an_unknown_name_is_refused_with_those_that_there_are(splits):
    with pytest.raises(ConfigError, match="eegnet, shallow-convnet"):
        fitted("eegnett", splits(TASK))


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("split", ["train", "val"])
def test_a_class_that_a_split_lacks_is_refused(name, split, splits):
    windows = splits(TASK)
    lacking = {**windows, split: as_table(windows[split], np.zeros_like(windows[split].truth))}
    with pytest.raises(InputError, match=f"split {split}.*none of class seizure"):
        fitted(name, lacking)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        *(("eegnet", ConfigError), ("shallow-convnet", ConfigError)),
        *(("band-power-summary", InputError), ("band-power-boosting", InputError)),
    ],
)
def test_windows_that_are_too_short_are_refused(name, error, tmp_path: Path):
    task = TASK.model_copy(update={"window_s": 0.2})
    recordings = [planted(tmp_path, k) for k in range(2)]
    windows = {"train": windows_of(recordings[:1], task), "val": windows_of(recordings[1:], task)}
    with pytest.raises(error, match=r"task\.window_s"):
        fitted(name, windows, task)
