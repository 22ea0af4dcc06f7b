"""Read FIF, the format of MNE-Python and Neuromag, also split.

Source: Functional Image File Format, description 1.3 (Elekta Neuromag): a file is a chain of tags.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import FileState, companion, states_of
from eegssl.io.formats.through_mne.mne_format import format_of_mne
from eegssl.io.formats.through_mne.mne_header import MneFormat, Scales
from eegssl.regular_files import open_regular

_TAG = struct.Struct(">iiii")
_REF_ROLE, _REF_FILE_NAME = 115, 118
_PREVIOUS, _NEXT = 1, 2
_MOST_TAGS = 1_000_000
_MOST_NAME_BYTES = 4096
_MOST_PARTS = 999
_VOLT = 107


def _parts(path: Path, root: Path) -> tuple[Path, ...]:
    """The file and those that go on after it, each named by the one before."""
    parts = [path]
    while len(parts) <= _MOST_PARTS:
        states_of(parts[-1:])
        references = list(_references(parts[-1]))
        _require_place(references, first=len(parts) == 1)
        names = [name for role, name in references if role == _NEXT]
        if not names:
            return tuple(parts)
        parts.append(companion(path, names[-1], root, "next part"))
        if parts[-1] in parts[:-1]:
            break
    raise RecordingRefused("parts", "its parts name each other in a circle")


def _require_place(references: Sequence[tuple[int, str]], *, first: bool) -> None:
    """Raise RecordingRefused where a first file goes on after another, or a later one does not."""
    goes_on = any(role == _PREVIOUS for role, _ in references)
    if goes_on and first:
        reason = "it goes on after another file, which doesn't lie beside it or names other parts"
        raise RecordingRefused("parts", f"{reason}: bring all parts under their own names")
    if not goes_on and not first:
        raise RecordingRefused("parts", "it names a next part that doesn't go on after it")


def _references(path: Path) -> Iterator[tuple[int, str]]:
    """Role and name of the other files that a file names."""
    role = 0
    with open_regular(path) as stream:
        for kind, size, _ in _tags(stream):
            if kind == _REF_ROLE and size == 4:
                (role,) = struct.unpack(">i", stream.read(4).rjust(4, b"\0"))
            elif kind == _REF_FILE_NAME:
                named = role == _NEXT and size <= _MOST_NAME_BYTES
                yield role, stream.read(size).decode("latin-1") if named else ""


def _is_whole(path: Path) -> bool:
    """Whether the chain of tags ends as a writer ends it; a file that was cut does not."""
    with open_regular(path) as stream:
        return any(following < 0 for _, _, following in _tags(stream))


def _tags(stream: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Kind and size of each tag, and where the next one lies; the stream is at its data."""
    place = 0
    for _ in range(_MOST_TAGS):
        stream.seek(place)
        raw = stream.read(_TAG.size)
        if len(raw) < _TAG.size:
            return
        kind, _, size, following = _TAG.unpack(raw)
        if size < 0:
            raise RecordingRefused("damaged", "a tag of it has a size below 0")
        yield kind, size, following
        target = following if following > 0 else place + _TAG.size + size
        if following < 0 or target <= place:  # back to what was read: mne does not follow it either
            return
        place = target


def _open(path: Path) -> Any:
    from mne.io import read_raw_fif

    try:
        return read_raw_fif(path, preload=False, verbose="ERROR")
    except ValueError as error:
        if "No raw data" not in str(error):
            raise
        reason = "it holds epochs, an average or another result, expected a continuous recording"
        raise RecordingRefused("epochs", f"{reason}: bring what it was made from") from error


def _scales(raw: Any) -> Scales:
    units = tuple("V" if channel["unit"] == _VOLT else "" for channel in raw.info["chs"])
    return Scales(units, (1e6,) * len(units))


def _notes(raw: Any, states: Sequence[FileState]) -> tuple[str, ...]:
    return () if all(_is_whole(state.path) for state in states) else ("truncated",)


FIF = format_of_mne(
    MneFormat(
        name="FIF",
        open=_open,
        parts=_parts,
        scales=_scales,
        clock_is_local=False,
        notes=_notes,
    )
)
