"""What forecasting a signal refuses, keeps to itself, and makes the same way twice."""

import shutil
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from downstream import (
    RATE_HZ,
    SECONDS,
    Chain,
    chain_of,
    preprocess,
    refused,
    sines,
    white,
    write_signals,
)

from eegssl.io.edf.edf_writer import write_edf


@pytest.fixture(scope="module")
def sine(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A steady sine, with a model and an evaluation."""
    chain = chain_of(tmp_path_factory.mktemp("sine"), tiny, sines)
    chain.scored("uv")
    return chain


def test_recordings_that_saw_the_future_are_refused(sine: Chain, tmp_path: Path) -> None:
    swapped = Chain(tmp_path, sine.encoder)
    shutil.copytree(sine.zero, swapped.causal)
    shutil.copytree(sine.zero, swapped.zero)
    ran = eegssl(*swapped.finetune(tmp_path / "model"))
    refused(ran, (2, 3, 4), "causal")
    ran = eegssl(*swapped.evaluate(sine.root / "uv-model", tmp_path / "out"))
    refused(ran, (2, 3, 4), "causal")


def test_targets_that_are_late_are_refused(sine: Chain, tmp_path: Path) -> None:
    """Causal recordings as targets carry the filters' delay: another question, not this one."""
    words = sine.finetune(tmp_path / "model")
    late = [sine.causal if word == sine.zero else word for word in words]
    refused(eegssl(*late), (2,), "zero")


@pytest.mark.parametrize(
    "other",
    [
        "filter.low_hz=1",
        pytest.param("filter.high_hz=40", marks=pytest.mark.slow),
        "montage.reference=average",
    ],
)
def test_targets_that_were_made_in_another_way_are_refused(
    sine: Chain, tmp_path: Path, other: str
) -> None:
    zero = preprocess(sine.root / "edf", tmp_path / "zero", "zero", "--set", other)
    for words in (sine.finetune(tmp_path / "m"), sine.evaluate(sine.root / "uv-model", tmp_path)):
        ran = eegssl(*[zero if word == sine.zero else word for word in words])
        refused(ran, (2,), other.split("=")[0], "filter.phase")


def test_targets_of_other_files_are_refused(tiny: Pipeline, sine: Chain, tmp_path: Path) -> None:
    edf = write_signals(tmp_path / "edf", white, range(60, 66))
    preprocess(edf, tmp_path / "zero", "zero")
    other = Chain(tmp_path, sine.encoder)
    shutil.copytree(sine.causal, other.causal)
    refused(eegssl(*other.finetune(tmp_path / "model")), (3, 4), "targets")


def test_targets_of_other_length_are_refused(sine: Chain, tmp_path: Path) -> None:
    """The same names, another take: a target that is not of its context."""
    edf = write_signals(tmp_path / "edf", lambda k: sines(k, seconds=SECONDS - 10))
    preprocess(edf, tmp_path / "zero", "zero")
    other = Chain(tmp_path, sine.encoder)
    shutil.copytree(sine.causal, other.causal)
    refused(eegssl(*other.finetune(tmp_path / "model")), (3, 4))


def test_a_fold_without_a_recording_that_is_long_enough_is_refused_before_any_is_trained(
    tiny: Pipeline, tmp_path: Path
) -> None:
    chain = chain_of(tmp_path, tiny, lambda k: sines(k, seconds=9 if k == 50 else SECONDS))
    ran = eegssl(*chain.finetune(tmp_path / "folds", "--folds", "loso"))
    refused(ran, (3,), "fold ", "of 6", "test")
    assert not (tmp_path / "folds").exists()


def test_scores_made_anew_have_no_targets(sine: Chain, tmp_path: Path) -> None:
    again = ("evaluate", "--rescore", sine.root / "uv-evaluation", "--out", tmp_path / "out")
    refused(eegssl(*again, "--targets", sine.zero), (2,), "--targets")


def test_recordings_too_short_for_context_and_horizon_are_refused(
    sine: Chain, tmp_path: Path
) -> None:
    ran = eegssl(*sine.finetune(tmp_path / "model", context_s=90, horizon_s=12))
    refused(ran, (3,), "context")


def test_one_recording_too_short_is_counted_and_the_rest_goes_through(
    tiny: Pipeline, tmp_path: Path
) -> None:
    chain = chain_of(tmp_path, tiny, lambda k: sines(k, seconds=8 if k == 50 else SECONDS))
    ran = eegssl(*chain.finetune(tmp_path / "model"))
    assert ran.code == 0, ran
    assert "short" in ran.out + ran.err


def test_a_way_to_adapt_that_forecasting_has_not_is_refused(sine: Chain, tmp_path: Path) -> None:
    for kind in ("prototypes", "probing"):
        refused(eegssl(*sine.finetune(tmp_path / "m", "--adapt", kind)), (2,), kind, "probe")


def test_scoring_subjects_of_training_is_refused(sine: Chain, tmp_path: Path) -> None:
    model = sine.root / "uv-model"
    ran = eegssl(*sine.evaluate(model, tmp_path / "out", "--set", "split=all"))
    refused(ran, (4,))
    ran = eegssl(*sine.evaluate(model, tmp_path / "leak", "--set", "split=all", "--allow-leak"))
    assert ran.code == 0, ran
    assert manifest_of(tmp_path / "leak")["facts"].get("leaks"), "not marked"


def test_an_encoder_that_saw_test_subjects_is_refused(
    tiny: Pipeline, sine: Chain, tmp_path: Path
) -> None:
    """Subjects of the encoder's own corpus, whatever they recorded later."""
    subjects = manifest_of(tiny.encoder)["fitted_on"]["subjects"]
    assert subjects
    root = tmp_path / "edf"
    for k in range(8):
        folder = root / f"sub-{k:02d}" / "eeg"
        folder.mkdir(parents=True)
        labels = [f"EEG {n}-REF" for n in ("FP1", "C3", "O2")]
        path = folder / f"sub-{k:02d}_run-9_eeg.edf"
        write_edf(path, sines(k), labels, RATE_HZ, physical_max_uv=3000.0)
    chain = Chain(tmp_path, tiny.encoder)
    for phase in ("causal", "zero"):
        preprocess(root, tmp_path / phase, phase, "--seed", 3)
    made = eegssl(*chain.finetune(tmp_path / "model"))
    if made.code == 0:
        made = eegssl(*chain.evaluate(tmp_path / "model", tmp_path / "out"))
    refused(made, (4,), "saw")


@pytest.mark.slow  # quick: a stopped run and a rerun in test_forecast_tasks.py
def test_a_rerun_says_already_made_and_another_run_gives_the_same_bytes(
    sine: Chain, tmp_path: Path
) -> None:
    model = sine.root / "uv-model"
    before = files_of(model)
    assert done(*sine.finetune(model))["state"] == "already made"
    again = tmp_path / "model"
    done(*sine.finetune(again))
    assert files_of(again) == before
    out = sine.root / "uv-evaluation"
    assert done(*sine.evaluate(model, out))["state"] == "already made"
    done(*sine.evaluate(again, tmp_path / "out"))
    assert files_of(tmp_path / "out") == files_of(out)


def test_another_seed_gives_other_weights(sine: Chain, tmp_path: Path) -> None:
    done(*sine.finetune(tmp_path / "model", "--seed", 5))
    other, first = files_of(tmp_path / "model"), files_of(sine.root / "uv-model")
    assert {k: v for k, v in other.items() if k.endswith("safetensors")} != {
        k: v for k, v in first.items() if k.endswith("safetensors")
    }


def test_info_says_what_the_task_asks_and_what_recordings_lack(sine: Chain) -> None:
    plain = eegssl("info", "--task", "forecast-long")
    assert plain.code == 0
    assert "20" in plain.out
    assert "90" in plain.out
    ran = eegssl("info", "--task", "forecast-long", sine.causal)
    assert ran.code in (0, 3)
    assert "longer" in ran.out + ran.err


def test_no_name_leaves_in_any_byte(tiny: Pipeline, tmp_path: Path) -> None:
    words = (b"Wexelmann", b"Quistgaard", b"sub-Steenwyk")
    for k in range(6):
        folder = tmp_path / "edf" / f"sub-Steenwyk{k}"
        folder.mkdir(parents=True)
        labels = [f"EEG {n}-REF" for n in ("FP1", "C3", "O2")]
        marks = [(1.0, 2.0, "Wexelmann calls")]
        who = {"patient": "X X X Wexelmann", "recording": "X X Quistgaard"}
        path = folder / "Wexelmann_eeg.edf"
        write_edf(path, sines(k), labels, RATE_HZ, annotations=marks, physical_max_uv=3e3, **who)
    chain = Chain(tmp_path / "run", tiny.encoder)
    for phase in ("causal", "zero"):
        preprocess(tmp_path / "edf", chain.root / phase, phase)
    ran = [eegssl(*chain.finetune(chain.root / "model"))]
    ran += [eegssl(*chain.evaluate(chain.root / "model", chain.root / "out"))]
    assert [r.code for r in ran] == [0, 0], ran
    said = "".join(r.out + r.err for r in ran).encode()
    written = [p for p in chain.root.rglob("*") if p.is_file()]
    for word in words:
        assert word not in said
        assert not [p for p in written if word in p.read_bytes() or word.decode() in p.name]
