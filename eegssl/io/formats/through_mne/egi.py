"""Read EGI's .mff, a folder of samples and XML files.

Source: EGI, "MFF: Meta File Format"; mne reads it with mffpy.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import require_inside
from eegssl.io.formats.through_mne.mne_format import format_of_mne
from eegssl.io.formats.through_mne.mne_header import MneFormat, in_microvolts
from eegssl.io.formats.through_mne.optional_packages import require_package

_MOST_FILES = 10_000


def _parts(path: Path, root: Path) -> tuple[Path, ...]:
    """All files of the folder, by their place in it."""
    if not os.path.isdir(path):
        raise RecordingRefused("parts", "it is named .mff and is no folder, as EGI's are")
    parts: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in (*names, *(f for f in folders if os.path.islink(Path(folder, f)))):
            require_inside(Path(folder, name), path, root, "file")
        parts += [Path(folder, name) for name in sorted(names)]
        if len(parts) > _MOST_FILES:
            reason = f"its folder holds more than {_MOST_FILES:,} files: no EGI recording does"
            raise RecordingRefused("parts", reason)
    return tuple(parts)


def _open(path: Path) -> Any:
    require_package("mffpy", "EGI's .mff")
    from mne.io import read_raw_egi

    return read_raw_egi(path, preload=False, events_as_annotations=True, verbose="ERROR")


EGI = replace(
    format_of_mne(
        MneFormat(name="MFF", open=_open, parts=_parts, scales=in_microvolts, clock_is_local=False)
    ),
    in_folder=True,
)
