"""Five classes of windows from a hypnogram: a task file is all that sleep staging takes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clirun import done
from corpora import corpus, recording
from edf_bytes import plus, time_stamps

import eegssl
from eegssl.config.resolve import read_task
from eegssl.corpus.labelled import LabelledWindows
from eegssl.errors import ConfigError, InputError
from eegssl.io.edf.edf_writer import write_edf
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows

EPOCH_S, EPOCHS, SFREQ_HZ = 30, 10, 100
STAGES = {"W": 10.0, "1": 6.0, "2": 13.0, "3": 1.5, "4": 1.5, "R": 20.0}
"""A stage in Rechtschaffen and Kales' words -> the rhythm in Hz that stands for it here."""
NIGHTS = 8
TINY = """
[tokenize]
window_s = 10.0
atlas.codes = 2
[tokenize.tokenizer]
width = 16
code_dim = 8
n_codes = 32
[tokenize.training]
steps = 4
batch_size = 4
[pretrain.encoder]
width = 32
layers = 1
heads = 4
[pretrain.training]
steps = 4
batch_size = 4
[finetune.training]
steps = 60
batch_size = 16
lr = 1e-2
"""


def staged(*events: tuple[float, float, str], **changes: Any) -> LabelledWindows:
    """The windows of one recording of 300 s with these events."""
    task = read_task("sleep-staging", changes)
    assert isinstance(task, TaskConfig)
    one = recording(0, 300, events=list(events))
    return labelled_windows(corpus(one), [one], task, None, seed=0)


def test_the_task_knows_five_stages_in_both_scorings() -> None:
    names = ["sleep_wake", "sleep_1", "sleep_n1", "sleep_2", "sleep_n2"]
    names += ["sleep_3", "sleep_4", "sleep_n3", "sleep_rem"]
    labelled = staged(*((30.0 * k, 30.0, name) for k, name in enumerate(names)))
    np.testing.assert_array_equal(labelled.truth, [0, 1, 1, 2, 2, 3, 3, 3, 4])
    np.testing.assert_array_equal(labelled.windows.start_s, 30.0 * np.arange(9))
    assert dict(labelled.left_out) == {"windows in events of no class": 1}


def test_movement_and_unscored_epochs_are_left_out_and_counted() -> None:
    labelled = staged(
        (0, 30, "sleep_movement"), (30, 30, "sleep_unscored"), (60, 240, "sleep_wake")
    )
    assert len(labelled) == 8
    assert dict(labelled.left_out) == {"windows in events of no class": 2}


def test_a_window_between_two_stages_is_of_the_longer_one() -> None:
    labelled = staged((0, 44, "sleep_wake"), (44, 256, "sleep_2"))
    np.testing.assert_array_equal(labelled.truth, [0, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    tied = staged((0, 45, "sleep_wake"), (45, 255, "sleep_2"))
    assert len(tied) == 9
    assert dict(tied.left_out) == {"windows in events of two classes": 1}


def test_recordings_without_stages_say_where_to_look() -> None:
    with pytest.raises(InputError, match=r"lies in an event of sleep_wake.*events\.sources"):
        staged((0, 60, "sz"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": "second"}, "needs labels = 'events' and unit = 'window'"),
        ({"class_events": {"wake": []}, "classes": ["wake", "n2"]}, "wake has no event type"),
        ({"class_events": {"wake": ["sleep_2"]}}, "sleep_2 stands in two classes"),
        ({"classes": ["wake", "asleep"]}, "give each class its event types"),
        ({"event_types": ["sz"]}, "event_types follow from class_events"),
    ],
)
def test_classes_and_events_that_do_not_fit_are_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'name = "t"\nlabels = "events"\n[class_events]\nwake = ["sleep_wake"]\nn2 = ["sleep_2"]\n'
    )
    with pytest.raises(ConfigError, match=message):
        read_task(str(file), changes)


def write_night(folder: Path, subject: int) -> list[str]:
    """A night of two channels, its stages drawn by the subject's number, and its hypnogram.

    Returns the class of each epoch.
    """
    rng = np.random.default_rng([11, subject])
    stages = rng.permutation([*STAGES, *rng.choice(list(STAGES), EPOCHS - len(STAGES))])
    time_s = np.arange(EPOCH_S * SFREQ_HZ) / SFREQ_HZ
    rhythm_uv = np.concatenate([40 * np.sin(2 * np.pi * STAGES[s] * time_s) for s in stages])
    signal_uv = rhythm_uv + rng.normal(0, 10, (2, len(rhythm_uv)))
    labels = ["EEG Fpz-Cz", "EEG Pz-Oz"]
    write_edf(folder / f"SC4{subject:02d}1E0-PSG.edf", signal_uv, labels, SFREQ_HZ)
    marks = [f"+{30 * k}\x1530\x14Sleep stage {stage}\x14\x00" for k, stage in enumerate(stages)]
    tals = time_stamps(["0"])
    tals[0] += "".join(marks).encode()
    hypnogram = plus(["0"], tals=tals, tal_bytes=600)
    (folder / f"SC4{subject:02d}1EC-Hypnogram.edf").write_bytes(hypnogram.bytes())
    names = {"W": "wake", "R": "rem", "1": "n1", "2": "n2", "3": "n3", "4": "n3"}
    return [names[stage] for stage in stages]


def test_nights_with_hypnograms_become_a_model_of_stages(tmp_path: Path) -> None:
    """Synthetic nights, in which each stage has a rhythm of its own."""
    edf = tmp_path / "edf"
    edf.mkdir()
    for subject in range(NIGHTS):
        write_night(edf, subject)
    out = {name: tmp_path / name for name in ("rec", "tok", "enc", "model", "scores")}
    settings = tmp_path / "tiny.toml"
    settings.write_text(TINY)
    tiny = ("--config", settings)
    done("preprocess", edf, "--out", out["rec"], "--preset", "sleep-edf")
    info = done("info", out["rec"], "--task", "sleep-staging")
    assert info["task"]["classes"] == ["wake", "n1", "n2", "n3", "rem"]
    done("tokenize", out["rec"], "--out", out["tok"], *tiny)
    done("pretrain", out["rec"], "--tokens", out["tok"], "--out", out["enc"], *tiny)
    task = ("--task", "sleep-staging")
    done("finetune", out["rec"], "--encoder", out["enc"], *task, "--out", out["model"], *tiny)
    facts = done("evaluate", out["model"], out["rec"], "--out", out["scores"])["facts"]
    assert facts["windows"]["n_per_class"].keys() == set(info["task"]["classes"])
    assert facts["windows"]["balanced_accuracy"] > 0.8
    assert (facts["events"], facts["warnings"]) == (None, [])
    (tmp_path / "new").mkdir()
    stages = write_night(tmp_path / "new", NIGHTS)
    night = eegssl.predict(
        eegssl.load_model(out["model"]), tmp_path / f"new/SC4{NIGHTS:02d}1E0-PSG.edf"
    )
    lasting = (night.duration_s / EPOCH_S).astype(int)
    told = [name for name, n in zip(night.labels, lasting, strict=True) for _ in range(n)]
    assert sum(a == b for a, b in zip(told, stages, strict=True)) > 0.8 * EPOCHS
    assert night.document["seconds"] == {
        name: EPOCH_S * told.count(name) for name in info["task"]["classes"]
    }
