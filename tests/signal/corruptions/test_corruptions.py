"""A corruption adds what it says: its size, its spectrum, its place, and nothing at level zero."""

import numpy as np
import pytest
from scipy.signal import welch

from eegssl.signal.corruptions.absent import NOISE_UV
from eegssl.signal.corruptions.corruption import Draws, Site
from eegssl.signal.corruptions.known_corruptions import CORRUPTIONS
from eegssl.signal.pops import pops

NAMES = ("Fp1", "F3", "C3", "P3", "O1", "T7", "P7", "Fp2", "F4", "C4", "P4", "O2", "T8", "P8", "Cz")
RATE_HZ, N = 200.0, 800
SIZE_UV = np.linspace(5, 60, len(NAMES))
SITE = Site("r-1", NAMES, RATE_HZ, (0.5, 70.0), 60.0, SIZE_UV)
CLEAN_UV = SIZE_UV[:, None] * np.random.default_rng(3).standard_normal((len(NAMES), N))


def apply(name: str, level: float, start: int = 0, site: Site = SITE, seed: int = 0) -> np.ndarray:
    return CORRUPTIONS[name]().apply(
        CLEAN_UV[: len(site.names)], level, draws(name, start, site, seed)
    )


def draws(name: str, start: int = 0, site: Site = SITE, seed: int = 0) -> Draws:
    return Draws(seed, name, site, start)


def added(name: str, level: float, windows: int, site: Site = SITE) -> np.ndarray:
    """What is added to so many windows in a row [windows, C, T]."""
    clean = CLEAN_UV[: len(site.names)]
    return np.stack([apply(name, level, N * k, site) - clean for k in range(windows)])


@pytest.mark.parametrize("name", ["white", "pink"])
@pytest.mark.parametrize("snr_db", [20.0, 0.0, -5.0])
def test_noise_has_the_ratio_of_powers_that_is_asked_for(name: str, snr_db: float) -> None:
    noise = added(name, snr_db, 200)
    ratio_db = 10 * np.log10(SIZE_UV**2 / (noise**2).mean(axis=(0, 2)))
    np.testing.assert_allclose(ratio_db, snr_db, atol=0.5)
    assert np.abs(np.corrcoef(noise[:, 0].ravel(), noise[:, 1].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize(("name", "slope"), [("white", 0.0), ("pink", -1.0)])
def test_the_spectrum_of_noise_falls_as_it_should_within_the_band_alone(
    name: str, slope: float
) -> None:
    freqs_hz = np.fft.rfftfreq(N, 1 / RATE_HZ)
    power = (np.abs(np.fft.rfft(added(name, 0.0, 200)[:, 0])) ** 2).mean(axis=0)
    inside = (freqs_hz >= 2) & (freqs_hz <= 60)
    fitted = np.polyfit(np.log(freqs_hz[inside]), np.log(power[inside]), 1)[0]
    assert fitted == pytest.approx(slope, abs=0.1)
    assert power[(freqs_hz > 70) | (freqs_hz < 0.5)].max() < 1e-9 * power.max()


def test_noise_is_as_large_where_the_signal_is_not() -> None:
    quiet = CORRUPTIONS["white"]().apply(np.zeros_like(CLEAN_UV), 0.0, draws("white"))
    np.testing.assert_allclose(quiet, apply("white", 0.0) - CLEAN_UV, atol=1e-9)


def test_muscle_is_a_burst_of_fast_activity_over_the_temples() -> None:
    bursts = added("muscle", 40.0, 100)
    here = {name for name, row in zip(NAMES, bursts.any(axis=(0, 2)), strict=True) if row}
    assert here == {"T7", "P7", "T8", "P8"}
    row = bursts[:, NAMES.index("T7")]
    assert (row != 0).mean() == pytest.approx(0.5, abs=0.01)
    middle = np.concatenate([one[np.flatnonzero(one)[40:-40]] for one in row])
    assert middle.std() == pytest.approx(40, rel=0.1)
    freqs_hz, power = welch(row.ravel(), RATE_HZ, nperseg=N)
    inside = (freqs_hz > 18) & (freqs_hz < 72)
    assert power[inside].sum() > 0.97 * power.sum()
    assert len({np.flatnonzero(one)[0] for one in row}) > 50


@pytest.mark.parametrize("line_hz", [50.0, 60.0])
def test_hum_stands_at_the_mains_and_goes_on_from_window_to_window(line_hz: float) -> None:
    site = Site("r-2", NAMES, RATE_HZ, (0.5, 70.0), line_hz, SIZE_UV)
    hum = added("mains", 10.0, 5, site)
    spectrum = np.abs(np.fft.rfft(hum[:, 2], axis=-1)) * 2 / N
    freqs_hz = np.fft.rfftfreq(N, 1 / RATE_HZ)
    assert freqs_hz[spectrum[0].argmax()] == line_hz
    assert 5 <= spectrum[0].max() <= 15
    joined = np.abs(np.fft.rfft(hum[:, 2].ravel())) * 2 / hum[:, 2].size
    assert joined.max() == pytest.approx(spectrum[0].max(), rel=1e-3)
    assert (joined > 1e-6).sum() == 1  # no harmonic is within the band


def test_harmonics_that_the_band_lets_through_are_added() -> None:
    site = Site("r-3", NAMES, 400.0, (0.5, 130.0), 50.0, SIZE_UV)
    spectrum = np.abs(np.fft.rfft(added("mains", 10.0, 1, site)[0, 0])) * 2 / N
    freqs_hz = np.fft.rfftfreq(N, 1 / 400.0)
    assert freqs_hz[spectrum > 1e-6].tolist() == [50.0, 100.0]
    assert spectrum[freqs_hz == 100] == pytest.approx(spectrum[freqs_hz == 50] / 2)


def test_pops_are_steps_that_the_finder_of_pops_finds() -> None:
    windows = added("pops", 40.0, 300)
    steps = np.diff(windows, axis=-1, prepend=0.0)
    big = np.argwhere(steps.__abs__() > 90)
    assert len(big) == pytest.approx(40 * 300 * 4 / 60, rel=0.12)
    sizes = np.abs(steps[tuple(big.T)])
    assert sizes.min() > 90
    assert sizes.max() < 420
    window, channel, sample = big[(big[:, 2] > 100) & (big[:, 2] < 600)][0]
    row = windows[window, channel] + 0.1 * CLEAN_UV[channel]
    assert pops(row, np.diff(row, prepend=row[0]), N, RATE_HZ, 20.0, 5.0).tolist() == [0]
    assert abs(windows[window, channel, sample]) > 1.5 * abs(windows[window, channel, -1])


@pytest.mark.parametrize(("share", "silent"), [(0.1, 2), (0.5, 8), (0.7, 10), (0.0, 1), (1.0, 14)])
def test_so_many_channels_are_silent_throughout_a_recording(share: float, silent: int) -> None:
    first, later = apply("drop-channels", share), apply("drop-channels", share, start=5 * N)
    gone = first.std(axis=1) < 1
    assert gone.sum() == silent
    assert (gone == (later.std(axis=1) < 1)).all()
    np.testing.assert_array_equal(first[~gone], CLEAN_UV[~gone])
    assert first[gone].std() == pytest.approx(NOISE_UV, rel=0.05)
    assert (first[gone] != later[gone]).all()


def test_dropped_regions_are_silent_and_others_as_they_were() -> None:
    before: set[str] = set()
    for n in (1, 2, 3, 4, 5, 7):
        corrupted = apply("drop-regions", n)
        flat = corrupted.std(axis=1) < 1
        gone = {region for k in np.flatnonzero(flat) for region in SITE.regions[k]}
        assert len(gone) == n
        assert before < gone
        assert all(flat[k] == bool(SITE.regions[k] & gone) for k in range(len(NAMES)))
        before = gone


def test_a_common_average_sums_to_zero_and_a_single_electrode_is_the_reference() -> None:
    np.testing.assert_allclose(apply("reference", 1.0).mean(axis=0), 0, atol=1e-9)
    single = apply("reference", 0.0)
    flat = np.flatnonzero(~single.any(axis=1))
    assert len(flat) == 1
    np.testing.assert_allclose(single, CLEAN_UV - CLEAN_UV[flat], atol=1e-9)
    np.testing.assert_allclose(np.diff(single, axis=0), np.diff(CLEAN_UV, axis=0), atol=1e-9)


def test_a_narrower_band_keeps_what_is_in_it_and_takes_what_is_not() -> None:
    time_s = np.arange(N) / RATE_HZ
    for hz, kept in ((5.0, 1.0), (40.0, 0.0), (0.2, 0.0)):
        wave = 50 * np.sin(2 * np.pi * hz * time_s)[None] * np.ones((len(NAMES), 1))
        after = CORRUPTIONS["band"]().apply(wave, 15.0, draws("band"))[0, 200:600]
        assert after.std() == pytest.approx(kept * wave[0, 200:600].std(), abs=3)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_draws_are_those_of_seed_kind_recording_and_window(name: str) -> None:
    level = CORRUPTIONS[name].levels[3]
    once = apply(name, level, start=400)
    np.testing.assert_array_equal(once, apply(name, level, start=400))
    if name == "band":
        return
    other = Site("r-9", NAMES, RATE_HZ, (0.5, 70.0), 60.0, SIZE_UV)
    assert (once != apply(name, level, start=400, seed=1)).any()
    assert (once != apply(name, level, start=400, site=other)).any()
    assert np.isfinite(once).all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_higher_severity_takes_a_window_further_from_what_it_was(name: str) -> None:
    far = [
        np.mean([(apply(name, level, N * k) - CLEAN_UV).std() for k in range(40)])
        for level in CORRUPTIONS[name].levels
    ]
    assert far == sorted(far)
    assert far[0] < far[-1]


@pytest.mark.parametrize("name", ["muscle", "mains", "pops"])
def test_nothing_is_added_at_level_zero(name: str) -> None:
    np.testing.assert_array_equal(apply(name, 0.0), CLEAN_UV)


def site(*names: str, band_hz: tuple[float, float] = (0.5, 70.0), line_hz: float = 50.0) -> Site:
    return Site("r-5", names, RATE_HZ, band_hz, line_hz, np.ones(len(names)))


@pytest.mark.parametrize(
    ("name", "where", "words"),
    [
        ("muscle", site("Fz", "Cz"), "no temporal channel"),
        ("muscle", site("T7", "Cz", band_hz=(0.5, 15.0)), "ends at 15 Hz"),
        ("mains", site("T7", "Cz", band_hz=(0.5, 40.0)), "above its 40 Hz"),
        ("drop-channels", site("Cz"), "single channel"),
        ("drop-regions", site("Fz", "Cz"), "single region"),
        ("drop-regions", site("T7-C3"), "single region"),
        ("reference", site("Fp1-F7", "F7-T7"), "derivations"),
        ("reference", site("C3-A2", "C4-A1"), "several references"),
        ("reference", site("Cz"), "single channel"),
    ],
)
def test_what_means_nothing_for_a_montage_is_told(name: str, where: Site, words: str) -> None:
    assert words in CORRUPTIONS[name]().lacks(where)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_referential_montage_takes_every_corruption(name: str) -> None:
    assert not CORRUPTIONS[name]().lacks(SITE)
    assert CORRUPTIONS[name].name == name


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - {"reference"}))
def test_derivations_take_all_others(name: str) -> None:
    bipolar = site("Fp1-F7", "F7-T7", "T7-P7", "P7-O1", "Fp2-F8", "F8-T8", "T8-P8", "P8-O2")
    assert not CORRUPTIONS[name]().lacks(bipolar)
    for level in CORRUPTIONS[name].levels:
        corrupted = apply(name, level, site=bipolar)
        assert np.isfinite(corrupted).all()
        assert corrupted.std(axis=1).max() > 1
