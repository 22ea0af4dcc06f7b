"""Find concerns in what reading and cleaning gave: files refused, cut, doubled."""

from collections import Counter
from collections.abc import Sequence

from eegssl.corpus.audits.duplicates import ACROSS
from eegssl.corpus.concerns.concern import Concern, of_lines
from eegssl.corpus.preprocessing.recording_tables import (
    DUPLICATES,
    REFUSED,
    WHOLE_FILE,
    Tables,
)


def refused_files(tables: Tables, table: str = REFUSED) -> Sequence[Concern]:
    """Files of which nothing can be used, by code; a ``table`` of the artifact lists them."""
    whole = [(row[0], row[2]) for row in tables.refused if row[1] == WHOLE_FILE]
    text, cure = "file(s) refused", f"{table} says why (--show-names shows their paths)"
    return of_lines("refused", text, cure, whole)


def crashes(tables: Tables) -> Sequence[Concern]:
    """Files that eegssl itself failed at."""
    crashed = [(row[0], "") for row in tables.refused if row[2] == "crashed"]
    text = "of them made eegssl itself fail"
    return of_lines("crashed", text, "please report it", crashed)


def gaps(tables: Tables, table: str = REFUSED) -> Sequence[Concern]:
    """Files with gaps, which were divided; a ``table`` lists the pieces that can't be used."""
    counts = Counter(row["file"] for row in tables.recordings)
    counts.update(row[0] for row in tables.refused if row[1] != WHOLE_FILE)
    several = [(file, f"{n} pieces") for file, n in counts.items() if n > 1]
    lost = sum(row[1] != WHOLE_FILE for row in tables.refused)
    text = (
        "gap(s) within files: what lies between gaps is a recording of its own; "
        f"{lost} of these can't be used, see {table}"
    )
    kept = {row["file"] for row in tables.recordings}
    return of_lines("gaps", text, "", several, len(tables.recordings) - len(kept) + lost)


def cut_files(tables: Tables) -> Sequence[Concern]:
    """Files that end early."""
    cut = [(row["recording"], "") for row in tables.recordings if "truncated" in row["notes"]]
    text = "recording(s) end before their header says; what is there was read"
    return of_lines("truncated", text, "", cut)


def doubled_signals(tables: Tables) -> Sequence[Concern]:
    """The same signal under several ids."""
    concerns: list[Concern] = []
    for name, words in ACROSS.items():
        duplicates = [
            (d.recording, f"same as {d.same_as}") for d in tables.duplicates if d.across == name
        ]
        concerns += of_lines(
            f"doubled-{name}", words, f"{DUPLICATES} says which", duplicates, len(duplicates)
        )
    return concerns
