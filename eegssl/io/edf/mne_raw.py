"""Convert a clean recording to ``mne.io.RawArray``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eegssl.io.labels.event_types import Event

if TYPE_CHECKING:
    from mne import Annotations
    from mne.channels import DigMontage
    from mne.io import RawArray

_MONTAGES = ("colin27_1005", "standard_1005")  # mne 1.14 drops the old name of the same table
_KINDS = ("eeg", "ecg", "eog", "emg")


@dataclass(frozen=True)
class Signals:
    """Channels of one recording: ``uv`` [C, T] in µV, a name and a kind for each.

    ``kinds`` are eeg, ecg, eog or emg; mne knows any other as ``misc``.
    """

    uv: NDArray[np.floating]
    names: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class About:
    """Facts of a recording beside its samples; ``subject`` is the hashed id.

    ``electrodes`` says at which electrode a channel lies; a derivation lies at none.
    """

    sfreq_hz: float
    subject: str
    line_hz: float | None = None
    band_hz: tuple[float, float] | None = None
    electrodes: Mapping[str, str] | None = None
    events: Sequence[Event] = ()


def make_raw(signals: Signals, about: About) -> "RawArray":
    """The recording in volts, with events as annotations, and without any date.

    Electrodes get their place in mne's 10-05 table. ``highpass`` and ``lowpass`` say what the
    signal was filtered with. An annotation names channels where its event names some that exist.
    """
    import mne

    types = [kind if kind in _KINDS else "misc" for kind in signals.kinds]
    info = mne.create_info(_distinct(signals.names), about.sfreq_hz, types, verbose="ERROR")
    signal_v = np.multiply(signals.uv, 1e-6, dtype=np.float64)
    raw = mne.io.RawArray(signal_v, info, verbose="ERROR")
    raw.info["subject_info"] = {"his_id": about.subject}
    raw.info["line_freq"] = about.line_hz
    if about.band_hz is not None:
        with raw.info._unlock():  # mne has no other way to say that a signal was filtered before
            raw.info["highpass"], raw.info["lowpass"] = about.band_hz
    montage = _montage(about.electrodes or {})
    if montage is not None:
        raw.set_montage(montage, on_missing="ignore", verbose="ERROR")
    there = set(raw.ch_names)
    raw.set_annotations(
        mne.Annotations(
            onset=[event.onset_s for event in about.events],
            duration=[event.duration_s for event in about.events],
            description=[event.type for event in about.events],
            ch_names=[[c for c in event.channels if c in there] for event in about.events],
        ),
        verbose="ERROR",
    )
    return raw


def make_annotations(
    onset_s: Sequence[float] | NDArray[np.floating],
    duration_s: Sequence[float] | NDArray[np.floating],
    descriptions: Sequence[str],
) -> "Annotations":
    """Annotations in seconds from the first sample of a raw, without any date."""
    import mne

    return mne.Annotations(onset_s, duration_s, list(descriptions))


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, a number after those that another channel has too: mne needs them to differ."""
    distinct: list[str] = []
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct


def _montage(electrodes: Mapping[str, str]) -> "DigMontage | None":
    """Places of channels (channel -> electrode) in mne's 10-05 table, None where none is known."""
    from mne.channels import get_builtin_montages, make_dig_montage, make_standard_montage

    kind = next(name for name in _MONTAGES if name in get_builtin_montages())
    table = make_standard_montage(kind).get_positions()
    places = {name: table["ch_pos"].get(electrode) for name, electrode in electrodes.items()}
    known = {name: place for name, place in places.items() if place is not None}
    if not known:
        return None
    marks = {name: table[name] for name in ("nasion", "lpa", "rpa", "coord_frame")}
    return make_dig_montage(known, **marks)
