"""Sums by code over a corpus: counts, spectra, bands, regions, and courses along a seizure."""

from pathlib import Path

import numpy as np
import pytest
from corpora import corpus, recording, stored
from numpy.typing import NDArray

from eegssl.corpus.codes.code_sums import CodeAtlas, collect
from eegssl.corpus.codes.time_course import time_courses
from eegssl.corpus.store import Recording
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.regions import REGIONS

SECONDS = 120
ALPHA, DELTA, REST, UNUSED = 0, 1, 2, 3


def planted(folder: Path, n: int = 3) -> tuple[list[Recording], dict[str, NDArray[np.uint8]]]:
    """Alpha of 30 µV at O1 (row 3), 2 Hz of 80 µV elsewhere in seconds 40 to 70, else little."""
    rng = np.random.default_rng(5)
    t = np.arange(SECONDS * 100) / 100
    recordings, codes = [], {}
    for k in range(n):
        signal = rng.normal(0, 1, (4, len(t)))
        signal[3] += 30 * np.sin(2 * np.pi * 10 * t)
        seizure = (t >= 40) & (t < 70)
        signal[:3, seizure] += 80 * np.sin(2 * np.pi * 2 * t[seizure])
        one = stored(folder, k, signal, events=[(40.0, 30.0, "sz_foc")])
        array = np.full((4, SECONDS), REST, dtype=np.uint8)
        array[:3, 40:70] = DELTA
        array[3] = ALPHA
        recordings.append(one)
        codes[one.id] = array
    return recordings, codes


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> CodeAtlas:
    recordings, codes = planted(tmp_path_factory.mktemp("signals"))
    return collect(corpus(*recordings), recordings, lambda r: codes[r.id], 4, 100, seed=0)


def test_every_patch_is_counted_once_in_its_class(sums: CodeAtlas) -> None:
    assert sums.seizure.tolist() == [[30, 90, 0, 0]] * 3
    assert sums.background.tolist() == [[90, 0, 270, 0]] * 3
    assert sums.subjects == ("s-000", "s-001", "s-002")
    assert sums.n_seizures == 3
    assert sums.seconds == 360


def test_spectra_tell_frequency_and_power(sums: CodeAtlas) -> None:
    """A sine of amplitude A has the power A²/2, in µV²."""
    for code, freq_hz, size_uv in ((ALPHA, 10, 30), (DELTA, 2, 80)):
        spectrum = sums.spectrum[code]
        assert sums.freqs_hz[spectrum.argmax()] == freq_hz
        width_hz = sums.freqs_hz[1]
        assert spectrum.sum() * width_hz == pytest.approx(size_uv**2 / 2, rel=0.02)
    assert np.isnan(sums.spectrum[UNUSED]).all()


def test_bands_are_shares(sums: CodeAtlas) -> None:
    bands = dict(zip(BANDS_HZ, sums.bands[ALPHA], strict=True))
    assert bands["alpha"] > 0.97
    assert sums.bands[DELTA, 0] > 0.95
    assert sums.dominant_band(np.array([ALPHA, DELTA])) == ["alpha", "delta"]
    np.testing.assert_allclose(sums.bands[:3].sum(axis=1), 1, atol=1e-5)


def test_regions_are_where_the_channels_lie(sums: CodeAtlas) -> None:
    assert sums.regions[ALPHA, REGIONS.index("O")] == 1
    delta = dict(zip(REGIONS, sums.regions[DELTA], strict=True))
    assert delta["LF"] == pytest.approx(2 / 3)
    assert delta["LT"] == pytest.approx(1 / 3)
    assert not sums.regions[UNUSED].any()


def test_half_a_patch_in_a_seizure_makes_it_ictal(tmp_path: Path) -> None:
    one = stored(tmp_path, 0, np.zeros((2, 1000)), events=[(2.5, 2.0, "sz"), (7.6, 1.0, "sz")])
    codes = np.zeros((2, 10), dtype=np.uint8)
    found = collect(corpus(one), [one], lambda r: codes, 1, 100, seed=0)
    assert found.seizure.tolist() == [[2 * 4]]  # 2.5-3, 3-4, 4-4.5; 7.6-8 is less; 8-8.6
    assert np.isfinite(found.spectrum[0]).all()


def test_blocks_of_a_long_recording_add_up(
    tmp_path: Path, sums: CodeAtlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eegssl.corpus.codes.code_sums._PATCHES_AT_ONCE", 28)
    recordings, codes = planted(tmp_path)
    found = collect(corpus(*recordings), recordings, lambda r: codes[r.id], 4, 100, seed=0)
    np.testing.assert_allclose(found.spectrum[:3], sums.spectrum[:3], rtol=1e-5)
    np.testing.assert_allclose(found.bands[:3], sums.bands[:3], rtol=1e-5)


def test_courses_rise_at_the_onset_and_fall_at_the_end() -> None:
    events = [(100.0, 20.0, "sz")]
    ones = [recording(k, 300, n_channels=4, events=events) for k in range(2)]
    array = np.zeros((4, 300), dtype=np.uint8)
    array[:2, 100:120] = 1
    onset, within = time_courses(ones, lambda r: array, [(1,), (0, 1)], 1.0)
    assert onset.share[onset.position < 0, 0].max() == 0
    np.testing.assert_allclose(onset.share[(onset.position > 0) & (onset.position < 20), 0], 0.5)
    assert onset.share[onset.position > 20, 0].max() == 0
    np.testing.assert_allclose(within.share, [[0.5, 1.0]] * len(within.position))
    np.testing.assert_allclose(onset.sd, 0)
    assert set(onset.n_seizures) == set(onset.n_subjects) == {2}


def test_each_subject_counts_once_however_many_seizures() -> None:
    many = [(100.0 * k, 10.0, "sz") for k in range(1, 9)]
    ones = [
        recording(0, 1000, n_channels=2, events=many),
        recording(1, 1000, n_channels=2, events=[(500.0, 10.0, "sz")]),
    ]
    arrays = {one.id: np.full((2, 1000), k, dtype=np.uint8) for k, one in enumerate(ones)}
    onset, within = time_courses(ones, lambda r: arrays[r.id], [(1,)], 1.0)
    np.testing.assert_allclose(onset.share[:, 0], 0.5)
    np.testing.assert_allclose(within.share[:, 0], 0.5)
    assert onset.n_seizures.max() == 9


def test_what_lies_in_another_seizure_or_outside_is_left_out() -> None:
    one = recording(0, 100, n_channels=2, events=[(10.0, 10.0, "sz"), (40.0, 10.0, "sz")])
    array = np.ones((2, 100), dtype=np.uint8)
    array[:, 10:20] = 2
    onset, _ = time_courses([one], lambda r: array, [(2,)], 1.0)
    reached = dict(zip(onset.position.tolist(), onset.n_seizures.tolist(), strict=True))
    assert reached[-59] == 0
    assert np.isnan(onset.share[0, 0])
    assert reached[-25] == 0  # of the second one, in the first; of the first, before it began
    assert reached[-15] == 1


def test_a_seizure_shorter_than_a_patch_still_has_a_course() -> None:
    one = recording(0, 10, n_channels=2, events=[(4.2, 0.3, "sz")])
    array = np.zeros((2, 10), dtype=np.uint8)
    array[:, 4] = 1
    _, within = time_courses([one], lambda r: array, [(1,)], 1.0)
    np.testing.assert_allclose(within.share[:, 0], 1)
