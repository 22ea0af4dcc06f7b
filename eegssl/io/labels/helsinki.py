"""Read Helsinki's neonatal seizures, a table for each expert.

Source: Stevenson et al. 2019 (Sci Data 6:190039), ``annotations_2017_A.csv`` (corrected by the
authors as ``A_fixed``), ``_B`` and ``_C``: column ``N`` belongs to ``eegN.edf``; 1 is seizure, 0 is
none, cells past a recording's end are blank.
"""

from collections.abc import Sequence
from pathlib import Path

from eegssl.io.config import Experts
from eegssl.io.labels.event_types import Event, EventsFound
from eegssl.io.labels.label_text import as_lines, number, read_label_text, refused

KIND = "Helsinki annotation table"
MAX_BYTES = 16 << 20
N_EXPERTS = 3
_SHORT_S = 5.0  # ours: seconds that a table may be shorter than its recording
# How many of the three experts must see a seizure.
_NEEDED: dict[Experts, int] = {"any": 1, "majority": 2, "all": 3}


def read_helsinki(
    paths: Sequence[Path], column: int, experts: Experts, duration_s: float
) -> EventsFound:
    """The seizures of recording ``column`` where enough experts see one.

    A second that no table reaches is not background: one unresolved if the recording goes on.
    Raises RecordingRefused ``events`` without exactly three tables of equal length, for cells
    that are neither 0, 1 nor blank at the end, and where no column has the number.
    """
    if len(paths) != N_EXPERTS:
        raise refused(KIND, f"{len(paths)} of {N_EXPERTS} experts' tables found (A, B and C)")
    votes = [parse_column(read_label_text(path, KIND, MAX_BYTES), column) for path in paths]
    if len({len(vote) for vote in votes}) > 1:
        raise refused(KIND, "the experts' columns are of different lengths")
    needed = _NEEDED[experts]
    seen = [sum(second) >= needed for second in zip(*votes, strict=True)]
    events = [Event(float(a), float(b - a), "sz", source="helsinki") for a, b in _runs(seen)]
    unresolved = int(len(seen) < duration_s - _SHORT_S)
    return EventsFound(tuple(events), n_unresolved=unresolved, source="helsinki")


def parse_column(text: str, column: int) -> list[bool]:
    """One expert's seconds of one recording: whether each is seizure; see `read_helsinki`."""
    rows = as_lines(text).rstrip("\n").split("\n")
    titles = [title.strip() for title in rows[0].split(",")]
    if str(column) not in titles:
        raise refused(KIND, "no column has the number of this recording")
    place = titles.index(str(column))
    seconds: list[bool] = []
    ended = False
    for row in rows[1:]:
        cells = row.split(",")
        if len(cells) != len(titles):
            raise refused(KIND, f"a row has {len(cells)} cells, expected {len(titles)}")
        cell = cells[place].strip()
        blank = cell.lower() in ("", "nan")
        value = None if blank else number(cell)
        if (not blank and value not in (0.0, 1.0)) or (ended and not blank):
            raise refused(KIND, "a cell is neither 0, 1 nor blank up to the end")
        ended = blank
        seconds += [] if blank else [value == 1.0]
    return seconds


def _runs(seen: Sequence[bool]) -> list[tuple[int, int]]:
    """First and one past the last second of each stretch of seizure."""
    edges = [
        k for k, (a, b) in enumerate(zip([False, *seen], [*seen, False], strict=True)) if a != b
    ]
    return list(zip(edges[::2], edges[1::2], strict=True))
