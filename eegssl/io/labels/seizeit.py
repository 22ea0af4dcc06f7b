"""Read SeizeIT1's ``P_IDx_rN_a1.tsv``: one row for each seizure.

Source: SeizeIT1 (Vandecasteele et al. 2020, doi 10.48804/P5Q0OJ). Seconds from the first sample;
an end of ``None`` was not marked. The remarks (side, lobe) are not used. SeizeIT2 is a BIDS corpus
and read as such (`eegssl.io.labels.events_tsv`).
"""

import re
from pathlib import Path

from eegssl.io.labels.event_types import Event, EventsFound, in_order
from eegssl.io.labels.label_text import as_lines, number, read_label_text, refused

KIND = "SeizeIT1 annotation file"
MAX_BYTES = 1 << 20
# By the comments of the files themselves: focal impaired awareness, focal awareness, focal to
# bilateral tonic-clonic.
TYPES = {
    "fia": "sz_foc_ia",
    "fias": "sz_foc_ia",
    "fa": "sz_foc_a",
    "fas": "sz_foc_a",
    "fbtc": "sz_foc_f2b",
    "fbtcs": "sz_foc_f2b",
    "nc": "sz",
    "none": "sz",
    "": "sz",
}


def read_seizeit(path: Path) -> EventsFound:
    """The seizures of one file; see `parse_seizeit`."""
    return parse_seizeit(read_label_text(path, KIND, MAX_BYTES))


def parse_seizeit(text: str) -> EventsFound:
    """The seizures in the text of a file; without a row there is none in the recording.

    A seizure without an end, or of a type that is not the corpus's, is counted as unresolved.
    Raises RecordingRefused ``events`` for a text without the corpus's comments, a row of fewer
    than three fields, or times that are none.
    """
    events: list[Event] = []
    unresolved = 0
    lines = [line.strip() for line in as_lines(text).split("\n")]
    if not any(line.startswith("#") for line in lines):
        raise refused(KIND, "it has none of the comments that begin such a file")
    for place, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) < 3:
            raise refused(KIND, f"line {place} has {len(cells)} fields, expected 3 or 4")
        start, end = number(cells[0]), number(cells[1])
        if start is None or start < 0 or (end is None and cells[1].lower() not in ("none", "n/a")):
            raise refused(KIND, f"line {place}: the start or the end is no number of seconds")
        kind = TYPES.get(re.sub(r"[\s-]", "", cells[2].lower()))
        if end is None or kind is None:
            unresolved += 1
        elif end <= start:
            raise refused(KIND, f"line {place}: a seizure ends before it starts")
        else:
            events.append(Event(start, end - start, kind, source="seizeit1", original=cells[2]))
    return EventsFound(in_order(events), n_unresolved=unresolved, source="seizeit1")
