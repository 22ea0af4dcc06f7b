"""Make one of the formats of a format that mne reads."""

from datetime import datetime
from functools import partial

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import require_same_states
from eegssl.io.formats.recording_format import Format
from eegssl.io.formats.through_mne.mne_annotations import scan_mne_annotations
from eegssl.io.formats.through_mne.mne_header import MneFormat, MneHeader
from eegssl.io.formats.through_mne.mne_reader import read_mne_header, read_mne_samples
from eegssl.io.formats.through_mne.mne_texts import mne_texts
from eegssl.io.physical_units import microvolts_of


def format_of_mne(kind: MneFormat) -> Format:
    """The format that reads a kind of file through mne."""
    return Format(
        name=kind.name,
        read_header=lambda path, root, _decimal_comma: read_mne_header(kind, path, root),
        parts=kind.parts,
        require_unchanged=_require_unchanged,
        read_samples=partial(read_mne_samples, kind),
        microvolt_scale=_scale,
        sample_limits=lambda _header, _index: None,
        scan_annotations=partial(scan_mne_annotations, kind),
        read_clock=_clock,
        texts=partial(mne_texts, kind),
    )


def _require_unchanged(header: MneHeader) -> None:
    require_same_states(header.states)


def _scale(
    header: MneHeader, index: int, assumed_unit: str | None = None, unit: str | None = None
) -> tuple[float, float]:
    """Gain from what mne gives to µV: 1 but where mne took the unit for another."""
    factor = microvolts_of(header.units[index], index, assumed_unit, unit)
    return factor / header.microvolts[index], 0.0


def _clock(header: MneHeader) -> datetime:
    if header.start is None:
        reason = "labels by the clock can't be placed: the file states no start in local time"
        raise RecordingRefused("events", reason)
    return header.start
