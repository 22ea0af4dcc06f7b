"""Every baseline says planted numbers, nothing of permuted ones, and units weigh alike."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted_windows import planted, windows_of
from slowparams import slow_except

from eegssl.baselines.config import BaselinesConfig
from eegssl.baselines.interface import System
from eegssl.baselines.system import BASELINES
from eegssl.corpus.labelled import LabelledWindows, Unit
from eegssl.errors import ConfigError, InputError
from eegssl.scoring.number_scores import number_scores
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.label_baseline import fit_baseline

TASK = TaskConfig(
    name="loudness", labels="table", table="x", unit="recording", target="number", window_s=2.0
)
QUICK = BaselinesConfig(
    network={"steps": 120, "batch_size": 16, "validate_every": 60, "lr": 3e-3, "device": "cpu"},
    boosting={"max_rounds": 40, "min_windows_a_leaf": 5},
    shallow_convnet={"filters": 8},
    seizure_unet={"width": 4, "levels": 2},
)
LEARNERS = [name for name in BASELINES if name != "majority"]
Splits = dict[str, LabelledWindows]


def numbered(folder: Path, gains: np.ndarray, first: int) -> LabelledWindows:
    """Recordings of a gain each; the number of all their windows is 50 + 40 log10(gain)."""
    recordings = [planted(folder, first + k, gain=float(g)) for k, g in enumerate(gains)]
    windows = windows_of(recordings).windows
    return LabelledWindows(
        windows,
        50 + 40 * np.log10(gains)[windows.owner],
        windows.owner,
        tuple(Unit(r.id, r.id, r.subject, 0.0, r.duration_s) for r in recordings),
    )


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Splits:
    """Six training, three validation and four test recordings of .5 to 2 times the amplitude."""
    folder = tmp_path_factory.mktemp("numbers")
    parts = {"train": (6, 0), "val": (3, 10), "test": (4, 20)}
    return {
        name: numbered(folder, np.geomspace(0.5, 2.0, n), first)
        for name, (n, first) in parts.items()
    }


def fitted(name: str, windows: Splits, said: list[str] | None = None) -> System:
    lines = [] if said is None else said
    return fit_baseline(
        name, windows["train"], windows["val"], TASK, 0, QUICK, "balanced_accuracy", lines.append
    )


@pytest.mark.parametrize("name", slow_except(LEARNERS, LEARNERS[0]))
def test_it_says_planted_numbers_of_recordings_that_it_never_saw(name: str, splits: Splits) -> None:
    system, test = fitted(name, splits), splits["test"]
    said = system.predict(test)
    assert said.shape == (len(test), 1)
    assert system.threshold is None
    assert system.n_parameters > 0
    scores = number_scores(test.unit_truth, test.by_unit(said[:, 0]))
    assert scores["spearman"] == 1.0
    assert scores["mae"] < 4.0  # of a range of 24
    blind = replace(test, truth=test.truth * 0)
    assert np.array_equal(said, system.predict(blind))


@pytest.mark.parametrize("name", slow_except(LEARNERS, LEARNERS[0]))
def test_permuted_numbers_teach_it_nothing(name: str, splits: Splits) -> None:
    rng = np.random.default_rng(5)
    mixed = {
        split: replace(one, truth=rng.permutation(one.truth), unit=np.arange(len(one)), units=())
        for split, one in splits.items()
    }
    said = fitted(name, mixed).predict(mixed["test"])[:, 0]
    found = number_scores(mixed["test"].truth, said)["spearman"]
    assert found is None or abs(found) < 3 / np.sqrt(len(said))


def test_the_mean_counts_each_unit_once_however_long_it_is(splits: Splits) -> None:
    train = splits["train"]
    first = np.flatnonzero(train.unit == 0)
    fewer = train.subset(np.concatenate([first[:3], np.flatnonzero(train.unit > 0)]))
    said = fitted("majority", splits | {"train": fewer}).predict(splits["test"])
    assert np.allclose(said, train.unit_truth.mean())


def test_ridge_answers_with_the_mean_where_nothing_may_be_learned(splits: Splits) -> None:
    config = QUICK.model_copy(
        update={"band_power": QUICK.band_power.model_copy(update={"cs": (1e-12,)})}
    )
    parts = splits["train"], splits["val"]
    system = fit_baseline(
        "band-power-summary", *parts, TASK, 0, config, "balanced_accuracy", lambda line: None
    )
    assert np.allclose(system.predict(splits["test"]), splits["train"].unit_truth.mean())


def test_the_number_minus_one_is_a_number_and_no_missing_label(splits: Splits) -> None:
    train = splits["train"]
    shifted = replace(train, truth=np.where(train.unit == 0, -1.0, 5.0))
    said = fitted("majority", splits | {"train": shifted}).predict(splits["test"])
    assert np.allclose(said, 4.0)  # five units of 5 and one of -1


@pytest.mark.slow
def test_boosting_says_how_many_rounds_validate_best(splits: Splits) -> None:
    said: list[str] = []
    system = fitted("band-power-boosting", splits, said)
    assert f"round {system.rounds} of 40 validates best (spearman" in said[0]


def test_numbers_refuse_the_same_as_classes(splits: Splits) -> None:
    with pytest.raises(ConfigError, match="expected one of"):
        fitted("ridge", splits)
    train = splits["train"]
    same = replace(train, truth=np.full(len(train), 3.0))
    with pytest.raises(InputError, match="fewer than two different numbers"):
        fitted("majority", splits | {"train": same})
