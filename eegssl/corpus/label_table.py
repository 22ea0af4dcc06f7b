"""Resolve the user's table of labels to the recordings of a corpus.

Likely mistakes are refused, with their number: labels of recordings that are not here, one stretch
labelled twice, times without an end. Messages repeat no text of the table.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.json_parts import HASHED_ID
from eegssl.artifacts.table_parts import ANY, MISSING, NUMBER, Cells, read_text_table
from eegssl.corpus.preprocessing.recording_tables import REFUSED, REFUSED_CELLS
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError, InputError
from eegssl.io.tables.tsv import format_tsv
from eegssl.io.tables.user_labels import LabelRow, read_labels

LABELS_CELLS: Cells = {
    "recording": HASHED_ID,
    "onset_s": f"{MISSING}|{NUMBER}",
    "duration_s": f"{MISSING}|{NUMBER}",
    "label": ANY,
}
"""Of the labels that a model stores."""


@dataclass(frozen=True)
class Label:
    """A label of a recording, or of a stretch of it (both times, or None); ids are hashed."""

    recording: str
    text: str
    onset_s: float | None = None
    duration_s: float | None = None


@dataclass(frozen=True)
class LabelTable:
    """The labels of a corpus, or None where a task's labels come from events.

    ``skipped`` counts rows that were left out, by reason.
    """

    labels: tuple[Label, ...] | None
    inputs: tuple[tuple[str, str], ...] = ()
    skipped: Mapping[str, int] | None = None


def label_table(
    corpus: Corpus, path: str | None, *, skip_unknown: bool = False, overlap: bool = False
) -> LabelTable:
    """Read a table of labels for these recordings; without a path there is none.

    With ``overlap`` stretches of one recording may overlap, since each is labelled by itself.
    Raises ConfigError when it is missing or can't be understood, InputError when no row has a
    label, when rows begin after the end of their recording, and when they are about recordings or
    subjects that are not here (unless ``skip_unknown``).
    """
    if path is None:
        return LabelTable(None)
    corpora = sorted({a.manifest.config["corpus"] for a in corpus.artifacts})
    rows = read_labels(Path(path), corpora)
    labels, skipped = _resolved(rows, corpus)
    unknown = skipped["unknown"]
    if unknown and not skip_unknown:
        raise InputError(
            f"{unknown} of {len(rows)} rows of the labels table are about recordings or subjects "
            f"that are none of these {len(corpus.recordings)} recordings; `recording` holds paths "
            "below the EDF folder, as preprocess saw them. Mend these rows, or take them out; from "
            "a task's own table skip_unknown = true in the task (--set task.skip_unknown=true) "
            "leaves them out, for labels that evaluate is given there is no such setting"
        )
    if not labels and not unknown and not skipped["refused"]:
        raise InputError(
            f"the labels table has no row with a label ({len(rows)} rows in all); write one row "
            "for each recording, subject or stretch"
        )
    _refuse_outside(labels, corpus)
    _refuse_overlaps(labels, overlap=overlap)
    labels.sort(key=lambda one: (one.recording, one.onset_s or 0.0))
    return LabelTable(tuple(labels), (("labels-table", hash_file(Path(path))),), dict(skipped))


def format_labels(labels: Sequence[Label]) -> str:
    """Labels as a table that a model stores; `read_stored_labels` reads it."""
    rows = [[one.recording, one.onset_s, one.duration_s, one.text] for one in labels]
    return format_tsv(
        list(LABELS_CELLS), [[MISSING if c is None else c for c in row] for row in rows]
    )


def read_stored_labels(path: Path) -> tuple[Label, ...]:
    """The labels that a model was given, as it stores them."""
    return tuple(
        Label(row["recording"], row["label"], _time(row["onset_s"]), _time(row["duration_s"]))
        for row in read_text_table(path, LABELS_CELLS)
    )


def _resolved(rows: Sequence[LabelRow], corpus: Corpus) -> tuple[list[Label], Counter[str]]:
    """The rows as labels of recordings that are here, each once; and how many are not."""
    here = _places(corpus)
    refused = {
        row["recording"]
        for artifact in corpus.artifacts
        for row in read_text_table(artifact / REFUSED, REFUSED_CELLS)
    }
    labels: dict[Label, None] = {}
    skipped: Counter[str] = Counter()
    for row in rows:
        recordings = [r for name in row.names for r in here.get(name, ())]
        if row.label in ("", MISSING):
            skipped["without a label"] += 1
        elif recordings:
            _require_one_clock(row, recordings)
            for recording in recordings:
                label = Label(recording.id, row.label, row.onset_s, row.duration_s)
                labels.setdefault(label, None)
        else:
            skipped["refused" if refused & set(row.names) else "unknown"] += 1
    return list(labels), skipped


def _places(corpus: Corpus) -> dict[str, list[Recording]]:
    """Each id that a row may use -> its recordings."""
    here: dict[str, list[Recording]] = {}
    for recording in corpus.recordings:
        for id_ in {recording.id, recording.file, recording.subject, *recording.aliases}:
            here.setdefault(id_, []).append(recording)
    return here


def _require_one_clock(row: LabelRow, recordings: Sequence[Recording]) -> None:
    if row.onset_s is not None and len(recordings) > 1:
        raise InputError(
            f"a row of the labels table has an onset and means {len(recordings)} recordings (a "
            "subject, or a file with gaps): times need one recording; give its id, as in "
            "recordings.parquet"
        )


def _refuse_outside(labels: Sequence[Label], corpus: Corpus) -> None:
    """Raise InputError when a stretch begins after its recording's end."""
    lasts_s = {recording.id: recording.duration_s for recording in corpus.recordings}
    outside = sum((one.onset_s or 0.0) >= lasts_s[one.recording] for one in labels)
    if outside:
        raise InputError(
            f"{outside} of {len(labels)} rows of the labels table begin after the end of their "
            "recording; onset_s is in seconds from the recording's start: mend these rows, or "
            "take them out"
        )


def _refuse_overlaps(labels: Sequence[Label], *, overlap: bool) -> None:
    """Raise ConfigError where a recording, or a moment unless these may, has two labels."""
    spans: dict[str, list[tuple[float, float]]] = {}
    whole = Counter(one.recording for one in labels if one.onset_s is None)
    if any(n > 1 for n in whole.values()):
        n = sum(n > 1 for n in whole.values())
        raise ConfigError(
            f"the labels table gives {n} recording(s) two labels; a recording has one, "
            "or stretches (onset_s, duration_s) of their own"
        )
    for one in labels:
        if one.onset_s is not None and one.duration_s is not None:
            spans.setdefault(one.recording, []).append((one.onset_s, one.onset_s + one.duration_s))
    both = len(whole.keys() & spans.keys())
    twice = sum(
        later[0] < earlier[1]
        for labelled in spans.values()
        for earlier, later in pairwise(sorted(labelled))
    )
    if both or (twice and not overlap):
        raise ConfigError(
            f"the labels table has {twice} stretch(es) that overlap another of the same recording, "
            f"and {both} recording(s) with a label and stretches besides; a moment has one label: "
            "end one where the next begins, or, where each stretch is an event of its own (unit = "
            "'event'), set task.overlap=keep, or task.overlap=priority"
        )


def _time(text: str) -> float | None:
    return None if text == MISSING else float(text)
