"""Baselines do what their names say, by processes whose best forecast is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fewerexamples import examples
from forecastdata import (
    NAMES,
    RATE_HZ,
    ArrayPairs,
    as_context,
    noise,
    pairs_of,
    plan_of,
    sines,
    trained,
)
from hypothesis import given
from hypothesis import strategies as st

from eegssl.tasks.forecast.config import (
    AutoregressionConfig,
    FitConfig,
    ForecastBaselinesConfig,
    ForecastConfig,
)
from eegssl.tasks.forecast.data import Horizon, in_unit
from eegssl.tasks.forecast.fit import fit_baseline
from eegssl.tasks.forecast.methods.autoregression import fit_autoregression
from eegssl.tasks.forecast.methods.forecast_baselines import (
    Autoregressive,
    Mean,
    Persistence,
    Seasonal,
    fit_linear,
)
from eegssl.tasks.forecast.methods.forecast_networks import DLinear, PatchTST
from eegssl.tasks.forecast.methods.training_steps import PairCache, validation_error

ESTIMATORS = ("burg", "yule-walker")


def ar2(n_series: int, n_samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Series [S, T] of a damped oscillator at 10 Hz, and its two coefficients."""
    radius, turn = 0.985, 2 * np.pi * 10 / RATE_HZ
    a = np.array([-2 * radius * np.cos(turn), radius**2])
    rng = np.random.default_rng(seed)
    x = np.zeros((n_series, n_samples + 1000))
    drive = rng.standard_normal(x.shape)
    for t in range(2, x.shape[1]):
        x[:, t] = drive[:, t] - a[0] * x[:, t - 1] - a[1] * x[:, t - 2]
    return x[:, 1000:], a


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_ar_finds_the_coefficients_of_a_known_process(estimator: str) -> None:
    x, a = ar2(6, 18000, 0)
    config = AutoregressionConfig(estimator=estimator, order=2, fit_s=None)
    model = fit_autoregression(x, RATE_HZ, config)
    np.testing.assert_allclose(model.coefficients, np.tile(a, (6, 1)), atol=0.02)
    np.testing.assert_allclose(model.variance, 1, atol=0.15)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_aic_does_not_miss_the_order_and_adds_little(estimator: str) -> None:
    x, _a = ar2(12, 18000, 1)
    config = AutoregressionConfig(estimator=estimator, max_order=20)
    model = fit_autoregression(x, RATE_HZ, config)
    assert np.all(model.order >= 2)
    assert np.median(model.order) <= 6
    beyond = np.arange(20) >= model.order[:, None]
    assert not model.coefficients[beyond].any()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_ar_forecasts_as_well_as_the_process_allows(estimator: str) -> None:
    x, a = ar2(300, 4010, 2)
    config = AutoregressionConfig(estimator=estimator, order=2)
    ahead = Autoregressive(10, RATE_HZ, config).forecast_series(x[:, :4000])
    step = np.zeros(11)  # response to one innovation
    step[0] = 1
    step[1] = -a[0]
    for t in range(2, 11):
        step[t] = -a[0] * step[t - 1] - a[1] * step[t - 2]
    error = np.mean((ahead - x[:, 4000:]) ** 2, axis=0)
    np.testing.assert_allclose(error, np.cumsum(step[:10] ** 2), rtol=0.3)


@examples(30)
@given(
    seed=st.integers(0, 10_000),
    order=st.one_of(st.none(), st.integers(1, 40)),
    estimator=st.sampled_from(ESTIMATORS),
    kind=st.sampled_from(["noise", "constant", "sine", "steps", "tiny"]),
)
def test_ar_forecasts_stay_finite_and_fade_whatever_the_signal(
    seed: int, order: int | None, estimator: str, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    t_s = np.arange(600) / RATE_HZ
    signal = {
        "noise": 50 * rng.standard_normal((2, 600)),
        "constant": np.full((2, 600), 42.0),
        "sine": np.tile(30 * np.sin(2 * np.pi * 7 * t_s), (2, 1)),
        "steps": np.sign(rng.standard_normal((2, 600))),
        "tiny": 1e-9 * rng.standard_normal((2, 600)),
    }[kind]
    config = AutoregressionConfig(estimator=estimator, order=order, max_order=40)
    ahead = Autoregressive(2000, RATE_HZ, config).forecast_series(signal)
    assert np.isfinite(ahead).all()
    assert np.abs(ahead).max() <= 2 * np.abs(signal).max() + 1e-9


def test_persistence_holds_and_mean_is_the_mean() -> None:
    context = as_context(noise(1000, 0)[None], NAMES)
    held = Persistence(7).forecast(context)
    np.testing.assert_array_equal(held, np.repeat(context.signal_uv[..., -1:], 7, axis=-1))
    means = Mean(7).forecast(context)
    np.testing.assert_allclose(means, np.repeat(context.signal_uv.mean(-1)[..., None], 7, -1), 1e-4)


@pytest.mark.parametrize("hz", [2.0, 5.0, 10.0, 12.5])
def test_seasonal_finds_the_period(hz: float) -> None:
    signal_uv, _ = sines(2, 22, hz, seed=0)
    pairs = pairs_of(signal_uv, 2)
    pair = pairs.batch(np.arange(2))
    ahead = Seasonal(400, 400).forecast(pair.context)
    error = np.sqrt(np.mean((ahead - pair.target_uv) ** 2))
    assert error < 3, "noise of 1 µV twice, and what whole samples miss of the period"


def test_seasonal_takes_signals_without_a_period() -> None:
    ramp = np.tile(np.arange(500.0), (1, 3, 1))
    for signal_uv in (ramp, np.zeros_like(ramp)):
        ahead = Seasonal(1000, 100).forecast(as_context(signal_uv, NAMES))
        assert np.isfinite(ahead).all()
        assert ahead.shape == (1, 3, 1000)


def test_the_linear_map_recovers_a_linear_process_and_validation_picks_the_penalty() -> None:
    x, _a = ar2(400, 330, 3)
    signal = x.reshape(-1, 1, 330).astype(np.float32)
    train = ArrayPairs(signal[:300, :, :300], signal[:300, :, 300:], ("Cz",))
    held = ArrayPairs(signal[300:, :, :300], signal[300:, :, 300:], ("Cz",))
    model = fit_linear(train, held, 20, (1e-4, 1e-2, 1.0, 100.0), "uv")
    assert model.penalties[:8].max() < 100
    ahead = model.forecast(held.batch(np.arange(100)).context)
    best = Autoregressive(30, RATE_HZ, AutoregressionConfig(order=2)).forecast(
        held.batch(np.arange(100)).context
    )
    error, floor = (np.mean((f - held.target_uv) ** 2) for f in (ahead, best))
    assert error < 1.15 * floor
    noisy, fresh = (
        pairs_of(np.random.default_rng(k).standard_normal((6, 3, 330)), 0.15) for k in (0, 1)
    )
    seen = fit_linear(noisy, noisy, 20, (1e-4, 100.0), "uv")
    np.testing.assert_array_equal(seen.penalties, 1e-4)
    assert np.mean(fit_linear(noisy, fresh, 20, (1e-4, 100.0), "uv").penalties == 100) > 0.8


@pytest.mark.parametrize("build", [DLinear, PatchTST])
def test_networks_learn_what_can_be_known(build, tmp_path: Path) -> None:
    choices = ForecastBaselinesConfig(
        lookback_s=0.5, patchtst_lookback_s=0.5, patchtst_patch_s=0.1, patchtst_width=32
    )
    pairs = [pairs_of(sines(n, 3, 10.0, seed=n)[0], 0.25) for n in (48, 12)]
    horizon = Horizon(550, 50, RATE_HZ)
    network = build(horizon, choices)
    fit = {"steps": 150, "batch_size": 16, "lr": 5e-3, "validate_every": 25}
    told = trained(network, *pairs, "zscore", tmp_path, **fit)
    assert told.error < 0.1
    cache = PairCache(network, pairs[1], 1.0)
    assert validation_error(network, cache, "zscore") == pytest.approx(told.error, rel=1e-4)
    pair = pairs[1].batch(np.arange(12))
    ahead = in_unit(network.forecast(pair.context), pair.context.signal_uv, "zscore")
    due = in_unit(pair.target_uv, pair.context.signal_uv, "zscore")
    assert np.mean((ahead - due) ** 2) == pytest.approx(told.error, rel=1e-3)


def test_the_same_seed_trains_the_same_network(tmp_path: Path) -> None:
    pairs = pairs_of(sines(8, 3, 10.0, seed=0)[0], 0.25)
    config = ForecastConfig(
        context_s=2.75,
        horizon_s=0.25,
        baselines=ForecastBaselinesConfig(
            lookback_s=0.5, fit=FitConfig(steps=5, batch_size=4, validate_every=2)
        ),
    )
    context = pairs.batch(np.arange(8)).context
    made = []
    for k, seed in enumerate((0, 0, 1)):
        (tmp_path / str(k)).mkdir()
        plan = replace(plan_of(tmp_path / str(k)), seed=seed)
        method = fit_baseline("dlinear", pairs, pairs, Horizon(550, 50, RATE_HZ), config, plan)
        made.append(method.forecast(context))
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_what_is_kept_changes_nothing_but_the_time() -> None:
    pairs = pairs_of(noise(600, 0)[None].repeat(5, axis=0), 0.25)
    network = DLinear(Horizon(550, 50, RATE_HZ), ForecastBaselinesConfig(lookback_s=0.5))
    full, none = PairCache(network, pairs, 1.0), PairCache(network, pairs, 0.0)
    for index in ([0, 3], [3, 3], [4, 0]):
        (own, target), (other, same) = (s.read(np.array(index)) for s in (full, none))
        assert all(bool((own[k] == other[k]).all()) for k in own)
        assert bool((target == same).all())
