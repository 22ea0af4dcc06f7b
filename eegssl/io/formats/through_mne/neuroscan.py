"""Read Neuroscan's .cnt files.

Source: Bourke, "EEG file format (Neuroscan)", http://paulbourke.net/dataformats/eeg/.
"""

from pathlib import Path
from typing import Any

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import alone
from eegssl.io.formats.through_mne.mne_annotations import annotations_in
from eegssl.io.formats.through_mne.mne_format import format_of_mne
from eegssl.io.formats.through_mne.mne_header import MneFormat, in_microvolts
from eegssl.regular_files import open_regular


def _open(path: Path) -> Any:
    from mne.io import read_raw_cnt

    with open_regular(path) as stream:
        if stream.read(4) == b"RIFF":
            reason = "it is ANT's .cnt, not Neuroscan's: export it as EDF from the ANT program"
            raise RecordingRefused("damaged", reason)
    return read_raw_cnt(path, preload=False, verbose="ERROR")


def _annotations(raw: Any, path: Path) -> Any:
    width = raw._raw_extras[0]["n_bytes"]
    return annotations_in(raw, path, data_format="int32" if width == 4 else "int16")


NEUROSCAN = format_of_mne(
    MneFormat(
        name="CNT",
        open=_open,
        parts=alone,
        scales=in_microvolts,
        clock_is_local=False,
        annotations=_annotations,
    )
)
