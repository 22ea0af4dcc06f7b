"""Read GDF, the General Data Format of BioSig.

Source: Schlögl, GDF - A general dataformat for biosignals, arXiv:cs/0608052.
"""

from pathlib import Path
from typing import Any

from eegssl.io.formats.file_parts import alone
from eegssl.io.formats.through_mne.mne_format import format_of_mne
from eegssl.io.formats.through_mne.mne_header import MneFormat, Scales

# mne takes what is neither µV nor mV for volts, also where the header names no unit.
_UNITS = {1e-6: "uV", 1e-3: "mV"}


def _open(path: Path) -> Any:
    from mne.io import read_raw_gdf

    return read_raw_gdf(path, preload=False, verbose="ERROR")


def _scales(raw: Any) -> Scales:
    factors = [float(factor) for factor in raw._raw_extras[0]["units"]]
    units = tuple(_UNITS.get(factor, "") for factor in factors)
    return Scales(units, tuple(factor * 1e6 for factor in factors))


def _annotations(raw: Any, _path: Path) -> Any:
    """All events, also those behind the last sample; see `annotations_in`."""
    from mne import Annotations

    events, rate_hz = raw._raw_extras[0].get("events"), raw.info["sfreq"]
    if events is None or not len(events[1]):
        return raw.annotations
    _, samples, types, _, lengths = events
    return Annotations(samples / rate_hz, lengths / rate_hz, types)


GDF = format_of_mne(
    MneFormat(
        name="GDF",
        open=_open,
        parts=alone,
        scales=_scales,
        clock_is_local=True,
        annotations=_annotations,
    )
)
