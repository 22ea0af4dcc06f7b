"""List the kinds of doubt: one function and one line each."""

from collections.abc import Sequence

from eegssl.corpus.concerns import (
    amplitude_doubts,
    channel_doubts,
    label_doubts,
    passed_doubts,
    read_doubts,
    subject_doubts,
)
from eegssl.corpus.concerns.concern import Concern, Looked, OfLooked, OfTables
from eegssl.corpus.preprocessing.recording_tables import Tables

OF_LOOKED: tuple[OfLooked, ...] = (
    passed_doubts.other_formats,
    passed_doubts.misnamed,
    label_doubts.unread_tables,
    label_doubts.in_next_file,
    label_doubts.untyped_rows,
    subject_doubts.unknown_subjects,
    subject_doubts.folders_of_several,
    subject_doubts.one_code,
    subject_doubts.visits_as_subjects,
    channel_doubts.left_out,
    channel_doubts.labels_like_electrodes,
    channel_doubts.lost_signs,
    channel_doubts.decimal_commas,
)
OF_TABLES: tuple[OfTables, ...] = (
    read_doubts.refused_files,
    read_doubts.crashes,
    read_doubts.gaps,
    label_doubts.unlabelled_files,
    label_doubts.texts_not_understood,
    label_doubts.unresolved_seizures,
    label_doubts.events_outside,
    read_doubts.cut_files,
    read_doubts.doubled_signals,
    amplitude_doubts.odd_recordings,
    amplitude_doubts.odd_channels,
    amplitude_doubts.coarse_channels,
    amplitude_doubts.samples_above_a_volt,
)


def of_looked(looked: Looked) -> Sequence[Concern]:
    """Doubts that a look at all files raises."""
    return [concern for find in OF_LOOKED for concern in find(looked)]


def of_plan(looked: Looked) -> Sequence[Concern]:
    """Doubts that a look at all files raises where nothing is to be cleaned."""
    return [*of_looked(looked), *amplitude_doubts.odd_files(looked)]


def of_tables(tables: Tables) -> Sequence[Concern]:
    """Doubts that the tables of the recordings raise."""
    return [concern for find in OF_TABLES for concern in find(tables)]
