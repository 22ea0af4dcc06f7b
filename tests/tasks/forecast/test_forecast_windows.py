"""Pairs: contexts that end at t, whatever comes after; targets apart."""

from pathlib import Path

import numpy as np
import pytest
from forecastdata import NAMES, RATE_HZ, MemoryCorpus, noise, pairs_of, plan_of, trained
from smallencoders import small

from eegssl.errors import InputError
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import chain
from eegssl.tasks.forecast import data as windows
from eegssl.tasks.forecast.config import (
    FitConfig,
    ForecastBaselinesConfig,
    ForecastConfig,
    HeadConfig,
)
from eegssl.tasks.forecast.data import Context, context_scale, cut_pairs, horizon_of, in_unit
from eegssl.tasks.forecast.fit import fit_baseline
from eegssl.tasks.forecast.methods.forecast_baselines import Forecaster
from eegssl.tasks.forecast.methods.forecast_head import build_head
from eegssl.tasks.phase.config import PhaseConfig
from eegssl.tasks.phase.dominant_frequency import dominant_frequencies
from eegssl.tasks.phase.instantaneous_phase import phases_by_ar, phases_by_rotation

QUICK = FitConfig(steps=2, batch_size=2, validate_every=1)
CONFIG = ForecastConfig(
    context_s=6,
    horizon_s=2,
    stride_s=2,
    head=HeadConfig(window_s=3),
    baselines=ForecastBaselinesConfig(lookback_s=1, patchtst_lookback_s=2, fit=QUICK),
)


def test_a_context_ends_where_its_target_begins() -> None:
    signal_uv = noise(4000, 0)
    corpus = MemoryCorpus({"a-1": signal_uv})
    pairs = cut_pairs(corpus, corpus.recordings, CONFIG, after_s=0.5)
    pair = pairs.batch(np.array([1, 0]))
    whole = np.concatenate([pair.context.signal_uv, pair.target_uv, pair.after_uv], axis=-1)
    assert pairs.t_s.tolist() == [6.0, 8.0, 10.0, 12.0, 14.0, 16.0][: len(pairs)]
    np.testing.assert_array_equal(whole[1], signal_uv[:, :1700].astype(np.float32))
    np.testing.assert_array_equal(whole[0], signal_uv[:, 400:2100].astype(np.float32))


def test_nothing_of_a_context_is_a_view_of_its_future() -> None:
    corpus = MemoryCorpus({"a-1": noise(4000, 0)})
    pair = cut_pairs(corpus, corpus.recordings, CONFIG).batch(np.array([0]))
    assert pair.context.signal_uv.base is None
    assert pair.context.signal_uv.shape[-1] == 1200


def all_methods(folder: Path) -> dict[str, Forecaster]:
    """Every method, trained a little."""
    rng = np.random.default_rng(0)
    train = pairs_of(30 * rng.standard_normal((4, len(NAMES), 1600)), 2)
    horizon = horizon_of(CONFIG, RATE_HZ)
    methods = {
        name: fit_baseline(name, train, train, horizon, CONFIG, plan_of(folder))
        for name in CONFIG.baselines.methods
    }
    for kind in ("direct", "autoregressive"):
        for base in ("mean", "ar"):
            chosen = CONFIG.head.model_copy(update={"kind": kind, "base": base})
            head = build_head(small(), horizon, CONFIG.model_copy(update={"head": chosen}), 0)
            trained(head, train, train, "uv", folder)
            methods[f"{kind} on {base}"] = head
    return methods


def phases_from(context: Context) -> list[np.ndarray]:
    """All that is forecast of phases."""
    config, signal_uv = PhaseConfig(), context.signal_uv
    centres = dominant_frequencies(signal_uv, RATE_HZ, config).hz
    ar = CONFIG.baselines.autoregression
    return [
        centres,
        phases_by_rotation(signal_uv, 400, centres, RATE_HZ, config).rad,
        phases_by_ar(signal_uv, 400, centres, RATE_HZ, config, ar).rad,
    ]


@pytest.mark.parametrize("filtered", [False, True], ids=["samples", "raw-through-causal-filters"])
def test_what_comes_after_t_changes_no_context_and_no_forecast(
    filtered: bool, tmp_path: Path
) -> None:
    raw_hz = 256.0 if filtered else RATE_HZ
    filters = chain(raw_hz, FilterConfig(phase="causal"), 50.0)
    raw_uv = noise(round(20 * raw_hz), 1)
    t = round(8 * raw_hz)  # of the second pair
    changed_uv = raw_uv.copy()
    changed_uv[:, t + filtered :] += 200 * noise(raw_uv.shape[1], 2)[:, t + filtered :]

    def context_of(signal_uv: np.ndarray) -> tuple[Context, np.ndarray]:
        if filtered:
            signal_uv = np.stack([filters.apply(channel) for channel in signal_uv])
        corpus = MemoryCorpus({"a-1": signal_uv})
        pair = cut_pairs(corpus, corpus.recordings, CONFIG).batch(np.array([1]))
        return pair.context, pair.target_uv

    (own, target_uv), (other, changed_target_uv) = context_of(raw_uv), context_of(changed_uv)
    assert not np.array_equal(target_uv, changed_target_uv)
    np.testing.assert_array_equal(own.signal_uv, other.signal_uv)
    for name, method in all_methods(tmp_path).items():
        ahead = method.forecast(own)
        assert ahead.shape == target_uv.shape, name
        assert np.isfinite(ahead).all(), name
        np.testing.assert_array_equal(ahead, method.forecast(other), err_msg=name)
    for ahead, same in zip(phases_from(own), phases_from(other), strict=True):
        np.testing.assert_array_equal(ahead, same)


def test_zero_phase_filters_would_fail_that_test() -> None:
    filters = chain(256.0, FilterConfig(phase="zero"), 50.0)
    raw_uv = noise(round(20 * 256.0), 1)[0]
    changed_uv = raw_uv.copy()
    changed_uv[8 * 256 :] += 50
    before = slice(0, 8 * 200)
    assert not np.array_equal(filters.apply(raw_uv)[before], filters.apply(changed_uv)[before])


def test_targets_may_come_from_recordings_filtered_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    filters = chain(RATE_HZ, FilterConfig(phase="causal"))
    monkeypatch.setattr(windows, "chains_of", lambda corpus, some: (filters,) * len(some))
    causal, zero = noise(4000, 0), noise(4000, 1)
    corpus, apart = MemoryCorpus({"a-1": causal}), MemoryCorpus({"a-1": zero})
    pair = cut_pairs(corpus, corpus.recordings, CONFIG, after_s=1, targets=apart).batch(
        np.array([0])
    )
    np.testing.assert_array_equal(pair.context.signal_uv[0], causal[:, :1200].astype(np.float32))
    assert pair.context.chains == (filters,)
    rest = np.concatenate([pair.before_uv, pair.target_uv, pair.after_uv], axis=-1)[0]
    np.testing.assert_array_equal(rest, zero[:, :1800].astype(np.float32))
    with pytest.raises(InputError, match="1 of 1 recordings"):
        cut_pairs(corpus, corpus.recordings, CONFIG, targets=MemoryCorpus({"b-1": zero}))
    with pytest.raises(InputError, match="length"):
        cut_pairs(corpus, corpus.recordings, CONFIG, targets=MemoryCorpus({"a-1": zero[:, 1:]}))


def test_z_scores_are_by_the_context_and_never_blow_up_a_flat_channel() -> None:
    context_uv = noise(1200, 0)[None]
    context_uv[:, 1] = 7.0
    scored = in_unit(context_uv, context_uv, "zscore")
    np.testing.assert_allclose(scored[:, [0, 2]].mean(axis=-1), 0, atol=1e-9)
    np.testing.assert_allclose(scored[:, [0, 2]].std(axis=-1), 1)
    np.testing.assert_array_equal(scored[:, 1], 0)
    np.testing.assert_array_equal(in_unit(context_uv, context_uv, "uv"), context_uv)
    assert context_scale(context_uv)[1][0, 1, 0] == 1
