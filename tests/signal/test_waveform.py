"""The same signal is known by its waveform whatever became of it, and no other is taken for it."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from realdata import real_data
from scipy.signal import resample_poly

from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_signals
from eegssl.signal.channels.electrodes import parse_channels
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import chain
from eegssl.signal.waveform import NEIGHBOURS, Hashes, Sketches, landmarks, repeating, same, sketch

NAMES = [
    *("Fp1", "Fp2", "F3", "F4", "F7", "F8", "T7", "T8", "C3", "C4"),
    *("P7", "P8", "P3", "P4", "O1", "O2", "Fz", "Cz", "Pz"),
]
SFREQ_HZ, SECONDS = 256, 90
Signal = NDArray[np.float64]


@cache
def known_uv(seed: int) -> Signal:
    """The EEG of a seed, of the usual length; read only."""
    signal_uv = eeg_uv(seed)
    signal_uv.flags.writeable = False
    return signal_uv


class Rows:
    """A signal [C, T] in memory, with its scale [C]."""

    def __init__(self, values: np.ndarray, scale_uv: np.ndarray | None = None) -> None:
        self.values, self.shape = values, values.shape
        self.scale_uv = np.ones(len(values), np.float32) if scale_uv is None else scale_uv

    def read(self, channels: Sequence[int], start: int, stop: int) -> np.ndarray:
        return self.values[list(channels), start:stop]


@cache
def known_sketch(seed: int) -> Hashes:
    """Its sketch."""
    return sketch_of(known_uv(seed), NAMES, 256)


def eeg_uv(seed: int, seconds: int = SECONDS) -> Signal:
    """1/f sources with an alpha rhythm, mixed into 19 electrodes, [C, T] at 256 Hz."""
    rng = np.random.default_rng([11, seed])
    n = seconds * SFREQ_HZ
    freqs_hz = np.fft.rfftfreq(n, 1 / SFREQ_HZ)
    shape = 1 / np.maximum(freqs_hz, 0.5) + 0.3 * np.exp(-(((freqs_hz - 10) / 0.7) ** 2))
    spectrum = rng.standard_normal((24, len(shape))) + 1j * rng.standard_normal((24, len(shape)))
    sources = np.fft.irfft(spectrum * shape, n)
    mixed = rng.standard_normal((len(NAMES), 24)) @ sources
    return 30 * mixed / mixed.std()


def cleaned_uv(signal_uv: Signal, rate_hz: float, config: FilterConfig) -> np.ndarray:
    filters = chain(rate_hz, config)
    return np.stack([filters.apply(channel) for channel in signal_uv])


def sketch_of(signal_uv: Signal, names: list[str], rate_hz: float, **filters: float) -> Hashes:
    """The sketch as preprocess makes it: of the cleaned signal."""
    config = FilterConfig(notch="off", **filters)
    cleaned = cleaned_uv(signal_uv, rate_hz, config)
    return sketch(Rows(cleaned), names, config.sfreq_hz)


def matches(one: Hashes, other: Hashes) -> bool:
    """Whether two sketches are taken for one signal, asked either way."""
    there = "r" in Sketches({"r": one, "x": np.arange(9, dtype=np.uint32)}).like(other)
    back = "r" in Sketches({"r": other}).like(one)
    assert there == back
    return there


def at_rates(signal_uv: Signal, *rates_hz: int) -> Signal:
    """Resampled from rate to rate."""
    for one, other in pairwise(rates_hz):
        signal_uv = resample_poly(signal_uv, other, one, axis=1)
    return signal_uv


def half(names: list[str], seed: int) -> list[int]:
    """Places of a random half of the channels, in random order."""
    return np.random.default_rng(seed).permutation(len(names))[: len(names) // 2].tolist()


Export = Callable[[Signal], tuple[Signal, list[str], float, dict[str, float]]]
CZ = NAMES.index("Cz")
LEFT = [k for k in range(len(NAMES)) if k != CZ]

EXPORTS: dict[str, Export] = {
    "another scale, whole numbers": lambda x: (np.round(x * 7.3), NAMES, 256, {}),
    "steps of 2 µV": lambda x: (2 * np.round(x / 2), NAMES, 256, {}),
    "upside down": lambda x: (-x, NAMES, 256, {}),
    "resampled": lambda x: (at_rates(x, 256, 200, 250), NAMES, 250, {}),
    "stored at 250 Hz": lambda x: (at_rates(x, 256, 200), NAMES, 200, {"sfreq_hz": 250.0}),
    "stored at 128 Hz": lambda x: (x, NAMES, 256, {"sfreq_hz": 128.0, "high_hz": 50.0}),
    "1-30 Hz": lambda x: (x, NAMES, 256, {"low_hz": 1.0, "high_hz": 30.0}),
    "0.1-40 Hz": lambda x: (x, NAMES, 256, {"low_hz": 0.1, "high_hz": 40.0}),
    "reordered": lambda x: (x[::-1], NAMES[::-1], 256, {}),
    "renamed": lambda x: (x, NAMES[5:] + NAMES[:5], 256, {}),
    "half the channels": lambda x: (x[half(NAMES, 0)], [NAMES[k] for k in half(NAMES, 0)], 256, {}),
    "another half": lambda x: (x[half(NAMES, 1)], [NAMES[k] for k in half(NAMES, 1)], 256, {}),
    "average reference": lambda x: (x - x.mean(axis=0), NAMES, 256, {}),
    "Cz as reference": lambda x: ((x - x[CZ])[LEFT], [NAMES[k] for k in LEFT], 256, {}),
    "bipolar": lambda x: (
        np.stack([x[NAMES.index(a)] - x[NAMES.index(b)] for a, b in NEIGHBOURS]),
        ["-".join(pair) for pair in NEIGHBOURS],
        256,
        {},
    ),
    "half its length, from anywhere": lambda x: (x[:, 4321 : 4321 + 11521], NAMES, 256, {}),
    "cut, resampled, flipped, scaled": lambda x: (
        -np.round(3 * at_rates(x[:, 7001 : 7001 + 11521], 256, 200)),
        NAMES[::-1],
        200,
        {},
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_a_signal_is_known_after_export(name: str) -> None:
    for seed in (0, 1):
        signal_uv, names, sfreq_hz, chain = EXPORTS[name](known_uv(seed))
        copy = sketch_of(signal_uv, names, sfreq_hz, **chain)
        assert matches(known_sketch(seed), copy)
        assert not matches(known_sketch(seed + 2), copy)


@examples(25)
@given(start=st.integers(0, SECONDS * 128), scale=st.floats(0.01, 1000), flip=st.booleans())
def test_any_half_at_any_scale_is_known(start: int, scale: float, flip: bool) -> None:
    signal_uv = WHOLE[:, start : start + SECONDS * 100]
    scales = np.full(len(NAMES), -scale if flip else scale, np.float32)
    assert matches(WHOLE_SKETCH, sketch(Rows(signal_uv, scales), NAMES, 200))


WHOLE = cleaned_uv(eeg_uv(5), SFREQ_HZ, FilterConfig(notch="off"))
WHOLE_SKETCH = sketch(Rows(WHOLE), NAMES, 200)


def test_a_scale_per_channel_is_part_of_the_signal() -> None:
    """As int16 with a scale for each channel: derivations are made of both."""
    scales = (np.abs(WHOLE).max(axis=1) / 32767).astype(np.float32)
    stored = np.round(WHOLE / scales[:, None]).astype(np.int16)
    assert len(np.intersect1d(WHOLE_SKETCH, sketch(Rows(stored, scales), NAMES, 200))) > 220


def test_unlike_signals_share_next_to_nothing() -> None:
    sketches = [sketch_of(eeg_uv(seed, 60), NAMES, 256) for seed in range(20, 30)]
    assert max(len(np.intersect1d(a, b)) for a, b in combinations(sketches, 2)) <= 1


def test_a_sketch_is_small_sorted_and_the_same_every_time() -> None:
    assert WHOLE_SKETCH.dtype == np.uint32
    assert WHOLE_SKETCH.nbytes <= 1024
    assert (np.diff(WHOLE_SKETCH.astype(np.int64)) > 0).all()
    again = sketch(Rows(WHOLE), NAMES, 200)
    assert (again == WHOLE_SKETCH).all()


def test_a_long_recording_is_read_in_pieces_that_lose_nothing_but_their_seams() -> None:
    row = eeg_uv(8, 2200)[:1].astype(np.float32)
    seam = 1800 * SFREQ_HZ
    one, two = (sketch(Rows(x), ["C3"], 256) for x in (row, row[:, seam - 99_999 :]))
    assert matches(one, sketch(Rows(row[:, : len(row[0]) // 2 + 5]), ["C3"], 256))
    assert len(np.intersect1d(one, two)) > 20


@pytest.mark.parametrize("periods_s", [(0.3,), (0.1,), (1 / 3, 0.07)])
def test_rhythms_that_any_head_may_have_are_no_landmarks(periods_s: tuple[float, ...]) -> None:
    t = np.arange(200 * 60) / 200
    rhythm = sum(np.sin(2 * np.pi * t / period) for period in periods_s)
    assert len(landmarks(np.asarray(rhythm, np.float32), 200.0)) == 0


def test_a_spike_and_wave_that_slows_down_is_no_landmark() -> None:
    """Two synthetic seizures of different seeds had these intervals; any two heads may."""
    slowing = np.array([3, 5, 10, 8, 3, 5, 11, 8, 3, 5, 13, 7, 3, 5, 14, 7], np.uint64)
    assert repeating(slowing).all()
    assert not repeating(np.random.default_rng(0).permutation(slowing)).any()


@pytest.mark.parametrize("signal", [np.zeros(4000), np.ones(4000), np.zeros(3), np.zeros(0)])
def test_nothing_to_see_gives_an_empty_sketch_which_is_like_nothing(signal: Signal) -> None:
    empty = sketch(Rows(signal[None].astype(np.int16)), ["Cz"], 200)
    assert len(empty) == 0
    assert Sketches({"a": empty, "b": WHOLE_SKETCH}).like(empty) == {}
    assert Sketches({}).like(WHOLE_SKETCH) == {}


def test_few_shared_hashes_are_chance() -> None:
    assert not same(5, 10, 10)
    assert same(6, 256, 256)


def test_the_index_counts_as_plain_sets_do() -> None:
    rng = np.random.default_rng(0)
    of = {f"r-{k}": np.unique(rng.integers(0, 400, 80).astype(np.uint32)) for k in range(30)}
    index = Sketches(of)
    for sketch_ in of.values():
        shared = {id_: len({*other.tolist()} & {*sketch_.tolist()}) for id_, other in of.items()}
        wanted = {
            id_: n for id_, n in shared.items() if n >= 6 and n >= 0.02 * min(len(of[id_]), 80)
        }
        assert index.like(sketch_) == wanted


@pytest.mark.parametrize("n_values", [400, 4000, 80])
def test_pairs_are_those_that_comparing_each_with_each_gives(n_values: int) -> None:
    rng = np.random.default_rng(1)
    of = {f"r-{k}": np.unique(rng.integers(0, n_values, 80).astype(np.uint32)) for k in range(40)}
    of |= {"r-copy": of["r-7"], "r-half": of["r-7"][::2], "r-none": of["r-7"][:0]}
    sets = {id_: {*hashes.tolist()} for id_, hashes in of.items()}
    compared = [(a, b, len(sets[a] & sets[b])) for a, b in combinations(sorted(of), 2)]
    wanted = [(a, b, n) for a, b, n in compared if same(n, len(sets[a]), len(sets[b]))]
    assert list(Sketches(of).pairs()) == wanted
    assert {("r-7", "r-copy"), ("r-7", "r-half")} <= {(a, b) for a, b, _ in wanted}
    assert list(Sketches({}).pairs()) == []


def read_uv(path: Path) -> tuple[Signal, list[str], float]:
    """EEG of a file in µV, canonical names, rate."""
    header = read_header(path)
    channels = parse_channels([header.labels[k] for k in header.ordinary_signals])
    kept = [k for k, c in zip(header.ordinary_signals, channels, strict=True) if c.kind == "eeg"]
    names = [c.name for c in channels if c.kind == "eeg"]
    return np.stack(read_signals(header, kept)), names, header.sfreq_hz(kept[0])


def test_real_recordings_are_told_apart_and_known_again() -> None:
    """Ten people at rest and at work, real seizures: each is found after re-export.

    Half of each but of clips of 10 s, other band, rate, scale, polarity and order of channels."""
    files = sorted(real_data("eegmat").glob("*.edf"))[:12]
    files += sorted(real_data("chbmit_clips").rglob("*.edf"))
    originals, copies = {}, {}
    for path in files:
        signal_uv, names, sfreq_hz = read_uv(path)
        n = signal_uv.shape[1]
        start, stop = (n // 3 + 1, n // 3 + n // 2 + 2) if n > 20 * sfreq_hz else (0, n)
        originals[path.name] = sketch_of(signal_uv, names, sfreq_hz)
        part = np.round(-signal_uv[::-1, start:stop] * 2.7)
        part = at_rates(part, round(sfreq_hz), 200)
        copies[path.name] = sketch_of(part, names[::-1], 200, low_hz=1.0, high_hz=40.0)
    index = Sketches(originals)
    assert {name: set(index.like(found)) for name, found in originals.items()} == {
        name: {name} for name in originals
    }
    assert {name: set(index.like(found)) for name, found in copies.items()} == {
        name: {name} for name in originals
    }
