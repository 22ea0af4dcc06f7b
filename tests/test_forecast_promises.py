"""What forecasting a signal promises, from EDF files to scores, where the future is known."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
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
from safetensors.numpy import load_file

from eegssl.io.edf_writer import write_edf

METHODS = ("persistence", "mean", "seasonal", "ar", "linear", "dlinear", "patchtst")
TRAINED = {"linear", "dlinear", "patchtst"}


def systems(folder: Path) -> set[str]:
    """The methods in the table of an evaluation."""
    return set(manifest_of(folder)["facts"]["forecast"])


def rmse(folder: Path, method: str, unit: str = "uv") -> float:
    """Of a method's forecasts, over the whole horizon."""
    return float(np.sqrt(manifest_of(folder)["facts"]["forecast"][method][unit]["mse"]))


HZ = (3.0, 10.0, 20.0)


def rhythms(k: int) -> np.ndarray:
    """A sine in each channel: causal filters turn the phase of each by another angle."""
    return np.stack([sines(k, hz)[c] for c, hz in enumerate(HZ)])


@pytest.fixture(scope="module")
def sine(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Steady sines, with a model and an evaluation in µV."""
    chain = chain_of(tmp_path_factory.mktemp("sine"), tiny, rhythms)
    chain.scored("uv")
    return chain


@pytest.fixture(scope="module")
def noise(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """White noise, with a model and an evaluation in µV."""
    chain = chain_of(tmp_path_factory.mktemp("noise"), tiny, white)
    chain.scored("uv")
    return chain


def test_every_table_names_every_baseline(sine: Chain) -> None:
    assert set(METHODS) <= systems(sine.root / "uv-evaluation")


@pytest.mark.parametrize("method", ["ar", "linear", "seasonal"])
def test_a_sine_is_forecast_far_better_than_by_the_mean(sine: Chain, method: str) -> None:
    out = sine.root / "uv-evaluation"
    assert rmse(out, "mean") == pytest.approx(30 / np.sqrt(2), rel=0.1)
    assert rmse(out, method) < 0.2 * rmse(out, "mean")


def test_of_white_noise_nothing_foretells_more_than_the_mean(noise: Chain) -> None:
    out = noise.root / "uv-evaluation"
    for name in systems(out) - {"persistence", "seasonal"}:
        assert rmse(out, name) > 0.95 * rmse(out, "mean"), name


def test_persistence_pays_for_noise_twice(noise: Chain) -> None:
    """The last sample and the future are independent: variances add."""
    out = noise.root / "uv-evaluation"
    ratio = rmse(out, "persistence") / rmse(out, "mean")
    assert ratio == pytest.approx(np.sqrt(2), abs=0.3)  # one subject: some fifty last samples


def test_scores_in_microvolt_grow_with_the_signal_and_in_z_do_not(
    tiny: Pipeline, noise: Chain, tmp_path: Path
) -> None:
    once = noise.root / "uv-evaluation"
    louder = chain_of(tmp_path, tiny, lambda k: 3 * white(k)).scored("louder")
    for name in set(METHODS) - TRAINED:
        assert rmse(louder, name) == pytest.approx(3 * rmse(once, name), rel=0.02), name
        z = (rmse(folder, name, "zscore") for folder in (louder, once))
        assert next(z) == pytest.approx(next(z), rel=0.02), name
    assert rmse(once, "mean", "zscore") == pytest.approx(1, abs=0.1)


def test_a_model_may_be_trained_in_z(noise: Chain) -> None:
    out = noise.scored("zscore", unit="zscore")
    assert rmse(out, "mean") == pytest.approx(rmse(noise.root / "uv-evaluation", "mean"))


@pytest.mark.parametrize("horizon_s", [0.125, 4])
def test_other_horizons_go_through(sine: Chain, tmp_path: Path, horizon_s: float) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    done(*sine.finetune(model, horizon_s=horizon_s))
    done(*sine.evaluate(model, out))
    assert rmse(out, "linear") < 0.2 * rmse(out, "mean")


@pytest.mark.parametrize("horizon_s", [0.1, 0, -1, 31, "nan", "inf"])
def test_horizons_that_no_one_meant_are_refused(
    sine: Chain, tmp_path: Path, horizon_s: object
) -> None:
    ran = eegssl(*sine.finetune(tmp_path / "model", horizon_s=horizon_s))
    assert ran.code == 2
    assert "horizon_s" in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("adapt", ["probe", "full", "scratch"])
def test_each_way_to_adapt_makes_a_forecast(sine: Chain, tmp_path: Path, adapt: str) -> None:
    """And keeps the encoder's weights, or doesn't."""
    model, out = tmp_path / "model", tmp_path / "out"
    done(*sine.finetune(model, "--adapt", adapt))
    done(*sine.evaluate(model, out))
    before = load_file(sine.encoder / "encoder.safetensors")
    after = load_file(model / "model.safetensors")
    found = [n for n in before if f"encoder.{n}" in after]
    assert found
    same = [np.array_equal(before[n], after[f"encoder.{n}"]) for n in found]
    assert all(same) == (adapt == "probe")


def test_the_autoregressive_head_makes_a_forecast(sine: Chain, tmp_path: Path) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    done(*sine.finetune(model, head__kind="autoregressive"))
    document = done(*sine.evaluate(model, out))
    assert "forecast" in document["facts"]


LAST_S = 38.0
"""The last time at which the sine is forecast: 8 s of context, and then every 2 s until 40 s."""


def altered(k: int) -> np.ndarray:
    """The sine, and after the last context something else altogether."""
    signal = rhythms(k)
    later = signal[:, round(LAST_S * RATE_HZ) :]
    later[:] = 200 * np.random.default_rng([19, k]).standard_normal(later.shape)
    return signal


def test_the_future_changes_no_bit_of_a_forecast(sine: Chain, tmp_path: Path) -> None:
    """EDF files that differ from t on: the same recordings and the same forecasts up to t."""
    edf = write_signals(tmp_path / "edf", altered)
    other = Chain(tmp_path, sine.encoder)
    preprocess(edf, other.causal, "causal")
    preprocess(edf, other.zero, "zero")
    signals = sorted((sine.causal / "signals").iterdir())
    assert signals
    at = round(LAST_S * RATE_HZ)
    for path in signals:
        a, b = (load_file(c.causal / "signals" / path.name)["signal"] for c in (sine, other))
        assert np.array_equal(a[:, :at], b[:, :at])
        assert not np.array_equal(a, b)
    done(*other.evaluate(sine.root / "uv-model", tmp_path / "out"))
    once, again = (
        pq.read_table(folder / "predictions.parquet").to_pydict()
        for folder in (sine.root / "uv-evaluation", tmp_path / "out")
    )
    for name in ("method", "unit", "recording", "channel", "from_s", "to_s", "n", "f", "ff"):
        assert once[name] == again[name], name  # sums of forecasts, and of their squares
    assert max(again["yy"]) > 3 * max(once["yy"])


def test_channels_may_stand_in_any_order(tiny: Pipeline, sine: Chain, tmp_path: Path) -> None:
    order = [2, 0, 1]
    names = [("Fp1", "C3", "O2")[i] for i in order]
    chain = chain_of(tmp_path, tiny, lambda k: rhythms(k)[order], names=names)
    done(*chain.evaluate(sine.root / "uv-model", tmp_path / "out"))
    for name in systems(sine.root / "uv-evaluation"):
        once = rmse(sine.root / "uv-evaluation", name)
        assert rmse(tmp_path / "out", name) == pytest.approx(once, rel=1e-3), name


def test_recordings_that_saw_the_future_are_refused(sine: Chain, tmp_path: Path) -> None:
    swapped = Chain(tmp_path, sine.encoder)
    shutil.copytree(sine.zero, swapped.causal)
    shutil.copytree(sine.zero, swapped.zero)
    ran = eegssl(*swapped.finetune(tmp_path / "model"))
    refused(ran, (2, 3, 4), "causal")
    ran = eegssl(*swapped.evaluate(sine.root / "uv-model", tmp_path / "out"))
    refused(ran, (2, 3, 4), "causal")


def test_targets_that_are_late_are_refused_or_named(sine: Chain, tmp_path: Path) -> None:
    """Causal recordings as targets carry the filters' delay: another question, not this one."""
    words = sine.finetune(tmp_path / "model")
    late = [sine.causal if word == sine.zero else word for word in words]
    ran = eegssl(*late, "--json")
    if ran.code == 0:
        assert ran.document["facts"]["targets"] == "causal"
    else:
        refused(ran, (2, 3, 4), "zero")


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
