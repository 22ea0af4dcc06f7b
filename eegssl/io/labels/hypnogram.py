"""Read Sleep-EDF's hypnograms: sleep stages as EDF+ annotations.

Source: PhysioNet, Sleep-EDF Database Expanded 1.0.0 (Kemp et al. 2000): ``SC4001E0-PSG.edf`` has
``SC4001EC-Hypnogram.edf`` beside it, whose last letter before the hyphen names the scorer.
"""

from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.clock import read_clock
from eegssl.io.edf.header import read_header
from eegssl.io.formats.recordings import recording_start
from eegssl.io.labels.event_types import (
    SLEEP_TYPES,
    Event,
    EventsFound,
    event_type,
    in_order,
    original_of,
)
from eegssl.io.labels.label_text import refused
from eegssl.io.recording_header import RecordingHeader

KIND = "hypnogram"
_DAY_S = 86400.0


def read_hypnogram(path: Path, header: RecordingHeader) -> EventsFound:
    """The sleep stages of a recording; texts that are none are counted as dropped.

    Both files count from their own start, so onsets are moved by what lies between the two
    clocks. Raises RecordingRefused ``events`` for a file that is no EDF+, has no stage in it, or
    begins more than a day away from the recording.
    """
    try:
        hypnogram = read_header(path)
    except RecordingRefused as refusal:
        raise refused(KIND, f"it is no EDF file that can be read ({refusal.code})") from refusal
    between_s = (read_clock(hypnogram) - recording_start(header)).total_seconds()
    if abs(between_s) > _DAY_S:
        raise refused(KIND, "it begins more than a day before or after the recording")
    shift_s = between_s + hypnogram.start_offset_s - header.start_offset_s
    scan = scan_annotations(hypnogram)
    stages: list[Event] = []
    for note in scan.annotations:
        kind = event_type(note.text)
        if kind in SLEEP_TYPES and note.duration_s:
            onset_s, original = note.onset_s + shift_s, original_of(note.text, kind)
            stages.append(
                Event(onset_s, note.duration_s, kind, source="hypnogram", original=original)
            )
    if not stages:
        raise refused(KIND, "no annotation in it is a sleep stage with a duration")
    n_dropped = len(scan.annotations) - len(stages)
    return EventsFound(
        in_order(stages), n_dropped, n_unreadable=scan.n_unreadable, source="hypnogram"
    )
