"""Find the signals that hold annotations in place of samples."""

import re
from collections.abc import Sequence

import numpy as np

from eegssl.io.edf.tal import first_onset, parse_tals

_LABELS = ("EDF Annotations", "BDF Annotations")
_LIKE_LABELS = re.compile(r"[EB]DF[ _+-]*annotations?[ _-]*[0-9]{0,3}", re.IGNORECASE)
_RECORDS = 8  # ours: so many time stamps in place of samples are no chance


def annotation_signals(
    labels: Sequence[str], samples: Sequence[int], width: int, data: np.ndarray
) -> tuple[int, ...]:
    """Indices of the signals that hold annotations: by their label, else by what they hold.

    Editors change labels to make them distinct (``EDF Annotation1``) or in case. Any signal whose
    first records all begin with a time stamp holds annotations; one with such a label also if
    it holds lists of annotations or nothing. ``data`` are the bytes [B] behind the header,
    ``samples`` those of a record by signal, of ``width`` bytes each.
    """
    record = sum(samples) * width
    n_records = min(_RECORDS, len(data) // record) if record else 0
    starts = np.concatenate(([0], np.cumsum(samples))) * width
    indices = []
    for index, label in enumerate(labels):
        if label in _LABELS:
            indices.append(index)
            continue
        like, first = _LIKE_LABELS.fullmatch(label), int(starts[index])
        if not n_records or not samples[index] or (not like and data[first] not in b"+-"):
            continue
        stop = first + samples[index] * width
        pieces = [data[k * record + first : k * record + stop].tobytes() for k in range(n_records)]
        if all(_holds_annotations(piece, stamped=not like) for piece in pieces):
            indices.append(index)
    return tuple(indices)


def _holds_annotations(piece: bytes, *, stamped: bool) -> bool:
    """Whether a record's bytes are lists of annotations, or empty; if ``stamped``, with a stamp."""
    if stamped and first_onset(piece) is None and first_onset(piece, comma=True) is None:
        return False
    return parse_tals(piece, comma=True).n_unreadable == 0
