"""What forecasting a signal promises, from EDF files to scores, where the future is known."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from downstream import (
    RATE_HZ,
    Chain,
    chain_of,
    preprocess,
    sines,
    white,
    without_targets,
    write_signals,
)
from safetensors.numpy import load_file
from signalfiles import load_rows
from slowparams import slow_except

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
def own(sine: Chain) -> Chain:
    """The sines again, forecast as the contexts themselves go on."""
    model, out = sine.root / "own-model", sine.root / "own-evaluation"
    done(*without_targets(sine.finetune(model)))
    done(*without_targets(sine.evaluate(model, out)))
    return sine


@pytest.fixture(scope="module")
def noise(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """White noise, with a model and an evaluation in µV."""
    chain = chain_of(tmp_path_factory.mktemp("noise"), tiny, white)
    chain.scored("uv")
    return chain


def test_every_table_names_every_baseline(sine: Chain) -> None:
    assert set(METHODS) <= systems(sine.root / "uv-evaluation")


@pytest.mark.parametrize("method", ["ar", "linear", "seasonal"])
def test_a_sine_is_forecast_far_better_than_by_the_mean(
    own: Chain, sine: Chain, method: str
) -> None:
    """Of the contexts' own continuation, and of targets without the causal filters' delay."""
    out = own.root / "own-evaluation"
    assert rmse(out, "mean") == pytest.approx(30 / np.sqrt(2), rel=0.1)
    assert rmse(out, method) < 0.1 * rmse(out, "mean")
    apart = sine.root / "uv-evaluation"
    assert rmse(apart, method) < 0.2 * rmse(apart, "mean")
    assert rmse(apart, "ar") < 1.1 * rmse(apart, "linear")  # what is left: recordings have ends


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


@pytest.mark.slow  # quick: the loss of either unit in methods/test_forecast_head.py
def test_a_model_may_be_trained_in_z(noise: Chain) -> None:
    out = noise.scored("zscore", unit="zscore")
    assert rmse(out, "mean") == pytest.approx(rmse(noise.root / "uv-evaluation", "mean"))


@pytest.mark.parametrize("horizon_s", slow_except([0.125, 4], 0.125))
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


@pytest.mark.slow  # quick: lora in test_forecast_tasks.py
@pytest.mark.parametrize("adapt", ["probe", "full", "scratch"])
def test_each_way_to_adapt_makes_a_forecast(sine: Chain, tmp_path: Path, adapt: str) -> None:
    """And keeps the encoder's weights, or doesn't."""
    model, out = tmp_path / "model", tmp_path / "out"
    done(*sine.finetune(model, "--adapt", adapt, head__base="mean"))
    done(*sine.evaluate(model, out))
    before = load_file(sine.encoder / "encoder.safetensors")
    after = load_file(model / "model.safetensors")
    found = [n for n in before if f"encoder.{n}" in after]
    assert found
    same = [np.array_equal(before[n], after[f"encoder.{n}"]) for n in found]
    assert all(same) == (adapt == "probe")


@pytest.mark.slow  # quick: this head with lora in test_forecast_tasks.py
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
        a, b = (load_rows(c.causal / "signals" / path.name)["signal"] for c in (sine, other))
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
