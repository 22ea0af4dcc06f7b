"""Load what the commands made, embed EEG, and predict, in a notebook.

import eegssl
encoder = eegssl.load_encoder("run/encoder")
night = eegssl.embed(encoder, "night.edf")  # night.vectors [C, N, D], night.times_s, night.channels
model = eegssl.load_model("run/model")
night = eegssl.predict(model, "night.edf")  # night.onset_s [m], night.probabilities [n, K]
raw = eegssl.open_raw("run/recordings", recording_ids("run/recordings")[0])  # mne.io.RawArray
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.contract import open_artifact
from eegssl.config.stages import Device, EvaluateConfig
from eegssl.corpus.raw import raw_of
from eegssl.corpus.store import open_corpus
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.errors import InputError
from eegssl.io.config import ReadSettings
from eegssl.io.discover import is_recording
from eegssl.signal.channels.electrodes import parse_channels
from eegssl.signal.config import ChannelSettings, FilterConfig, MontageConfig
from eegssl.signal.given_arrays import (
    require_distinct,
    require_finite,
    require_microvolts,
    require_number_of_hz,
    require_rows,
    require_texts,
)
from eegssl.tokenizer.tokenizer import Tokenizer
from eegssl.training.embedding import (
    Choices,
    Embeddings,
    Raw,
    embed_file,
    embed_raw,
    embed_recordings,
    embed_signal,
    require_rate,
)
from eegssl.training.weights import (
    ENCODER,
    TOKENS,
    load_weights,
    read_module_config,
    read_tokenizer,
)

if TYPE_CHECKING:
    from eegssl.io.edf.mne_raw import RawArray
    from eegssl.tasks.one_file.file_answer import FileAnswer
    from eegssl.tasks.one_file.file_reader import FileReader

WINDOW_S = 10.0
"""Windows that recordings are embedded in, as those that pretraining saw."""

KEEP = MontageConfig()
"""The montage as recorded."""

AS_THE_MODEL, ITS_CHANNELS = ReadSettings(), ChannelSettings()
"""Defaults, in whose place those of the model's recordings stand."""

_HIGH_HZ = 70.0


def load_encoder(path: str | Path) -> Encoder:
    """The encoder that ``eegssl pretrain`` made, in evaluation mode.

    Raises ArtifactError when the folder is none, or damaged.
    """
    folder = open_artifact(Path(path), ENCODER).path
    encoder = build_encoder(read_module_config(folder, "encoder", EncoderConfig), seed=0)
    load_weights(encoder, folder, "encoder")
    return encoder.eval()


def load_tokenizer(path: str | Path) -> Tokenizer:
    """The tokenizer inside what ``eegssl tokenize`` made, in evaluation mode.

    Raises ArtifactError when the folder is none, or damaged.
    """
    return read_tokenizer(open_artifact(Path(path), TOKENS).path)


@overload
def embed(
    encoder: Encoder,
    source: NDArray[np.floating],
    channels: Sequence[str],
    sfreq_hz: float,
    *,
    window_s: float | None = None,
    any_size: bool = False,
) -> NDArray[np.float32]: ...


@overload
def embed(
    encoder: Encoder,
    source: str | Path | Raw,
    *,
    window_s: float = WINDOW_S,
    filters: FilterConfig | None = None,
    montage: MontageConfig = KEEP,
    any_size: bool = False,
) -> "Embeddings | Iterator[Embeddings]": ...


def embed(
    encoder: Encoder,
    source: Any,
    channels: Sequence[str] = (),
    sfreq_hz: float = 0.0,
    *,
    window_s: float | None = None,
    filters: FilterConfig | None = None,
    montage: MontageConfig = KEEP,
    any_size: bool = False,
) -> Any:
    """Embed EEG: the vectors of each channel and patch, with times and channels.

    ``source`` is the path of a recording or an ``mne.io.Raw``: cleaned as ``preprocess``
    does by ``filters`` (default: as there, to the encoder's rate) and brought to ``montage``, it
    gives `Embeddings`. A folder that ``preprocess`` made gives an iterator of them, a recording
    each. Windows of ``window_s`` see themselves only.

    An array [C, T] in µV, filtered as the encoder's recordings were, with its ``channels`` (named
    as in EDF files) and its rate ``sfreq_hz``, gives an array [C, N, D]; by default it is one
    window. With ``any_size`` a signal may be smaller or larger than EEG in µV is.

    Raises InputError for a rate that isn't the encoder's, names that don't fit the rows, channels
    that are no EEG or of a kind that the encoder never saw, samples that are no number (with
    channel and place), and sizes that EEG in µV does not have; RecordingRefused for a file or raw
    that can't be cleaned; ArtifactError for a folder that holds no recordings.
    """
    if isinstance(source, np.ndarray):
        return _embed_array(encoder, source, channels, sfreq_hz, window_s, any_size)
    window_s = window_s or WINDOW_S
    if isinstance(source, str | Path) and Path(source).is_dir() and not is_recording(Path(source)):
        return embed_recordings(encoder, Path(source), window_s)
    rate_hz = encoder.config.sfreq_hz
    chosen = filters or FilterConfig(sfreq_hz=rate_hz, high_hz=min(_HIGH_HZ, 0.4 * rate_hz))
    require_rate(encoder, chosen.sfreq_hz, "the filters give")
    choices = Choices(chosen, montage, window_s, any_size)
    if isinstance(source, str | Path):
        return embed_file(encoder, Path(source), choices)
    if not hasattr(source, "get_data"):
        raise InputError(f"got {type(source).__name__}; expected a path, an mne.io.Raw or an array")
    return embed_raw(encoder, source, choices)


def _embed_array(
    encoder: Encoder,
    signal_uv: NDArray[np.floating],
    channels: Sequence[str],
    sfreq_hz: float,
    window_s: float | None,
    any_size: bool,
) -> NDArray[np.float32]:
    """Embed an array, once nothing speaks against it; see `embed`."""
    require_number_of_hz(sfreq_hz)
    require_rate(encoder, sfreq_hz, "got")
    labels = (channels,) if isinstance(channels, str | bytes) else tuple(channels)
    require_texts(labels)
    require_rows(signal_uv, len(labels))
    names = _eeg(labels)
    require_distinct(names)
    require_finite(signal_uv, names)
    if not any_size:
        require_microvolts(signal_uv, "give any_size=True")
    return embed_signal(encoder, signal_uv, names, window_s or signal_uv.shape[-1] / sfreq_hz)


def _eeg(channels: Sequence[str]) -> tuple[str, ...]:
    """The canonical names of labels; raises InputError for one that is no EEG."""
    named = parse_channels(channels)
    others = [label for label, c in zip(channels, named, strict=True) if c.kind != "eeg"]
    if others:
        raise InputError(f"{others[0]!r} names no electrode or derivation; leave it out")
    return tuple(channel.name for channel in named)


def load_model(path: str | Path, detector: str | Path | None = None) -> "FileReader":
    """The model that ``eegssl finetune`` made, for `predict`.

    One that tells types of given events apart is told of those that a ``detector`` finds.

    Raises ArtifactError when the folder is none, or damaged, ConfigError when a model of its task
    says nothing of one file.
    """
    from eegssl.tasks.one_file.file_reader import open_reader  # half of what importing this takes

    return open_reader(Path(path), None if detector is None else Path(detector))


def predict(
    model: "FileReader",
    source: str | Path | Raw,
    *,
    read: ReadSettings = AS_THE_MODEL,
    channels: ChannelSettings = ITS_CHANNELS,
    batch_size: int = 64,
    device: Device = "auto",
) -> "FileAnswer":
    """Answer as ``eegssl predict`` would of one file, or of an ``mne.io.Raw``; write nothing.

    The source is cleaned as the model's recordings were, in a temporary folder. ``read`` and
    ``channels`` are the settings of that name, for what the model does not repeat since it may
    name people (a warning names it). A raw's channels are read by their own names.

    Raises RecordingRefused, with a ``code``, for a file that can't be read, is too short or does
    not fit the model, InputError for a path where nothing is or a raw without EEG.
    """
    from eegssl.tasks.one_file.reading_here import answer_here

    for name in model.not_given({"read": read, "channels": channels}):
        warnings.warn(f"the model's recordings were read with {name}: give it again", stacklevel=2)
    if not (isinstance(source, str | Path) or hasattr(source, "get_data")):
        raise InputError(f"got {type(source).__name__}; expected a path or an mne.io.Raw")
    config = EvaluateConfig(batch_size=batch_size, device=device)
    given = Path(source) if isinstance(source, str) else source
    return answer_here(model, given, read, channels, config)


def recording_ids(path: str | Path) -> tuple[str, ...]:
    """The hashed ids of the recordings that ``eegssl preprocess`` made, sorted.

    Raises ArtifactError when the folder is none, or damaged.
    """
    return tuple(recording.id for recording in open_corpus([Path(path)]).recordings)


def open_raw(path: str | Path, recording_id: str) -> "RawArray":
    """One recording that ``eegssl preprocess`` made, as ``mne.io.RawArray``, events annotated.

    EEG and auxiliary channels in V, electrodes at their places in the standard 10-05 montage.
    Raises ArtifactError when the folder is none or damaged, InputError for an unknown id.
    """
    return raw_of(Path(path), recording_id)
