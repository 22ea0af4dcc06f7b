"""Heads on the encoder: what they start from, learn, leave alone, and refuse."""

from pathlib import Path

import numpy as np
import pytest
import torch
from forecastdata import NAMES, RATE_HZ, as_context, pairs_of, sines, trained
from smallencoders import small

from eegssl.errors import ConfigError
from eegssl.tasks.forecast.config import ForecastConfig, HeadConfig
from eegssl.tasks.forecast.data import Horizon, horizon_of
from eegssl.tasks.forecast.methods.forecast_baselines import Autoregressive, Mean, Persistence
from eegssl.tasks.forecast.methods.forecast_head import (
    SignalHead,
    best_base,
    build_head,
    resolved_base,
)

KINDS = ("direct", "autoregressive")


def config_of(**head: object) -> ForecastConfig:
    """9 s of context in windows of 4 s, 1.5 s ahead."""
    chosen = {"window_s": 4, "base": "mean"} | head
    return ForecastConfig(context_s=9, horizon_s=1.5, head=HeadConfig(**chosen))


def made(config: ForecastConfig, *, frozen: bool = True) -> SignalHead:
    """A head on a small encoder."""
    return build_head(small(), horizon_of(config, RATE_HZ), config, 0, frozen=frozen)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("base", ["mean", "persistence", "ar"])
def test_an_untrained_head_is_its_base(kind: str, base: str) -> None:
    config = config_of(kind=kind, base=base)
    context = pairs_of(sines(2, 10.5, 10.0, seed=0)[0], 1.5).batch(np.arange(2)).context
    ahead = made(config).forecast(context)
    alone = {
        "mean": Mean(300),
        "persistence": Persistence(300),
        "ar": Autoregressive(300, RATE_HZ, config.baselines.autoregression),
    }
    expected = alone[base].forecast(context)
    np.testing.assert_allclose(ahead, expected, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frozen", [True, False])
def test_a_head_learns_what_can_be_known(kind: str, frozen: bool, tmp_path: Path) -> None:
    config = config_of(kind=kind)
    train, held = (pairs_of(sines(n, 10.5, 5.0, seed=n)[0], 1.5) for n in (24, 6))
    head = made(config, frozen=frozen)
    before = {k: v.clone() for k, v in head.encoder.state_dict().items()}
    fit = {"steps": 60, "batch_size": 8, "lr": 1e-2, "validate_every": 20}
    told = trained(head, train, held, "zscore", tmp_path, **fit)
    assert told.error < 0.5 * told.first_error
    same = all(torch.equal(before[k], v) for k, v in head.encoder.state_dict().items())
    assert same == frozen


def test_a_head_is_never_worse_than_its_base_on_the_pairs_that_stop_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    train, held = (pairs_of(30 * rng.standard_normal((n, 3, 2100)), 1.5) for n in (4, 12))
    config = config_of(base="ar")
    head = made(config)
    pair = held.batch(np.arange(12))
    trained(head, train, held, "uv", tmp_path, steps=40, lr=1e-2, batch_size=8, validate_every=10)
    ar = Autoregressive(300, RATE_HZ, config.baselines.autoregression)
    error, base = (np.mean((m.forecast(pair.context) - pair.target_uv) ** 2) for m in (head, ar))
    assert error <= base * (1 + 1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_forecasts_follow_the_channels_when_these_change_places(kind: str) -> None:
    config = config_of(kind=kind)
    head = made(config)
    torch.nn.init.normal_(head.head.weight, std=0.1)
    signal_uv = sines(2, 9, 10.0, seed=0)[0]
    order = [2, 0, 1]
    ahead = head.forecast(as_context(signal_uv, NAMES))
    turned = head.forecast(as_context(signal_uv[:, order], [NAMES[k] for k in order]))
    assert np.ptp(ahead) > 1
    np.testing.assert_allclose(turned, ahead[:, order], atol=1e-3)


def test_windows_are_counted_back_from_t() -> None:
    head = made(config_of())
    torch.nn.init.normal_(head.head.weight, std=0.1)
    signal_uv = sines(1, 9, 10.0, seed=0)[0].astype(np.float32)
    given = head.placed(as_context(signal_uv, NAMES))
    embedded = head.embed(torch.from_numpy(signal_uv), given)
    assert embedded.shape == (1, 2, 3, 4, 16)
    cut = head.embed(torch.from_numpy(signal_uv[..., 200:]), given)
    assert torch.equal(embedded, cut), "the first second fills no window"
    last = head.embed(torch.from_numpy(signal_uv[..., -800:]), given)
    torch.testing.assert_close(embedded[:, 1:], last)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seconds", [0.125, 1.0, 3.3])
def test_any_horizon_is_met_to_the_sample(kind: str, seconds: float) -> None:
    config = config_of(kind=kind).model_copy(update={"horizon_s": seconds})
    ahead = made(config).forecast(as_context(sines(1, 9, 10.0, seed=0)[0], NAMES))
    assert ahead.shape == (1, 3, round(seconds * 200))


def test_a_context_shorter_than_a_window_is_read_in_whole_patches() -> None:
    config = config_of()
    head = build_head(small(), Horizon(500, 100, RATE_HZ), config, 0)
    assert head.patches == 2
    assert head.forecast(as_context(sines(1, 2.5, 10.0, seed=0)[0], NAMES)).shape == (1, 3, 100)


def test_other_rates_and_contexts_without_a_patch_are_refused() -> None:
    for horizon in (Horizon(1800, 100, 256.0), Horizon(150, 100, RATE_HZ)):
        with pytest.raises(ConfigError, match="patches of 200"):
            build_head(small(), horizon, config_of(), 0)


def test_the_loss_in_microvolts_weighs_loud_channels_more(tmp_path: Path) -> None:
    signal_uv = sines(4, 10.5, 10.0, seed=0)[0]
    signal_uv[:, 0] *= 10
    pairs = pairs_of(signal_uv, 1.5)
    errors = {
        unit: trained(made(config_of()), pairs, pairs, unit, tmp_path, steps=1).first_error  # type: ignore[arg-type]
        for unit in ("uv", "zscore")
    }
    assert errors["zscore"] == pytest.approx(1, rel=0.1)
    assert errors["uv"] == pytest.approx(450 * (100 + 1 + 1) / 3, rel=0.1)


@pytest.mark.parametrize("process", ["walk", "sine", "white"])
def test_the_base_is_the_best_of_the_plain_ones(process: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    white = rng.standard_normal((16, 3, 2100))
    signals = {"walk": np.cumsum(white, axis=-1), "white": 30 * white}
    signal_uv = signals[process] if process in signals else sines(16, 10.5, 10.0, seed=0)[0]
    config = config_of(base="auto")
    pairs, horizon = pairs_of(signal_uv, 1.5), horizon_of(config, RATE_HZ)
    found = best_base(pairs, horizon, config)
    assert found in {"walk": {"persistence"}, "sine": {"ar"}, "white": {"mean", "ar"}}[process]
    head = made(resolved_base(config, pairs, horizon))
    trained(head, pairs, pairs, "uv", tmp_path, steps=4, batch_size=8, lr=5e-4, validate_every=2)
    context = pairs.batch(np.arange(16)).context
    held = np.mean((Persistence(300).forecast(context) - pairs.target_uv) ** 2)
    assert np.mean((head.forecast(context) - pairs.target_uv) ** 2) <= held * (1 + 1e-5)
    with pytest.raises(ConfigError, match="validation pairs"):
        build_head(small(), horizon, config, 0)
