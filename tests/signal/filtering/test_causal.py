"""A causal recording up to t is the same, bit by bit, whatever comes after; its delay is known."""

import numpy as np
import pytest
from fewerexamples import examples
from filter_response import describe
from hypothesis import given
from hypothesis import strategies as st

from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import chain

CAUSAL = FilterConfig(phase="causal")
RATES_HZ = (100.0, 160.0, 199.7, 200.0, 256.0, 500.0)


def noise_uv(seed: int, samples: int) -> np.ndarray:
    """White noise of 30 uV on an offset, [T]."""
    return 30 * np.random.default_rng(seed).standard_normal(samples) + 1234.5


@examples(60)
@given(
    st.sampled_from(RATES_HZ),
    st.sampled_from([None, 50.0, 60.0]),
    st.integers(0, 2**32 - 1),
    st.floats(0.01, 0.99),
    st.sampled_from(["louder", "cut", "constant", "not finite"]),
)
def test_nothing_after_t_changes_anything_up_to_t(sfreq_hz, line_hz, seed, share, change):
    filters = chain(sfreq_hz, CAUSAL, line_hz)
    samples = int(8 * sfreq_hz)
    before = noise_uv(seed, samples)
    last = max(1, int(share * samples))  # the last sample that stays the same, at t
    after = before.copy()
    tail = {
        "louder": 1e6 * np.random.default_rng(seed + 1).standard_normal(samples - last - 1),
        "constant": np.zeros(samples - last - 1),
        "not finite": np.full(samples - last - 1, np.nan),
        "cut": np.zeros(0),
    }[change]
    after = np.concatenate([before[: last + 1], tail])
    known = int(last / sfreq_hz * 200 + 1e-9) + 1  # output times j / 200 <= last / sfreq_hz
    one, other = filters.apply(before), filters.apply(after)
    known = min(known, len(other))
    assert np.array_equal(one[:known].view(np.int32), other[:known].view(np.int32))
    assert known >= int(share * 8 * 200) - 3


def test_zero_phase_filters_do_see_the_future():
    before = noise_uv(0, 256 * 30)
    after = before.copy()
    after[256 * 20 :] = 0
    filters = chain(256.0, FilterConfig(), 50.0)
    assert not np.array_equal(filters.apply(before)[:3900], filters.apply(after)[:3900])


@pytest.mark.parametrize("sfreq_hz", RATES_HZ)
def test_the_delay_that_is_stated_is_the_delay_that_is_there(sfreq_hz):
    filters = chain(sfreq_hz, CAUSAL, None)
    time_s = np.arange(int(30 * sfreq_hz)) / sfreq_hz
    burst_uv = 100 * np.exp(-(((time_s - 15) / 0.5) ** 2)) * np.cos(2 * np.pi * 20 * time_s)
    cleaned = filters.apply(burst_uv)
    power = cleaned.astype(float) ** 2
    centre_s = (power * np.arange(cleaned.size) / 200).sum() / power.sum()
    assert abs(centre_s - 15 - filters.delay_s) < 0.01
    assert 0 < filters.delay_s < 1.2
    assert chain(sfreq_hz, FilterConfig(), None).delay_s == 0


@pytest.mark.parametrize("sfreq_hz", RATES_HZ)
@pytest.mark.parametrize(("frequency_hz", "gain"), [(0.05, 0), (2, 1), (10, 1), (30, 1), (50, 0)])
def test_the_band_comes_through_and_mains_and_drift_do_not(sfreq_hz, frequency_hz, gain):
    time_s = np.arange(int(80 * sfreq_hz)) / sfreq_hz
    tone_uv = 100 * np.cos(2 * np.pi * frequency_hz * time_s)
    cleaned = chain(sfreq_hz, CAUSAL, 50.0).apply(tone_uv)[6000:]
    if sfreq_hz > 100 or frequency_hz < 50:
        assert abs(np.sqrt(2) * cleaned.std() - 100 * gain) < 3


@pytest.mark.parametrize("sfreq_hz", [256.0, 500.0, 1000.0])
def test_nothing_folds_back_into_the_band(sfreq_hz):
    time_s = np.arange(int(30 * sfreq_hz)) / sfreq_hz
    for frequency_hz in np.arange(101.0, sfreq_hz / 2, 23.7):
        cleaned = chain(sfreq_hz, CAUSAL, None).apply(
            100 * np.cos(2 * np.pi * frequency_hz * time_s)
        )
        assert np.abs(cleaned[3000:]).max() < 100 * 1e-4


def test_an_offset_of_187_millivolts_leaves_no_residue():
    signal_uv = noise_uv(1, 256 * 20)
    filters = chain(256.0, CAUSAL, 60.0)
    assert np.abs(filters.apply(signal_uv + 187_000) - filters.apply(signal_uv)).max() < 1e-4
    assert not filters.apply(np.full(5000, 187_000.1)).any()


def test_integers_with_a_gain_are_microvolts():
    digital = (noise_uv(2, 256 * 20) * 4).astype(np.int16)
    filters = chain(256.0, CAUSAL, 50.0)
    in_uv = filters.apply(digital / 4)
    assert np.abs(filters.apply(digital, gain=0.25) - in_uv).max() < 1e-4


@pytest.mark.parametrize("phase", ["zero", "causal"])
@pytest.mark.parametrize("sfreq_hz", [100.0, 199.7, 200.0, 256.0, 1000.0])
def test_the_description_tells_what_a_tone_meets(phase, sfreq_hz):
    filters = chain(sfreq_hz, FilterConfig(phase=phase), 50.0 if sfreq_hz > 100 else None)
    told = describe(filters)
    time_s = np.arange(int(60 * sfreq_hz)) / sfreq_hz

    def gain(frequency_hz: float) -> float:
        cleaned = filters.apply(100 * np.cos(2 * np.pi * frequency_hz * time_s))
        return np.sqrt(2) * cleaned[4000:-4000].std() / 100

    assert told["phase"] == phase
    assert told["delay_s"] == pytest.approx(filters.delay_s, abs=1e-4)
    assert told["notches_hz"] == ([50.0] if sfreq_hz > 100 else [])
    limit = -20 * np.log10(gain(told["stop_hz"][1]) + 1e-9)
    assert limit > 39
    ripple_db = abs(20 * np.log10(gain(10.0)))
    assert ripple_db <= told["ripple_db"] + 0.01
    for centre_hz, attenuation_db in zip(
        told["notches_hz"], told["notch_attenuation_db"], strict=True
    ):
        assert -20 * np.log10(gain(centre_hz) + 1e-9) > min(attenuation_db, 55) - 1
