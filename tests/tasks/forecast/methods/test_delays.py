"""What causal filters add to the phase of contexts, and methods that take it back."""

import numpy as np
import pytest
from forecastdata import RATE_HZ, as_context

from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import Chain, chain
from eegssl.tasks.forecast.config import ForecastBaselinesConfig
from eegssl.tasks.forecast.data import Context, Horizon
from eegssl.tasks.forecast.methods.forecast_baselines import plain
from eegssl.tasks.forecast.methods.phase_compensation import PhaseCompensated, without_delay

SOURCE_HZ, LINE_HZ = 256.0, 50.0
CONTEXT, TARGET = 6000, 600
HZ = (1.5, 3.0, 10.0, 20.0, 40.0)
NAMES = ("F3", "C3", "P3", "O1", "Cz")


def filtered(signal: np.ndarray, phase: str) -> tuple[np.ndarray, Chain]:
    """Signals [C, T] at the source's rate through a chain: [C, T'] at 200 Hz."""
    filters = chain(SOURCE_HZ, FilterConfig(phase=phase), LINE_HZ)
    return np.stack([filters.apply(channel) for channel in signal]), filters


def sines() -> np.ndarray:
    """A channel for each frequency, 50 s."""
    t_s = np.arange(round(50 * SOURCE_HZ)) / SOURCE_HZ
    return np.stack([30 * np.cos(2 * np.pi * hz * t_s + hz) for hz in HZ])


def pair_of(signal: np.ndarray, *, known: bool = True) -> tuple[Context, np.ndarray]:
    """A context that was filtered causally, and its target without delay [1, C, T]."""
    late_uv, filters = filtered(signal, "causal")
    true_uv, _ = filtered(signal, "zero")
    at = len(late_uv[0]) - 2000
    plainly = as_context(late_uv[None, :, at - CONTEXT : at], NAMES[: len(signal)])
    chains = (filters,) if known else None
    context = Context(**(vars(plainly) | {"chains": chains}))
    return context, true_uv[None, :, at : at + TARGET].astype(float)


def rms(values: np.ndarray) -> np.ndarray:
    """Root mean square of each channel."""
    return np.sqrt((values**2).mean(axis=(0, 2)))


@pytest.mark.parametrize(("name", "share"), [("ar", 0.01), ("seasonal", 0.25)])
def test_what_runs_a_context_on_is_on_time_at_every_frequency(name: str, share: float) -> None:
    """Within a share of each sine's size (a season is a whole number of samples); blind to the
    filters it is on time only where these happen to turn by a whole circle, near 1.5 Hz."""
    config = ForecastBaselinesConfig(season_s=8.0)
    method = plain(name, Horizon(CONTEXT, TARGET, RATE_HZ), config)
    context, target_uv = pair_of(sines())
    ahead_uv = method.forecast(context)
    assert ahead_uv.shape == target_uv.shape
    assert (rms(ahead_uv - target_uv) < share * rms(target_uv)).all()
    blind, _ = pair_of(sines(), known=False)
    off = rms(method.forecast(blind) - target_uv)[1:]
    assert (off > 0.8 * rms(target_uv)[1:]).all()


def test_targets_of_the_same_filters_need_no_turn() -> None:
    """Without chains a method forecasts as if there were none."""
    context, _ = pair_of(sines(), known=False)
    horizon = Horizon(CONTEXT, TARGET, RATE_HZ)
    asked: list[int] = []

    def made(n: int) -> object:
        asked.append(n)
        return plain("mean", Horizon(CONTEXT, n, RATE_HZ), ForecastBaselinesConfig())

    PhaseCompensated(made, horizon.target_samples, RATE_HZ).forecast(context)
    assert asked == [TARGET]


def test_a_known_future_is_turned_into_the_target_itself() -> None:
    """Broadband noise: given the causal signal as it goes on, turned back it is the target but
    for the edges of the pass band, where the chains' gains differ."""
    rng = np.random.default_rng(3)
    noise = 20 * rng.standard_normal((2, round(50 * SOURCE_HZ)))
    context, target_uv = pair_of(noise)
    late_uv, _ = filtered(noise, "causal")
    at = late_uv.shape[1] - 2000
    turned = without_delay(context, late_uv[None, :, at:], RATE_HZ)[..., :TARGET]
    assert (rms(turned - target_uv) < 0.25 * rms(target_uv)).all()
    assert (rms(late_uv[None, :, at : at + TARGET] - target_uv) > rms(target_uv)).all()


def test_each_recording_is_turned_by_its_own_filters() -> None:
    context, target_uv = pair_of(sines())
    other = chain(500.0, FilterConfig(phase="causal"), 60.0)
    both = Context(
        **{
            name: np.concatenate([value, value])
            for name, value in vars(context).items()
            if name != "chains"
        },
        chains=(*context.chains, other),
    )
    method = plain("ar", Horizon(CONTEXT, TARGET, RATE_HZ), ForecastBaselinesConfig())
    first, second = method.forecast(both)
    np.testing.assert_allclose(first, method.forecast(context)[0], atol=1e-3)
    assert (rms(second[None] - target_uv) > 2 * rms(first[None] - target_uv)).all()


def test_the_mean_of_a_context_stays_where_it_is() -> None:
    context, _ = pair_of(sines())
    raised = Context(**(vars(context) | {"signal_uv": context.signal_uv + np.float32(100)}))
    method = plain("ar", Horizon(CONTEXT, TARGET, RATE_HZ), ForecastBaselinesConfig())
    np.testing.assert_allclose(
        method.forecast(raised) - 100, method.forecast(context), rtol=0, atol=0.5
    )
