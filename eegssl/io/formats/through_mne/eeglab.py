"""Read EEGLAB's .set files, samples inside or in an .fdt file.

Source: EEGLAB, "EEG and ALLEEG structures"; older files are MATLAB 5, newer ones HDF5 (7.3).
"""

from pathlib import Path
from typing import Any

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import companion, states_of
from eegssl.io.formats.through_mne.mne_annotations import annotations_in
from eegssl.io.formats.through_mne.mne_format import format_of_mne
from eegssl.io.formats.through_mne.mne_header import MneFormat, in_microvolts
from eegssl.io.formats.through_mne.optional_packages import require_package
from eegssl.regular_files import open_regular

_HDF5 = b"MATLAB 7.3 MAT-file"
_BREAKS = ("-99", "-99.0")
"""The boundary in files whose event types are numbers."""
_SAMPLE_BYTES = 4


def _parts(path: Path, root: Path) -> tuple[Path, ...]:
    """The .set file and, where there is one of its name, its .fdt file."""
    states_of([path])
    samples = path.with_suffix(".fdt")
    if not samples.exists():
        return (path,)
    return path, companion(path, samples.name, root, "file of samples")


def _open(path: Path) -> Any:
    from mne.io import read_raw_eeglab

    with open_regular(path) as stream:
        if stream.read(len(_HDF5)) == _HDF5:
            require_package("pymatreader", "a .set file of MATLAB 7.3")
    try:
        raw = read_raw_eeglab(path, preload=False, verbose="ERROR")
    except TypeError as error:
        if "number of trials" not in str(error):
            raise
        reason = "it holds epochs, expected a continuous recording: bring what they were cut from"
        raise RecordingRefused("epochs", reason) from error
    samples = Path(raw.filenames[0])
    if samples.suffix == ".fdt":
        _require_size(samples, len(raw.ch_names) * raw.n_times * _SAMPLE_BYTES)
    return raw


def _require_size(samples: Path, n_bytes: int) -> None:
    (state,) = states_of([samples])
    if state.n_bytes != n_bytes:
        reason = f"its .fdt file has {state.n_bytes:,} bytes, expected {n_bytes:,}"
        raise RecordingRefused("damaged", f"{reason}: bring the whole file that belongs to it")


EEGLAB = format_of_mne(
    MneFormat(
        name="EEGLAB",
        open=_open,
        parts=_parts,
        scales=in_microvolts,
        clock_is_local=True,
        breaks=_BREAKS,
        annotations=annotations_in,
    )
)
