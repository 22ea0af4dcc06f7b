"""Open a stored recording in MNE-Python, with its events."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from eegssl.corpus.audits.recordings_contract import read_tables
from eegssl.corpus.store import Recording, open_corpus, open_signal
from eegssl.errors import InputError
from eegssl.io.edf.mne_raw import About, Signals, make_raw
from eegssl.signal.channels.electrodes import parse_channel

if TYPE_CHECKING:
    from eegssl.io.edf.mne_raw import RawArray

_SHOWN = 5


def raw_of(folder: Path, recording_id: str) -> "RawArray":
    """One recording of a recordings folder as ``mne.io.RawArray``, see ``io.mne_raw``.

    Raises ArtifactError when the folder is none, InputError when it has no such recording.
    """
    corpus = open_corpus([folder])
    recording = next((r for r in corpus.recordings if r.id == recording_id), None)
    if recording is None:
        examples = ", ".join(r.id for r in corpus.recordings[:_SHOWN])
        raise InputError(
            f"got an id that none of the {len(corpus.recordings)} recordings has; expected one "
            f"such as {examples}"
        )
    table = read_tables(corpus.artifacts[0]).recordings
    (row,) = table.filter(pc.field("recording") == recording_id).to_pylist()
    eeg_uv = corpus.read_uv(recording, 0, recording.n_samples)
    signals = _with_auxiliary(eeg_uv, recording, row)
    about = About(
        sfreq_hz=recording.sfreq_hz,
        subject=recording.subject,
        line_hz=recording.line_hz,
        band_hz=(row["band_low_hz"], row["band_high_hz"]),
        electrodes=_electrodes(recording.channels),
        events=recording.events,
    )
    return make_raw(signals, about)


def _with_auxiliary(
    eeg_uv: NDArray[np.float32], recording: Recording, row: dict[str, Any]
) -> Signals:
    """The EEG, and after it the auxiliary channels that the table names."""
    kinds = ("eeg",) * len(recording.channels)
    names, others = tuple(row["auxiliary"]), tuple(row["auxiliary_kinds"])
    if not names:
        return Signals(eeg_uv, recording.channels, kinds)
    beside = open_signal(recording, "auxiliary", len(names))
    beside_uv = beside.read_uv(0, recording.n_samples)
    together = np.concatenate([eeg_uv, beside_uv])
    return Signals(together, recording.channels + names, kinds + others)


def _electrodes(channels: tuple[str, ...]) -> dict[str, str]:
    """Channel -> its electrode; derivations are left out, ``C3-A2`` lies at C3."""
    electrodes_of = {channel: parse_channel(channel).electrodes for channel in channels}
    return {channel: at[0] for channel, at in electrodes_of.items() if len(at) == 1}
