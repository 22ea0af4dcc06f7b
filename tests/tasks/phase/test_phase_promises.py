"""What forecasting frequency and phase promises, from EDF files to scores, on known rhythms."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from downstream import (
    NAMES,
    RATE_HZ,
    Chain,
    chain_of,
    preprocess,
    refused,
    sines,
    white,
    write_signals,
)

METHODS = ("rotation", "ar", "model")
HZ = {"theta": 6.0, "alpha": 10.0, "beta": 18.0}


def rhythm(k: int) -> np.ndarray:
    """A steady rhythm in each channel, of a band each, in noise of 2 µV."""
    signal = np.stack([sines(k, hz)[c] for c, hz in enumerate(HZ.values())])
    return signal + 2 * np.random.default_rng([23, k]).standard_normal(signal.shape)


@pytest.fixture(scope="module")
def steady(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Steady rhythms, with a model and an evaluation."""
    chain = chain_of(tmp_path_factory.mktemp("steady"), tiny, rhythm, "frequency-phase")
    chain.scored("first")
    return chain


@pytest.fixture(scope="module")
def noise(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """White noise, with a model and an evaluation."""
    chain = chain_of(tmp_path_factory.mktemp("noise"), tiny, white, "frequency-phase")
    chain.scored("first")
    return chain


def facts(folder: Path) -> dict[str, Any]:
    found = manifest_of(folder)["facts"]["phase"]
    assert isinstance(found, dict)
    return found


def rows(folder: Path) -> list[dict[str, Any]]:
    found = pq.read_table(folder / "predictions.parquet").to_pylist()
    assert isinstance(found, list)
    return found


def error_deg(row: dict[str, Any], method: str) -> float:
    """The mean circular error of a row, computed here anew."""
    apart = np.array(row[f"mrad_{method}"]) - np.array(row["true_mrad"])
    return float(np.degrees(np.abs(np.angle(np.exp(1j * apart / 1000)))).mean())


def of_band(folder: Path, band: str, channel: str | None = None) -> list[dict[str, Any]]:
    found = [r for r in rows(folder) if r["band"] == band and channel in (None, r["channel"])]
    assert found
    return found


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("band", HZ)
def test_the_phase_of_a_steady_rhythm_is_known(steady: Chain, band: str, method: str) -> None:
    """In spite of the delay of causal filters, which at 10 Hz is a third of a period and more."""
    channel = NAMES[list(HZ).index(band)]
    found = of_band(steady.root / "first-evaluation", band, channel)
    assert np.mean([error_deg(r, method) for r in found]) < 12


@pytest.mark.parametrize("band", HZ)
def test_the_frequency_of_a_steady_rhythm_is_known(steady: Chain, band: str) -> None:
    channel = NAMES[list(HZ).index(band)]
    for row in of_band(steady.root / "first-evaluation", band, channel):
        assert row["oscillates"]
        assert row["true_hz"] == pytest.approx(HZ[band], abs=0.15)
        assert row["hz_rotation"] == pytest.approx(HZ[band], abs=0.15)


@pytest.mark.parametrize("method", METHODS)
def test_the_phase_of_noise_is_not(noise: Chain, method: str) -> None:
    """90 degrees is guessing; what is left is the first moments of a narrow band."""
    found = rows(noise.root / "first-evaluation")
    late = []
    for row in found:
        half = len(row["true_mrad"]) // 2
        cut = {k: v[half:] for k, v in row.items() if k in ("true_mrad", f"mrad_{method}")}
        late.append(error_deg(cut, method))
    assert np.mean(late) == pytest.approx(90, abs=12)


def test_noise_seldom_oscillates(noise: Chain, steady: Chain) -> None:
    share = np.mean([r["oscillates"] for r in rows(noise.root / "first-evaluation")])
    assert share < 0.25


def test_scores_are_those_of_the_predictions(steady: Chain) -> None:
    out = steady.root / "first-evaluation"
    for method in METHODS:
        said = facts(out)[method]["alpha"]
        found = of_band(out, "alpha")
        errors = [error_deg(r, method) for r in found if r["oscillates"]]
        every = [error_deg(r, method) for r in found]
        means = (np.mean(errors), np.mean(every))
        assert any(said["mae_deg"] == pytest.approx(m, abs=0.5) for m in means)
        assert 0 <= said["phase_locking"] <= 1
        assert 0 <= said["share_within_45_deg"] <= 1
        assert abs(said["bias_deg"]) <= 180
        assert said["frequency_mae_hz"] >= 0


def test_amplitude_strata_and_baselines_stand_in_the_scores(steady: Chain) -> None:
    text = (steady.root / "first-evaluation" / "metrics.json").read_text()
    assert "rotation" in text
    assert '"ar"' in text
    assert "strat" in text or "quarter" in text or "amplitude" in text
    assert json.loads(text)


def test_amplitude_changes_no_phase(tiny: Pipeline, steady: Chain, tmp_path: Path) -> None:
    chain = chain_of(tmp_path, tiny, lambda k: 2 * rhythm(k), "frequency-phase")
    done(*chain.evaluate(steady.root / "first-model", tmp_path / "out"))
    for band, channel in zip(HZ, NAMES, strict=True):
        folders = (steady.root / "first-evaluation", tmp_path / "out")
        once, twice = (of_band(folder, band, channel) for folder in folders)
        for a, b in zip(once, twice, strict=True):
            assert np.median(b["true_uv"]) == pytest.approx(2 * np.median(a["true_uv"]), rel=0.01)
            for method in ("rotation", "ar"):
                assert error_deg(b, method) == pytest.approx(error_deg(a, method), abs=1)


def test_the_future_changes_no_bit_of_a_forecast_of_phases(steady: Chain, tmp_path: Path) -> None:
    """EDF files that differ from 20 s on: the same forecasts up to 20 s."""
    after_s = 20

    def altered(k: int) -> np.ndarray:
        signal = rhythm(k)
        later = signal[:, after_s * RATE_HZ :]
        later[:] = 200 * np.random.default_rng([19, k]).standard_normal(later.shape)
        return signal

    edf = write_signals(tmp_path / "edf", altered)
    other = Chain(tmp_path, steady.encoder, steady.task)
    preprocess(edf, other.causal, "causal")
    preprocess(edf, other.zero, "zero")
    done(*other.evaluate(steady.root / "first-model", tmp_path / "out"))
    first, second = (
        {(r["recording"], r["channel"], r["band"], r["t_s"]): r for r in rows(folder)}
        for folder in (steady.root / "first-evaluation", tmp_path / "out")
    )
    shared = [key for key in first if key in second and key[3] <= after_s]
    assert len(shared) >= 3
    for key in shared:
        for name in ("context_hz", *(f"{what}_{m}" for what in ("hz", "mrad") for m in METHODS)):
            assert first[key][name] == second[key][name], (key, name)
    later = [key for key in first if key in second and key[3] > after_s + 2]
    assert later
    assert any(first[key]["mrad_ar"] != second[key]["mrad_ar"] for key in later)


def test_channels_may_stand_in_any_order(tiny: Pipeline, steady: Chain, tmp_path: Path) -> None:
    order = [2, 0, 1]
    names = [NAMES[i] for i in order]
    chain = chain_of(tmp_path, tiny, lambda k: rhythm(k)[order], steady.task, names=names)
    done(*chain.evaluate(steady.root / "first-model", tmp_path / "out"))
    for method in METHODS:
        for band in HZ:
            once = facts(steady.root / "first-evaluation")[method][band]["mae_deg"]
            again = facts(tmp_path / "out")[method][band]["mae_deg"]
            assert again == pytest.approx(once, abs=0.1), (method, band)


def test_recordings_that_saw_the_future_are_refused(steady: Chain, tmp_path: Path) -> None:
    words = [w if w != steady.causal else steady.zero for w in steady.finetune(tmp_path / "model")]
    refused(eegssl(*words), (2, 3, 4), "causal")
    model = steady.root / "first-model"
    words = [w if w != steady.causal else steady.zero for w in steady.evaluate(model, tmp_path)]
    refused(eegssl(*words), (2, 3, 4), "causal")


def test_targets_that_are_late_are_refused(steady: Chain, tmp_path: Path) -> None:
    words = [w if w != steady.zero else steady.causal for w in steady.finetune(tmp_path / "model")]
    refused(eegssl(*words), (2, 3, 4), "zero")


def test_without_targets_there_is_no_phase_to_be_right_about(steady: Chain, tmp_path: Path) -> None:
    """Either refused, or the truth is late by the filters' delay, and somebody says so."""
    words = steady.finetune(tmp_path / "model")
    at = words.index("--targets")
    ran = eegssl(*words[:at], *words[at + 2 :])
    if ran.code == 0:
        assert "targets" in ran.out + ran.err
    else:
        refused(ran, (2, 3), "--targets")


def test_recordings_too_short_are_refused(steady: Chain, tmp_path: Path) -> None:
    long = {"forecast__context_s": 90, "forecast__horizon_s": 12}
    refused(eegssl(*steady.finetune(tmp_path / "model", **long)), (3,), "as long as one window")


@pytest.mark.parametrize("horizon_s", [0.1, -1, 31, "nan"])
def test_horizons_that_no_one_meant_are_refused(
    steady: Chain, tmp_path: Path, horizon_s: object
) -> None:
    ran = eegssl(*steady.finetune(tmp_path / "model", forecast__horizon_s=horizon_s))
    refused(ran, (2,), "horizon_s")


def test_a_way_to_adapt_that_the_task_has_not_is_refused(steady: Chain, tmp_path: Path) -> None:
    refused(eegssl(*steady.finetune(tmp_path / "m", "--adapt", "prototypes")), (2,), "prototypes")


@pytest.mark.slow  # quick: lora in test_phase_tasks.py
@pytest.mark.parametrize("adapt", ["full", "scratch"])
def test_each_way_to_adapt_makes_a_forecast(steady: Chain, tmp_path: Path, adapt: str) -> None:
    done(*steady.finetune(tmp_path / "model", "--adapt", adapt))
    made = done(*steady.evaluate(tmp_path / "model", tmp_path / "out"))
    assert set(METHODS) <= set(made["facts"]["phase"])


def test_a_rerun_says_already_made(steady: Chain) -> None:
    model, out = steady.root / "first-model", steady.root / "first-evaluation"
    assert done(*steady.finetune(model))["state"] == "already made"
    assert done(*steady.evaluate(model, out))["state"] == "already made"


def test_scoring_subjects_of_training_is_refused_or_marked(steady: Chain, tmp_path: Path) -> None:
    model = steady.root / "first-model"
    train = ("--set", "split=all")
    refused(eegssl(*steady.evaluate(model, tmp_path / "a", *train)), (4,))
    made = done(*steady.evaluate(model, tmp_path / "b", *train, "--allow-leak"))
    assert made["facts"]["leaks"]
