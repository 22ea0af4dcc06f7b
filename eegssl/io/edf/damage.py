"""Detect files that only look like recordings: pointers and text-mode damage."""

import numpy as np

from eegssl.errors import RecordingRefused

_POINTERS = (b"version https://git-lfs", b"version https://hawser", b"/annex/objects/")
_SAMPLE_BYTES = 4 << 20
_MIN_PLACES = 32


def check_not_pointer(start: bytes) -> None:
    """Refuse the small text that version control leaves in place of a large file."""
    if start.startswith(_POINTERS) or b".git/annex/objects" in start:
        reason = "a pointer file of large-file storage, not the recording: fetch the file itself"
        raise RecordingRefused("not-edf", reason)


def check_text_mode(records: np.ndarray, bytes_per_sample: int) -> None:
    """Refuse data whose bytes a transfer in text mode has changed.

    Such a transfer writes 0x0D before every 0x0A. In samples 0x0A follows 0x0D by chance only,
    so that dozens of them without one exception, at all places within a sample, are proof.
    (At one place alone they could be a channel stuck at the value 0x0A0D.) The first 4 MB are
    looked at. A transfer as UTF-8 leaves U+FFFD, the bytes EF BF BD, for whatever was not text.
    """
    data = np.array(records[:_SAMPLE_BYTES])
    n_feeds, returned = np.count_nonzero(data[1:] == 0x0A), _places(data, b"\r\n")
    if n_feeds == len(returned) and _scattered(returned, bytes_per_sample):
        reason = (
            f"line-ending damage: all of {n_feeds} bytes 0x0A follow a 0x0D, as after a transfer"
            " in text mode, which can't be undone safely: transfer the file again in binary mode"
        )
        raise RecordingRefused("text-mode", reason)
    replaced = _places(data, b"\xef\xbf\xbd")
    if len(replaced) > len(data) // 60 and _scattered(replaced, bytes_per_sample):
        reason = (
            f"the file was saved as text: {len(replaced)} places hold the replacement character;"
            " transfer the original again in binary mode"
        )
        raise RecordingRefused("text-mode", reason)


def _places(data: np.ndarray, text: bytes) -> np.ndarray:
    """Places where a text begins in the data."""
    last = max(0, len(data) - len(text) + 1)
    matches = data[:last] == text[0]
    for k in range(1, len(text)):
        matches &= data[k : last + k] == text[k]
    return np.flatnonzero(matches)


def _scattered(places: np.ndarray, bytes_per_sample: int) -> bool:
    """Many places, and not all at the same byte of a sample."""
    if len(places) < _MIN_PLACES:
        return False
    common = int(np.bincount(places % bytes_per_sample).max())
    return common < 0.9 * len(places)
