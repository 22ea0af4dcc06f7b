"""eegssl in a notebook: load what the commands made, and embed EEG of any channels.

from eegssl.api import load_encoder, embed
encoder = load_encoder("run/encoder")
embeddings = embed(encoder, signal_uv, ["Fp1-F7", "F7-T7"], sfreq_hz=200)
raw = open_raw("run/recordings", recording_ids("run/recordings")[0])  # mne.io.RawArray
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.artifacts import load
from eegssl.corpus.raw import raw_of
from eegssl.corpus.store import open_corpus
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.model import Encoder, build_encoder
from eegssl.errors import InputError
from eegssl.signal.electrodes import geometry, parse_channels
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.model import Tokenizer, build_tokenizer
from eegssl.training.weights import load_weights, read_module_config

if TYPE_CHECKING:
    from eegssl.io.mne_raw import RawArray


def load_encoder(path: str | Path) -> Encoder:
    """The encoder that ``eegssl pretrain`` made, in evaluation mode.

    Raises ArtifactError when the folder is none, or damaged.
    """
    folder = load(Path(path), "encoder").path
    encoder = build_encoder(read_module_config(folder, "encoder", EncoderConfig), seed=0)
    load_weights(encoder, folder, "encoder")
    return encoder.eval()


def load_tokenizer(path: str | Path) -> Tokenizer:
    """The tokenizer inside what ``eegssl tokenize`` made, in evaluation mode.

    Raises ArtifactError when the folder is none, or damaged.
    """
    folder = load(Path(path), "tokens").path
    tokenizer = build_tokenizer(read_module_config(folder, "tokenizer", TokenizerConfig), seed=0)
    load_weights(tokenizer, folder, "tokenizer")
    return tokenizer.eval()


@torch.no_grad()
def embed(
    encoder: Encoder,
    signal_uv: NDArray[np.floating],
    channels: Sequence[str],
    sfreq_hz: float,
) -> NDArray[np.float32]:
    """Embeddings [C, N, D] of a window ``signal_uv`` [C, T] in µV, filtered as the encoder's
    recordings were; ``channels`` name electrodes or derivations as in EDF files.

    Raises InputError for another sampling rate than the encoder's, or a channel that is no EEG.
    """
    if sfreq_hz != encoder.config.sfreq_hz:
        raise InputError(f"got {sfreq_hz:g} Hz, the encoder expects {encoder.config.sfreq_hz:g} Hz")
    named = parse_channels(channels)
    strange = [label for label, c in zip(channels, named, strict=True) if c.kind != "eeg"]
    if strange:
        raise InputError(f"{strange[0]!r} names no electrode or derivation; leave it out")
    placed = geometry([channel.name for channel in named])
    signal = torch.from_numpy(np.ascontiguousarray(signal_uv, dtype=np.float32))
    arrays = [torch.from_numpy(a)[None] for a in (placed.positions, placed.located, placed.regions)]
    embedded: NDArray[np.float32] = encoder(signal[None], *arrays)[0].numpy()
    return embedded


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
