"""Embed whole recordings: EDF files, MNE raws, stored recordings.

Files and raws go through the cleaner of ``eegssl preprocess``, to the encoder's rate.
"""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.corpus.channels.overrides import NO_RULES, overrides_of
from eegssl.corpus.preprocessing.channel_selection import (
    Choice,
    Selection,
    Signal,
    sample_windows,
    select,
    without_doubled,
)
from eegssl.corpus.preprocessing.cleaning import CleaningSettings, SegmentCleaner
from eegssl.corpus.store import Corpus, Recording, open_corpus
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.trained_on import rate_differs, untrained_channels
from eegssl.errors import InputError, RecordingRefused
from eegssl.io.discover import is_recording
from eegssl.io.formats.recordings import read_recording_header
from eegssl.io.recording_header import Segment
from eegssl.signal.channels.electrodes import geometry, parse_channels
from eegssl.signal.config import FilterConfig, MontageConfig, QualityConfig
from eegssl.signal.filtering.mains import detect_line
from eegssl.signal.given_arrays import is_odd, not_finite, odd_size, size_of

_WINDOWS_AT_ONCE = 16
_UV_PER_V = 1e6


class Raw(Protocol):
    """Used parts of an ``mne.io.Raw``: signals in volts, names and kinds of its channels."""

    info: Any
    ch_names: list[str]

    def get_channel_types(self) -> list[str]:
        """A kind for each channel, such as ``eeg``."""

    def get_data(self, picks: list[int]) -> NDArray[np.float64]:
        """Signals of some channels [C, T] in V."""


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of one recording: a vector for each channel and patch.

    ``vectors`` [C, N, D]; ``times_s`` [N], when each patch begins, in seconds from the first
    sample (of the file: where it has gaps, times jump); ``channels`` by canonical name;
    ``recording`` is the hashed id of a stored one, else empty.
    """

    vectors: NDArray[np.float32]
    times_s: NDArray[np.float64]
    channels: tuple[str, ...]
    recording: str = ""


@dataclass(frozen=True)
class Choices:
    """Settings by which a recording is cleaned and cut before it is embedded.

    ``any_size``: whether it may be smaller or larger than EEG in µV is.
    """

    filter: FilterConfig
    montage: MontageConfig
    window_s: float
    any_size: bool = False


def embed_signal(
    encoder: Encoder, signal_uv: NDArray[np.floating], channels: Sequence[str], window_s: float
) -> NDArray[np.float32]:
    """Embed a clean signal [C, T] window by window: [C, N, D].

    Each window sees itself only; the last is shorter, and what fills no patch is left out.

    Raises InputError for a signal shorter than a patch, a window that holds none, and channels of
    a montage that the encoder was not made for.
    """
    require_channels(encoder, channels)
    size = encoder.config.patch_samples
    per_window = round(window_s * encoder.config.sfreq_hz) // size
    n_patches = signal_uv.shape[-1] // size
    if min(per_window, n_patches) < 1:
        raise InputError(
            f"a patch has {size} samples; got {signal_uv.shape[-1]} and windows of {window_s:g} s"
        )
    whole = n_patches // per_window * per_window
    pieces = [
        np.stack(np.split(signal_uv[:, : whole * size], whole // per_window, axis=1))
        if whole
        else np.empty((0, len(channels), per_window * size)),
        signal_uv[None, :, whole * size : n_patches * size],
    ]
    parts = [
        embedded
        for piece in pieces
        if piece.size
        for embedded in _embed_windows(encoder, piece, channels)
    ]
    return np.concatenate(parts, axis=1)


@torch.no_grad()
def _embed_windows(
    encoder: Encoder, windows_uv: NDArray[np.floating], channels: Sequence[str]
) -> Iterator[NDArray[np.float32]]:
    """Embeddings [C, N, D] of each window [B, C, T]."""
    device = next(encoder.parameters()).device
    placed = [torch.from_numpy(part)[None].to(device) for part in geometry(channels)]
    for first in range(0, len(windows_uv), _WINDOWS_AT_ONCE):
        batch = np.ascontiguousarray(windows_uv[first : first + _WINDOWS_AT_ONCE], np.float32)
        signal_uv = torch.from_numpy(batch).to(device)
        given = [part.expand(len(batch), *part.shape[1:]) for part in placed]
        yield from encoder(signal_uv, *given).float().cpu().numpy()


def embed_file(encoder: Encoder, path: Path, choices: Choices) -> Embeddings:
    """Embed a recording on disk; its stretches between gaps are embedded one after the other.

    Raises RecordingRefused, as ``preprocess`` would list it, when nothing of it can be used.
    """
    if not is_recording(path):
        raise InputError(f"there is no file {path}")
    header = read_recording_header(path)
    choice = Choice(overrides_of(header, path.name, NO_RULES))
    cure = "Is its unit right? Make recordings of it with read.scale or read.units, and embed those"
    return _embed_segments(encoder, select(header, choice), header.segments, None, choices, cure)


def embed_raw(encoder: Encoder, raw: Raw, choices: Choices) -> Embeddings:
    """Embed an ``mne.io.Raw``: its EEG channels named after electrodes and not marked bad.

    Raises InputError when none is, RecordingRefused when the signal can't be cleaned.
    """
    selection, whole = select_of_raw(raw)
    cure = "An mne.io.Raw holds volts: multiply by 1e-6 what is in µV (raw.apply_function)"
    return _embed_segments(encoder, selection, [whole], raw.info["line_freq"], choices, cure)


def select_of_raw(raw: Raw) -> tuple[Selection, Segment]:
    """The channels of a raw to read, and all of it as one segment; a sample is a record.

    Raises InputError when none is EEG, RecordingRefused for a sample that is no number.
    """
    types = raw.get_channel_types()
    named = parse_channels(raw.ch_names)
    bad = set(raw.info["bads"])
    good = [k for k, name in enumerate(raw.ch_names) if types[k] == "eeg" and name not in bad]
    eeg = [(k, named[k]) for k in good if named[k].kind == "eeg"]
    if not eeg:
        raise InputError(
            f"none of the {len(named)} channels is EEG with the name of an electrode or a "
            f"derivation, and not among its {len(bad)} bad ones; rename them (raw.rename_channels) "
            "or set their types"
        )
    kept, doubled = without_doubled(eeg)
    rate_hz = raw.info["sfreq"]
    signals_v = raw.get_data(picks=[index for index, _ in kept])
    if words := not_finite(signals_v, [channel.name for _, channel in kept]):
        raise RecordingRefused("non-finite", f"{words}, expected none")
    signals = tuple(
        Signal(row, channel, _UV_PER_V, rate_hz, samples_per_record=1, limits=None)
        for row, (_, channel) in enumerate(kept)
    )

    def read(row: int, segment: Segment) -> NDArray[np.float64]:
        return signals_v[row, segment.first_record : segment.first_record + segment.n_records]

    selection = Selection(signals, (), doubled, len(named) - len(eeg), 1 / rate_hz, read)
    return selection, Segment(0, signals_v.shape[1], 0.0)


def _embed_segments(
    encoder: Encoder,
    selection: Selection,
    segments: Sequence[Segment],
    line_hz: float | None,
    choices: Choices,
    cure: str,
) -> Embeddings:
    """Clean and embed segments one after the other; ``line_hz`` is the mains where it is known.

    Raises InputError with the ``cure`` where they are not as large as EEG in µV is.
    """
    if line_hz is None:
        line_hz = detect_line(*sample_windows(selection, segments))
    settings = CleaningSettings(choices.filter, choices.montage, QualityConfig())
    made, times, refusals, sizes = [], [], [], []
    channels: tuple[str, ...] = ()
    for segment in segments:
        with tempfile.TemporaryDirectory() as folder:
            try:
                cleaner = SegmentCleaner(selection, segment, settings, line_hz)
                cleaned = cleaner.clean(Path(folder) / "signal.safetensors")
            except RecordingRefused as refusal:
                refusals.append(refusal)
                continue
            signal_uv = cleaned.signal.read_uv(0, cleaner.n_samples)
        if channels and channels != tuple(cleaned.fields["channels"]):
            raise RecordingRefused(
                "no-eeg", "a channel is flat between some gaps only; embed it from `preprocess`"
            )
        channels = tuple(cleaned.fields["channels"])
        sizes.append(size_of(signal_uv))
        made.append(embed_signal(encoder, signal_uv, channels, choices.window_s))
        times.append(segment.onset_s + _times(encoder, made[-1]))
    if not made:
        raise refusals[0]
    size_uv = float(np.median(sizes))
    if is_odd(size_uv) and not choices.any_size:
        raise odd_size(size_uv, cure)
    return Embeddings(np.concatenate(made, axis=1), np.concatenate(times), channels)


def embed_recordings(encoder: Encoder, folder: Path, window_s: float) -> Iterator[Embeddings]:
    """Embed the recordings that ``eegssl preprocess`` made, one after the other.

    Raises at once ArtifactError when the folder is none, and InputError for another rate than the
    encoder's. What is not as large as EEG is embedded with a warning: ``preprocess`` told it too.
    """
    corpus = open_corpus([folder])
    require_rate(encoder, corpus.sfreq_hz, "these recordings have")
    return (_embed_stored(encoder, corpus, recording, window_s) for recording in corpus.recordings)


def _embed_stored(
    encoder: Encoder, corpus: Corpus, recording: Recording, window_s: float
) -> Embeddings:
    signal_uv = corpus.read_uv(recording, 0, recording.n_samples)
    if is_odd(size_uv := size_of(signal_uv)):
        warnings.warn(f"{recording.id} is of {size_uv:.3g} µV, as no EEG is", stacklevel=2)
    vectors = embed_signal(encoder, signal_uv, recording.channels, window_s)
    return Embeddings(vectors, _times(encoder, vectors), recording.channels, recording.id)


def require_rate(encoder: Encoder, sfreq_hz: float, who: str) -> None:
    """Raise InputError unless a signal has the encoder's rate."""
    if rate_differs(encoder.config, sfreq_hz):
        raise InputError(
            f"{who} {sfreq_hz:g} Hz, the encoder expects {encoder.config.sfreq_hz:g} Hz; resample "
            "to that rate (filter.sfreq_hz of preprocess, raw.resample)"
        )


def require_channels(encoder: Encoder, channels: Sequence[str]) -> None:
    """Raise InputError for kinds of channels that the encoder never saw; warn of electrodes."""
    untrained = untrained_channels(encoder.config, channels)
    if untrained.montages:
        raise InputError(
            f"got {untrained.montages[0]} channels, the encoder was trained on "
            f"{' and '.join(encoder.config.montages)} ones; "
            "bring the signal to such a montage, or train an encoder that is said to handle both "
            '(--set encoder.montages=\'["referential", "derivations"]\')'
        )
    if untrained.electrodes:
        warnings.warn(
            f"the encoder never saw {len(untrained.electrodes)} of these electrodes "
            f"({', '.join(untrained.electrodes)}): it knows their places on the head and nothing "
            "else of them",
            stacklevel=3,
        )


def _times(encoder: Encoder, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Starts [N] of patches of a stretch without gaps, in seconds from its first sample."""
    patch_s = encoder.config.patch_samples / encoder.config.sfreq_hz
    return np.arange(vectors.shape[1], dtype=np.float64) * patch_s
