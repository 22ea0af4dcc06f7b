"""Measure what codes tell of unseen patches, and how stable they are.

The peer is k-means of as many codes on five numbers of a patch, its log amplitudes in the bands
delta to gamma. Both are judged by the same finer spectrum: every band is cut into at most five
parts, so that a code that tells 9 from 11 Hz is better than one that tells alpha alone. On the
five numbers themselves k-means is the best code there is, and nothing could beat it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from eegssl.encoder.patches import to_patches
from eegssl.signal.bands import BANDS_HZ
from eegssl.tokenizer.kmeans import kmeans, sums_per_code
from eegssl.tokenizer.lookup import nearest_codes
from eegssl.tokenizer.spectrum import amplitude_of
from eegssl.tokenizer.tokenizer import Tokenizer

Window = Sequence[Tensor]
"""Signals [B, C, T] in µV on the tokenizer's device, and their geometry if it has a context."""
SHIFT_S = 0.05
NOISE_UV = 2.0
ALL = "all"
_PARTS = 5  # of a band
_FLOOR_UV = 0.1  # amplitude that counts as nothing
_CONSTANT = 1e-4  # deviation of a log amplitude that does not vary but by rounding


@dataclass(frozen=True)
class CodeQuality:
    """Shares of variance that codes and k-means explain, by band, and the stability of codes."""

    r2: dict[str, float]
    """Band -> R² of the log amplitudes of its parts, as decoded from the codes of patches; and
    of ``all`` parts."""
    kmeans_r2: dict[str, float]
    """The same of as many clusters of band amplitudes, as the means of training patches."""
    keep_shifted: float | None
    """Share of patches with the same code 50 ms later; None for windows of one patch."""
    keep_noisy: float
    """Share of patches with the same code under white noise of 2 µV root mean square."""
    n_patches: int
    """Validation patches behind these numbers."""

    def facts(self) -> dict[str, Any]:
        """Facts for the manifest."""
        return {
            "r2": self.r2,
            "kmeans_r2": self.kmeans_r2,
            "keep_shifted_50ms": self.keep_shifted,
            "keep_noisy_2uv": self.keep_noisy,
            "n_patches": self.n_patches,
        }


@torch.no_grad()
def measure_codes(
    tokenizer: Tokenizer, train: Sequence[Window], val: Sequence[Window], seed: int
) -> CodeQuality:
    """Measure the tokens of windows ``val``; lines and clusters are fitted on windows ``train``.

    Decoded log amplitudes are
    brought to the tapered ones by one line a part, so that neither their unit nor the lower mean
    of a decoded code counts as error. The same arguments give the same numbers.
    """
    parts = _Parts(tokenizer)
    fitted, judged = (_tokens_and_amplitudes(tokenizer, w, parts) for w in (train, val))
    table = parts.decoded(tokenizer)
    predicted = _by_line(table[fitted.tokens], fitted.fine, table[judged.tokens])
    peer = _by_kmeans(fitted, judged, tokenizer.config.n_codes, seed)
    return CodeQuality(
        r2=parts.r2(predicted, judged.fine),
        kmeans_r2=parts.r2(peer, judged.fine),
        keep_shifted=_keep_shifted(tokenizer, val),
        keep_noisy=_keep_noisy(tokenizer, val, seed),
        n_patches=len(judged.tokens),
    )


def kmeans_wins_message(quality: CodeQuality) -> str | None:
    """A warning if k-means on five numbers explains more than the tokenizer, else None."""
    r2, kmeans_r2 = quality.r2[ALL], quality.kmeans_r2[ALL]
    if r2 >= kmeans_r2:
        return None
    return (
        f"the codes explain less of the spectrum of unseen patches (R² {r2:.3f}) than as many "
        f"clusters by k-means of their band amplitudes (R² {kmeans_r2:.3f}): train longer "
        "(training.steps), and where codes starve take fewer (tokenizer.n_codes)"
    )


@dataclass(frozen=True)
class _Patches:
    """Tokens [M], and tapered log amplitudes of bands [M, bands] and of their parts [M, parts]."""

    tokens: Tensor
    broad: Tensor
    fine: Tensor


class _Parts:
    """The bands of a tokenizer's patches that hold a bin, each cut into at most five parts."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        config = tokenizer.config
        self.patch_samples, self.scale_uv = config.patch_samples, config.scale_uv
        hz = torch.arange(config.n_bins) * config.sfreq_hz / config.patch_samples
        inside = {
            name: torch.nonzero((hz >= low) & (hz < high)).flatten()
            for name, (low, high) in BANDS_HZ.items()
        }
        whole = {ALL: torch.arange(config.n_bins)}  # of patches too short for any band
        self.bands = {name: bins for name, bins in inside.items() if len(bins)} or whole
        self.parts = {
            name: bins.tensor_split(min(_PARTS, len(bins))) for name, bins in self.bands.items()
        }
        taper = torch.hann_window(config.patch_samples + 2)[1:-1]
        self.taper = taper * (2 / taper.sum())

    def broad_and_fine(self, patches_uv: Tensor) -> tuple[Tensor, Tensor]:
        """Tapered log amplitudes of bands and of parts of patches [M, P]."""
        centred = patches_uv - patches_uv.mean(dim=-1, keepdim=True)
        amplitude = torch.fft.rfft(centred * self.taper.to(centred)).abs()
        return _log_of(amplitude, list(self.bands.values())), _log_of(amplitude, self._flat())

    def decoded(self, tokenizer: Tokenizer) -> Tensor:
        """Decoded log amplitudes of the parts for each token: [K, parts]."""
        device = tokenizer.quantizer.codebook.device
        tokens = torch.arange(tokenizer.config.n_codes, device=device)
        spectrum = tokenizer.decode_spectrum(tokenizer.codes_of(tokens))
        return _log_of(amplitude_of(spectrum.log_amplitude) * self.scale_uv, self._flat())

    def r2(self, predicted: Tensor, true: Tensor) -> dict[str, float]:
        """Share of the variance of the parts [M, parts] that is explained, by band and of all."""
        spread = (true - true.mean(dim=0)).square().sum(dim=0)
        missed = (true - predicted).square().sum(dim=0)
        sizes = [len(parts) for parts in self.parts.values()]
        bands = zip(self.parts, missed.split(sizes), spread.split(sizes), strict=True)
        shares = {name: _explained(lost, held, len(true)) for name, lost, held in bands}
        return shares | {ALL: _explained(missed, spread, len(true))}

    def _flat(self) -> list[Tensor]:
        return [bins for parts in self.parts.values() for bins in parts]


def _log_of(amplitude: Tensor, groups: Sequence[Tensor]) -> Tensor:
    """Log amplitudes of groups of bins together, from amplitudes [M, F] in µV: [M, groups]."""
    power = [amplitude[:, bins.to(amplitude.device)].square().sum(dim=-1) for bins in groups]
    return (torch.stack(power, dim=-1).sqrt() + _FLOOR_UV).log()


def _tokens_and_amplitudes(
    tokenizer: Tokenizer, windows: Sequence[Window], parts: _Parts
) -> _Patches:
    rows = []
    for window in windows:
        patches_uv = to_patches(window[0], parts.patch_samples).flatten(0, 2)
        rows.append((_tokens(tokenizer, window).flatten(), *parts.broad_and_fine(patches_uv)))
    tokens, broad, fine = (torch.cat(column) for column in zip(*rows, strict=True))
    return _Patches(tokens, broad, fine)


def _tokens(tokenizer: Tokenizer, window: Window) -> Tensor:
    return tokenizer.tokens_of(tokenizer.encode(*window))


def _by_line(told: Tensor, true: Tensor, asked: Tensor) -> Tensor:
    """Bring ``asked`` [m, parts] to the truth by the lines that fit ``told`` to ``true`` best."""
    centred = told - told.mean(dim=0)
    power = centred.square().sum(dim=0)
    slope = (centred * (true - true.mean(dim=0))).sum(dim=0) / power.clamp_min(1e-12)
    return true.mean(dim=0) + slope * (asked - told.mean(dim=0))


def _by_kmeans(fitted: _Patches, judged: _Patches, n_codes: int, seed: int) -> Tensor:
    """Mean log amplitudes of the parts in the cluster of band amplitudes of each patch."""
    mean, sd = fitted.broad.mean(dim=0), fitted.broad.std(dim=0).clamp_min(1e-6)
    vectors, asked = (fitted.broad - mean) / sd, (judged.broad - mean) / sd
    generator = torch.Generator().manual_seed(seed)
    centres, _ = kmeans(vectors, n_codes, generator, unit=False)
    own = nearest_codes(vectors, centres, unit=False)
    sums, counts = sums_per_code(fitted.fine, own, n_codes)
    means = torch.where(
        counts[:, None] > 0, sums / counts.clamp_min(1)[:, None], fitted.fine.mean(dim=0)
    )
    return means[nearest_codes(asked, centres, unit=False)]


def _explained(missed: Tensor, spread: Tensor, n: int) -> float:
    """R² of squared errors and deviations [parts] of ``n`` patches; 0 for what does not vary."""
    held = float(spread.sum())
    return 1 - float(missed.sum()) / held if held > _CONSTANT**2 * n else 0.0


def _keep_shifted(tokenizer: Tokenizer, windows: Sequence[Window]) -> float | None:
    """Share of patches that keep their code when all are cut 50 ms later."""
    config = tokenizer.config
    shift = round(SHIFT_S * config.sfreq_hz)
    size = config.patch_samples
    lengths = [(window[0].shape[-1] - shift) // size * size for window in windows]
    if not min(lengths):
        return None
    pairs = [
        ((signal_uv[..., :n], *geometry), (signal_uv[..., shift : shift + n], *geometry))
        for (signal_uv, *geometry), n in zip(windows, lengths, strict=True)
    ]
    return _share_alike(tokenizer, pairs)


def _keep_noisy(tokenizer: Tokenizer, windows: Sequence[Window], seed: int) -> float:
    """Share of patches that keep their code in white noise, drawn on the CPU by ``seed``."""
    generator = torch.Generator().manual_seed(seed)
    pairs = []
    for signal_uv, *geometry in windows:
        noise = torch.randn(signal_uv.shape, generator=generator).to(signal_uv)
        pairs.append(((signal_uv, *geometry), (signal_uv + NOISE_UV * noise, *geometry)))
    return _share_alike(tokenizer, pairs)


def _share_alike(tokenizer: Tokenizer, pairs: Sequence[tuple[Window, Window]]) -> float:
    alike = [(_tokens(tokenizer, a) == _tokens(tokenizer, b)).flatten() for a, b in pairs]
    return float(torch.cat(alike).float().mean())
