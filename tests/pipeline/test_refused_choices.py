"""Choices that would give a wrong result without a word are refused, or at least warned of."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clirun import Pipeline, eegssl, manifest_of

from eegssl.artifacts.context import Context
from eegssl.config.resolve import build, resolve
from eegssl.config.stages import BenchmarkConfig
from eegssl.corpus.config import SplitsConfig
from eegssl.errors import ConfigError, InputError, LeakError, RecordingRefused
from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.edf.header import read_header
from eegssl.stages import preprocess

MATRIX: dict[str, Any] = {
    "recordings": ["r"],
    "encoders": {"mine": {"path": "e"}},
    "tasks": {"sz": {"task": "seizure-detection"}},
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"encoders": {"../../evil": {"path": "e"}}}, "pattern"),
        ({"tasks": {"/absolute": {"task": "seizure-detection"}}}, "pattern"),
        ({"seeds": [0, 0]}, "twice"),
        ({"seeds": []}, "at least 1"),
        ({"seeds": [-1]}, "greater than or equal to 0"),
        ({"adaptations": ["probe", "probe"]}, "twice"),
        ({"folds": [0, 1]}, "{fold}"),
    ],
    ids=str,
)
def test_a_matrix_that_would_count_twice_or_write_elsewhere(
    change: dict[str, Any], word: str
) -> None:
    build(BenchmarkConfig, MATRIX, "the matrix")
    with pytest.raises(ConfigError, match=word):
        build(BenchmarkConfig, MATRIX | change, "the matrix")


def test_shares_that_leave_nothing_to_train_on() -> None:
    with pytest.raises(ConfigError, match="expected a sum below 1"):
        build(SplitsConfig, {"val": 0.5, "test": 0.5}, "splits")


@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_numbers_that_are_none(value: str) -> None:
    with pytest.raises(ConfigError, match="finite"):
        resolve("tokenize", sets=[f"window_s={value}"], environment={})


def test_a_pipe_that_ends_in_edf(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.edf")
    with pytest.raises(RecordingRefused, match="no regular file"):
        read_header(tmp_path / "x.edf")


def test_a_window_that_is_no_whole_number_of_patches(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl(*tiny.command("tokenize", tmp_path / "out"), "--set", "window_s=1.7")
    assert ran.code == ConfigError.exit_code
    assert "window_s" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_rate_that_the_settings_do_not_fit(tiny: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "slow"
    slow = ("--set", "filter.sfreq_hz=100", "--set", "filter.high_hz=40")
    assert eegssl("preprocess", tiny.edf, "--out", out, *slow).code == 0
    ran = eegssl("tokenize", out, "--out", tmp_path / "tokens")
    assert ran.code == ConfigError.exit_code
    assert "top_hz" in ran.err


def test_training_that_diverges_at_its_last_step(tiny: Pipeline, tmp_path: Path) -> None:
    wild = ("training.steps=1", "training.lr=1e18", "training.warmup=0")
    sets = [word for setting in wild for word in ("--set", setting)]
    ran = eegssl(*tiny.command("pretrain", tmp_path / "out"), *sets)
    assert ran.code == ConfigError.exit_code, ran.err
    assert "diverged" in ran.err


def labelled(folder: Path, rows: list[str], subjects: int = 3) -> Path:
    """EDF files of a minute, the first with these rows of events."""
    rng = np.random.default_rng(0)
    for k in range(subjects):
        path = folder / f"sub-{k}" / f"sub-{k}_eeg.edf"
        path.parent.mkdir(parents=True)
        write_edf(path, 20 * rng.standard_normal((2, 60 * 200)), ["Fp1", "O2"], 200)
    text = "onset\tduration\teventType\n" + "".join(f"{row}\n" for row in rows)
    (folder / "sub-0" / "sub-0_events.tsv").write_text(text)
    return folder


def test_events_outside_the_recording_are_cut_or_told(tmp_path: Path) -> None:
    rows = ["-5\t10\tsz", "50\t1000000\tsz", "100\t10\tsz", "20\t0\tsz"]
    folder = labelled(tmp_path / "edf", rows)
    result = preprocess.run(
        resolve("preprocess", environment={}), [folder], Context(tmp_path / "out")
    )
    assert result.facts["events"] == {"sz": 2}
    assert any("outside the recording" in warning for warning in result.warnings)


def test_a_given_split_is_checked_before_any_work(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "edf", ["10\t10\tsz"])
    table = tmp_path / "splits.tsv"
    table.write_text("subject\tsplit\nsub-0\ttrain\nsub-1\tval\n")
    config = resolve("preprocess", sets=[f"splits.file={table}"], environment={})
    with pytest.raises(InputError, match="not in the splits file"):
        preprocess.run(config, [folder], Context(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_within_subject_folder_does_not_excuse_the_others(tiny: Pipeline, tmp_path: Path) -> None:
    other = labelled(tmp_path / "edf", ["10\t10\tsz"], subjects=4)
    within = tmp_path / "within"
    assert eegssl("preprocess", other, "--out", within, "--set", "splits.by=recording").code == 0
    ran = eegssl(
        *("evaluate", tiny.model, tiny.recordings, within, "--out", tmp_path / "out"),
        *("--set", "split=all"),
    )
    assert ran.code == LeakError.exit_code


def test_a_folder_without_any_event_is_told_and_its_path_is_not(
    tiny: Pipeline, tmp_path: Path
) -> None:
    edf = labelled(tmp_path / "edf", [])
    unlabelled = tmp_path / "unlabelled"
    assert eegssl("preprocess", edf, "--out", unlabelled).code == 0
    out = tmp_path / "evaluation"
    ran = eegssl("evaluate", tiny.model, unlabelled, "--out", out)
    assert ran.code == 0, ran.err
    assert "no events at all" in ran.err
    manifest = (out / "manifest.json").read_text()
    assert "no events at all" in manifest
    assert str(tmp_path) not in manifest


@pytest.mark.slow
def test_a_cell_of_a_benchmark_tells_its_own_warnings_only(tiny: Pipeline, tmp_path: Path) -> None:
    edf = labelled(tmp_path / "edf", [])
    assert eegssl("preprocess", edf, "--out", tmp_path / "unlabelled").code == 0
    matrix = tmp_path / "matrix.toml"
    matrix.write_text(
        f'recordings = ["{tiny.recordings}", "unlabelled"]\nadaptations = ["probe", "full"]\n'
        f'[encoders.mine]\npath = "{tiny.encoder}"\n'
        '[tasks.sz]\ntask = "seizure-detection"\n'
    )
    out = tmp_path / "out"
    ran = eegssl("benchmark", matrix, "--out", out, "--config", tiny.settings)
    assert ran.code == 0, ran.err
    told = [manifest_of(p.parent)["facts"] for p in out.glob("cells/**/model/manifest.json")]
    everyone = manifest_of(out)["facts"]["warnings"]
    # The evaluations alone tell of recordings that are too short for scores of events.
    of_models = [words for words in everyone if "are in no event score" not in words]
    assert len(everyone) == len(of_models) + 1
    assert all(sorted(facts["warnings"]) == sorted(of_models) for facts in told)
    # No events in one folder; too short to choose post-processing by; few windows for a threshold.
    assert len(of_models) == 3
