"""The kernel is mne's FIR chain, to 1e-3 uV and -110 dB, at any rate and from any numbers."""

import numpy as np
import pytest
import scipy.signal
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import Chain, chain
from eegssl.signal.filtering.fir import design, line_harmonics_hz
from eegssl.signal.filtering.kernel import BlockFilter, rate_ratio

mne = pytest.importorskip("mne")
RATES_HZ = (100.0, 128.0, 160.0, 199.7, 250.0, 256.0, 400.0, 500.0, 512.0)
FAST_RATES_HZ = (1000.0, 1024.0, 2048.0, 5000.0)
WIDE = FilterConfig(low_hz=0.1, high_hz=75.0)
USUAL = FilterConfig()
QUIET = {"verbose": "error"}


def brownian_uv(seed: int, samples: int) -> np.ndarray:
    """EEG-like noise [T]: a random walk of 50 uV with white noise of 5 uV on top."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal(samples))
    return 50 * walk / walk.std() + 5 * rng.standard_normal(samples)


def samples_for(sfreq_hz: float, duration_s: float) -> int:
    """A number of samples that is a whole number at 200 Hz too."""
    down = rate_ratio(sfreq_hz, 200.0, 250_000)[1]
    return down * round(duration_s * sfreq_hz / down)


def cleaned_by_mne(signal_uv: np.ndarray, filters: Chain) -> np.ndarray:
    """mne's chain on float64, padded before resampling so that the ratio of rates is exact.

    (npad="auto" rounds the length, and with it the rate: 2.7 uV off at 250 Hz.)
    """
    sfreq_hz, (low_hz, high_hz) = filters.sfreq_hz, filters.band_hz
    x = mne.filter.filter_data(signal_uv - signal_uv.mean(), sfreq_hz, low_hz, high_hz, **QUIET)
    notches_hz = line_harmonics_hz(filters.line_hz, min(1.25 * high_hz, 100.0), sfreq_hz)
    if notches_hz:
        x = mne.filter.notch_filter(x, sfreq_hz, notches_hz, **QUIET)
    up, down = filters.filters.up, filters.filters.down
    npad = down * max(1, round(10 * sfreq_hz / down))
    return x if up == down else mne.filter.resample(x, 200.0, sfreq_hz, npad=npad, **QUIET)


@pytest.mark.parametrize("line_hz", [None, 50.0, 60.0])
@pytest.mark.parametrize("sfreq_hz", [160.0, 199.7, 256.0, 500.0, 1000.0])
@pytest.mark.parametrize("band_hz", [(0.1, 75.0), (0.5, 70.0), (3.0, 30.0)])
def test_the_taps_are_those_of_mne(sfreq_hz, line_hz, band_hz):
    taps = design(sfreq_hz, band_hz, line_hz, 100.0)
    theirs = mne.filter.create_filter(None, sfreq_hz, *band_hz, **QUIET)
    harmonics_hz = line_harmonics_hz(line_hz, min(1.25 * band_hz[1], 100.0), sfreq_hz)
    if harmonics_hz:
        f = np.array(harmonics_hz)
        edges = (f + f / 400 + 0.5, f - f / 400 - 0.5)
        widths = {"l_trans_bandwidth": 0.5, "h_trans_bandwidth": 0.5}
        notch = mne.filter.create_filter(None, sfreq_hz, *edges, **widths, **QUIET)
        theirs = np.convolve(theirs, notch)
    spare = (len(theirs) - len(taps)) // 2
    assert np.abs(np.pad(taps, spare) - theirs).max() < 1e-12


@pytest.mark.parametrize("config", [WIDE, USUAL])
@pytest.mark.parametrize("sfreq_hz", [*RATES_HZ, *FAST_RATES_HZ])
def test_a_signal_comes_out_within_a_thousandth_of_a_microvolt_of_mne(sfreq_hz, config):
    """The signal fades in and out: mne's resampling by FFT rings from its edges over minutes."""
    filters = chain(sfreq_hz, config, 60.0)
    signal_uv = brownian_uv(0, samples_for(sfreq_hz, 120 if sfreq_hz > 600 else 300))
    signal_uv *= scipy.signal.windows.tukey(signal_uv.size, 0.3)
    apart = (filters.apply(signal_uv) - cleaned_by_mne(signal_uv, filters))[5000:-5000]
    assert np.abs(apart).max() < 1e-3


@pytest.mark.parametrize("sfreq_hz", [*RATES_HZ, 1000.0, 2048.0])
def test_the_transfer_function_is_that_of_mne_to_minus_110_db(sfreq_hz):
    filters = chain(sfreq_hz, WIDE, 60.0)
    impulse = np.zeros(samples_for(sfreq_hz, 120))
    impulse[impulse.size // 2] = sfreq_hz
    apart = filters.apply(impulse) - cleaned_by_mne(impulse, filters)
    spectrum = np.abs(np.fft.rfft(apart)) / 200
    frequencies_hz = np.fft.rfftfreq(apart.size, 1 / 200)
    in_band = (frequencies_hz >= 0.5) & (frequencies_hz <= min(74.0, filters.band_hz[1]))
    assert 20 * np.log10(spectrum[in_band].max()) < -110


@pytest.mark.parametrize("sfreq_hz", [160.0, 256.0, 512.0])
def test_tones_from_half_a_hertz_to_74_keep_amplitude_and_phase_as_in_mne(sfreq_hz):
    filters = chain(sfreq_hz, WIDE, 60.0)
    time_s = np.arange(samples_for(sfreq_hz, 100)) / sfreq_hz
    window = np.hanning(8000)
    for frequency_hz in (0.5, 2.3, 11.0, 33.3, 57.0, 74.0):
        signal_uv = 100 * np.cos(2 * np.pi * frequency_hz * time_s + 0.3)
        apart = filters.apply(signal_uv) - cleaned_by_mne(signal_uv, filters)
        carrier = np.exp(-2j * np.pi * frequency_hz * np.arange(8000) / 200)
        amplitude_uv = 2 * abs((apart[6000:14000] * window * carrier).sum()) / window.sum()
        assert 20 * np.log10(amplitude_uv / 100) < -110


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_integers_and_their_gain_give_what_microvolts_give(dtype):
    filters = chain(256.0, USUAL, 50.0)
    offset = 20_000 if dtype == np.int16 else 6_000_000  # 187 mV at 1/32 uV a step
    digital = (brownian_uv(1, 256 * 60) * 32 + offset).astype(dtype)
    from_integers = filters.apply(digital, gain=1 / 32)
    assert np.abs(from_integers - filters.apply(digital / 32)).max() < 1e-4


def test_wide_numbers_that_drift_by_millivolts_stay_exact():
    filters = chain(256.0, USUAL, 50.0)
    samples = 256 * 1200
    drift_uv = np.linspace(-1e5, 1e5, samples)
    signal_uv = brownian_uv(2, samples)
    apart = filters.apply(signal_uv + drift_uv) - filters.apply(signal_uv)
    assert np.abs(apart[3000:-3000]).max() < 2e-3


@examples(25)
@given(st.integers(1, 6000), st.sampled_from([(1, 1), (25, 32), (2, 1), (2, 5)]), st.data())
def test_blocks_of_any_number_and_size_give_one_convolution(samples, ratio, data):
    up, down = ratio
    taps = np.hanning(data.draw(st.integers(1, 60)) * 2 + 1) * 0.1
    signal = np.random.default_rng(samples).standard_normal(samples)
    block = BlockFilter(taps - taps.mean(), 1, 1, margin=3)
    out = np.empty(samples, np.float32)
    block.apply(signal, 1.0, out)
    n = len(taps) // 2
    mirrored = min(n, samples - 1)
    x = signal - signal[:: 1 + samples // 4096].mean()
    ends = 2 * x[0] - x[mirrored:0:-1], 2 * x[-1] - x[-2 : -mirrored - 2 : -1]
    rest = np.zeros(n - mirrored)
    padded = np.concatenate([rest, ends[0], x, ends[1], rest])
    assert np.allclose(out, np.convolve(padded, taps - taps.mean(), "valid"), atol=1e-5)
    resampled = np.empty(round(samples * up / down), np.float32)
    BlockFilter(taps - taps.mean(), up, down, margin=3).apply(signal, 1.0, resampled)
    assert np.isfinite(resampled).all()


@pytest.mark.parametrize(
    ("sfreq_hz", "ratio"),
    [(256.0, (25, 32)), (100.0, (2, 1)), (199.7, (2000, 1997)), (256 / 0.999936, (1953, 2500))],
)
def test_rates_are_taken_as_the_fractions_that_they_are(sfreq_hz, ratio):
    assert rate_ratio(sfreq_hz, 200.0, 250_000) == ratio


@given(st.floats(20.0, 20_000.0), st.sampled_from([100.0, 128.0, 200.0, 256.0]))
def test_any_other_rate_is_met_within_its_bound_and_with_small_terms(sfreq_hz, new_hz):
    up, down = rate_ratio(sfreq_hz, new_hz, 250_000)
    assert max(up, down) <= 250_000
    assert abs(up / down * sfreq_hz / new_hz - 1) <= 1 / (2 * 250_000) + 1e-12


@examples(25)
@given(st.sampled_from(RATES_HZ), st.sampled_from([None, 50.0, 60.0]), st.floats(0.1, 2.0))
def test_filters_are_symmetric_and_stop_the_offset(sfreq_hz, line_hz, low_hz):
    taps = design(sfreq_hz, (low_hz, 0.8 * min(sfreq_hz, 200) / 2), line_hz, 100.0)
    assert len(taps) % 2 == 1
    assert np.array_equal(taps, taps[::-1])
    assert abs(taps.sum()) < 1e-10


def test_where_the_band_reaches_the_new_nyquist_frequency_the_transition_ends_there():
    wide = design(512.0, (0.5, 90.0), None, 100.0)
    response = np.abs(np.fft.rfft(wide, 2**17))
    beyond = np.fft.rfftfreq(2**17, 1 / 512) >= 100.0
    assert 20 * np.log10(response[beyond].max()) < -50
