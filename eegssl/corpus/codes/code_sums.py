"""Sum up spectra, regions and seizures of each code.

Memory is bounded by codes x subjects (two counts) and codes x a few patches, whatever the length
of the recordings. Recordings are those that are passed in: test subjects' are not among them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from eegssl.corpus.codes.exemplars import Exemplars
from eegssl.corpus.ictal import overlap_share, positive_spans
from eegssl.corpus.store import Corpus, Recording
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.regions import REGIONS

MIN_ICTAL = 0.5
"""A patch is of a seizure when at least this share of it lies in one."""

_PATCHES_AT_ONCE = 8192
Floats = NDArray[np.float64]
Codes = Callable[[Recording], NDArray[np.integer[Any]]]
"""Codes [C, N] of a recording; patch n begins at sample n P."""


@dataclass(frozen=True)
class CodeAtlas:
    """Sums by code (K of them) over recordings of S subjects; patches of P samples."""

    subjects: tuple[str, ...]
    seizure: NDArray[np.int64]
    """[S, K], patches in seizures."""
    background: NDArray[np.int64]
    """[S, K], all others."""
    spectrum: Floats
    """[K, F], mean power density in µV²/Hz, Hann window; NaN where a code is unused."""
    freqs_hz: Floats
    """[F]"""
    bands: Floats
    """[K, 5], mean share of each band in a patch's power."""
    regions: Floats
    """[K, R], share of patches in each region; a derivation lies half in each of its two."""
    exemplars: Exemplars
    n_seizures: int
    seconds: float
    """Of recordings with codes."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """[K], patches."""
        total: NDArray[np.int64] = (self.seizure + self.background).sum(axis=0)
        return total

    def dominant_band(self, codes: NDArray[np.int64]) -> list[str]:
        """The band in which each code's mean power density times frequency is largest, as
        `eegssl.signal.bands.dominant_band` has it of a patch; the band must hold a bin."""
        inside = _band_matrix(self.freqs_hz).astype(np.float64)
        heights = (self.spectrum[codes] * self.freqs_hz) @ inside
        bins = inside.sum(axis=0)
        means = np.divide(heights, bins, out=np.full(heights.shape, -np.inf), where=bins > 0)
        return [list(BANDS_HZ)[k] for k in means.argmax(axis=1).tolist()]

    def mean_of(self, shares: Floats) -> Floats:
        """The shares [n] of all patches together, from those of codes [K, n]."""
        used = self.counts > 0
        mean: Floats = np.average(shares[used], axis=0, weights=self.counts[used])
        return mean


def collect(
    corpus: Corpus,
    recordings: Sequence[Recording],
    codes_of: Codes,
    n_codes: int,
    patch_samples: int,
    *,
    seed: int,
    on_recording: Callable[[int], None] = lambda done: None,
) -> CodeAtlas:
    """Go once through codes and signals of these recordings."""
    subjects = tuple(sorted({r.subject for r in recordings}))
    place = {subject: s for s, subject in enumerate(subjects)}
    counts = np.zeros((2, len(subjects), n_codes), dtype=np.int64)
    freqs_hz = np.fft.rfftfreq(patch_samples, 1 / corpus.sfreq_hz).astype(np.float64)
    power = np.zeros((n_codes, len(freqs_hz)))
    bands, regions = np.zeros((n_codes, len(BANDS_HZ))), np.zeros((n_codes, len(REGIONS)))
    exemplars = Exemplars.empty(n_codes, patch_samples)
    patch_s, n_seizures, seconds = patch_samples / corpus.sfreq_hz, 0, 0.0
    in_band = _band_matrix(freqs_hz)
    for k, recording in enumerate(recordings):
        codes = codes_of(recording)
        spans = positive_spans(recording.events)
        n_seizures += len(spans)
        seconds += codes.shape[1] * patch_s
        start_s: Floats = np.arange(codes.shape[1], dtype=np.float64) * patch_s
        ictal = overlap_share(start_s, patch_s, spans) >= MIN_ICTAL
        for kind, patches_of_kind in enumerate((codes[:, ictal], codes[:, ~ictal])):
            counts[kind, place[recording.subject]] += np.bincount(
                patches_of_kind.ravel(), minlength=n_codes
            )
        regions += _by_region(codes, corpus.geometry(recording.channels).regions, n_codes)
        rng = np.random.default_rng([seed, 0xA71A5, k])
        for at, patches in _patches(corpus, recording, codes.shape[1], patch_samples):
            flat = np.ascontiguousarray(codes[:, at]).ravel().astype(np.int64)
            density = _density(patches, corpus.sfreq_hz)
            in_bands = density @ in_band
            whole = in_bands.sum(axis=1, keepdims=True)
            share = np.divide(in_bands, whole, out=np.zeros_like(in_bands), where=whole > 0)
            _add_rows(power, flat, density)
            _add_rows(bands, flat, share)
            exemplars.offer(flat, patches, rng.random(len(flat)))
        on_recording(k + 1)
    total = counts.sum(axis=(0, 1))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [power / total, bands / total, regions / regions.sum(axis=1, keepdims=True)]
    return CodeAtlas(
        subjects, counts[0], counts[1], shares[0], freqs_hz, shares[1], np.nan_to_num(shares[2]),
        exemplars, n_seizures, seconds,
    )  # fmt: skip


def _patches(
    corpus: Corpus, recording: Recording, n_patches: int, patch_samples: int
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield a range of patches and their samples [C · n, P] in µV, some thousands at once."""
    channels = len(recording.channels)
    step = max(1, _PATCHES_AT_ONCE // channels)
    for first in range(0, n_patches, step):
        last = min(first + step, n_patches)
        signal = corpus.read_uv(recording, first * patch_samples, last * patch_samples)
        yield slice(first, last), signal.reshape(-1, patch_samples)


def _density(patches: NDArray[np.float32], sfreq_hz: float) -> NDArray[np.float32]:
    """Power density [n, F] in µV²/Hz of patches [n, P], means removed, under a Hann window."""
    window = np.hanning(patches.shape[1] + 1)[:-1].astype(np.float32)
    bins = rfft((patches - patches.mean(axis=1, keepdims=True)) * window, axis=1)
    scale = np.full(bins.shape[1], 2 / (sfreq_hz * float((window**2).sum())), dtype=np.float32)
    scale[0] /= 2
    if patches.shape[1] % 2 == 0:
        scale[-1] /= 2
    density: NDArray[np.float32] = (bins.real**2 + bins.imag**2) * scale
    return density


def _band_matrix(freqs_hz: Floats) -> NDArray[np.float32]:
    """[F, 5], 1 where a bin lies in a band."""
    columns = [(freqs_hz >= low) & (freqs_hz < high) for low, high in BANDS_HZ.values()]
    return np.stack(columns, axis=1).astype(np.float32)


def _by_region(
    codes: NDArray[np.integer[Any]], regions: NDArray[np.float32], n_codes: int
) -> Floats:
    """Patches of each code in each region [K, R]; a channel counts one patch, shared if in two."""
    counts = np.stack([np.bincount(row, minlength=n_codes) for row in codes], axis=1)
    in_any = regions.sum(axis=1, keepdims=True)
    weight = np.divide(regions, in_any, out=np.zeros_like(regions), where=in_any > 0)
    return counts.astype(np.float64) @ weight


def _add_rows(sums: Floats, codes: NDArray[np.int64], rows: NDArray[np.floating]) -> None:
    """Add each row [n, m] to the sum [K, m] of its code."""
    order = np.argsort(codes, kind="stable")
    used, first = np.unique(codes[order], return_index=True)
    sums[used] += np.add.reduceat(rows[order].astype(np.float64), first, axis=0)
