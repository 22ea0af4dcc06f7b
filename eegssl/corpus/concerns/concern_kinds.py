"""List the kinds of concern: one function and one line each."""

import sys
from collections.abc import Sequence
from functools import partial

from eegssl.corpus.concerns import (
    amplitude_concerns,
    channel_concerns,
    label_concerns,
    passed_concerns,
    read_concerns,
    split_concerns,
    subject_concerns,
)
from eegssl.corpus.concerns.concern import Concern, Looked, OfLooked, OfTables
from eegssl.corpus.preprocessing.recording_tables import Tables

OF_LOOKED: tuple[OfLooked, ...] = (
    passed_concerns.other_formats,
    passed_concerns.misnamed,
    passed_concerns.sample_tables,
    label_concerns.unread_tables,
    label_concerns.unknown_rows,
    label_concerns.in_next_file,
    label_concerns.untyped_rows,
    label_concerns.decimal_comma_times,
    subject_concerns.unknown_subjects,
    subject_concerns.named_by_file,
    subject_concerns.folders_of_several,
    subject_concerns.one_code,
    subject_concerns.visits_as_subjects,
    channel_concerns.left_out,
    channel_concerns.labels_like_electrodes,
    channel_concerns.used_positions,
    channel_concerns.unread_positions,
    channel_concerns.lost_signs,
    channel_concerns.decimal_commas,
)
OF_TABLES: tuple[OfTables, ...] = (
    read_concerns.refused_files,
    read_concerns.crashes,
    read_concerns.gaps,
    label_concerns.unlabelled_files,
    label_concerns.texts_not_understood,
    label_concerns.unresolved_seizures,
    label_concerns.events_outside,
    subject_concerns.one_file,
    split_concerns.empty_splits,
    split_concerns.splits_without_seizures,
    read_concerns.cut_files,
    read_concerns.doubled_signals,
    amplitude_concerns.odd_recordings,
    amplitude_concerns.odd_channels,
    amplitude_concerns.coarse_channels,
    amplitude_concerns.samples_above_a_volt,
)


_OF_LABELS = (label_concerns, split_concerns, subject_concerns)
"""What is not asked of new files: they have no labels, and whose they are decides nothing."""


def of_new_files(looked: Looked) -> Sequence[Concern]:
    """Concerns that a look at files raises which a model is to read."""
    finds = [find for find in OF_LOOKED if sys.modules[find.__module__] not in _OF_LABELS]
    return [concern for find in finds for concern in find(looked)]


def of_new_tables(tables: Tables, table: str) -> Sequence[Concern]:
    """Concerns that the cleaning of such files raises; no split is there to be doubled across.

    ``table`` is the one that lists what was refused of them.
    """
    listed: dict[OfTables, OfTables] = {
        find: partial(find, table=table)
        for find in (read_concerns.refused_files, read_concerns.gaps)
    }
    finds = [find for find in OF_TABLES if sys.modules[find.__module__] not in _OF_LABELS]
    finds = [listed.get(find, find) for find in finds if find != read_concerns.doubled_signals]
    return [concern for find in finds for concern in find(tables)]


def of_looked(looked: Looked) -> Sequence[Concern]:
    """Concerns that a look at all files raises."""
    return [concern for find in OF_LOOKED for concern in find(looked)]


def of_plan(looked: Looked) -> Sequence[Concern]:
    """Concerns that a look at all files raises where nothing is to be cleaned."""
    return [*of_looked(looked), *amplitude_concerns.odd_files(looked)]


def of_tables(tables: Tables) -> Sequence[Concern]:
    """Concerns that the tables of the recordings raise."""
    return [concern for find in OF_TABLES for concern in find(tables)]
