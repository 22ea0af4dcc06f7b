"""List the kinds of doubt: one function and one line each."""

from collections.abc import Sequence

from eegssl.corpus.concerns import amplitude_doubts, label_doubts, read_doubts
from eegssl.corpus.concerns.concern import Concern, OfScan, OfTables
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.recording_tables import Tables

OF_SCAN: tuple[OfScan, ...] = ()
OF_TABLES: tuple[OfTables, ...] = (
    read_doubts.refused_files,
    read_doubts.crashes,
    read_doubts.gaps,
    label_doubts.unresolved_seizures,
    label_doubts.events_outside,
    read_doubts.cut_files,
    read_doubts.doubled_signals,
    amplitude_doubts.odd_recordings,
    amplitude_doubts.odd_channels,
    amplitude_doubts.coarse_channels,
    amplitude_doubts.samples_above_a_volt,
)


def of_scan(scan: FileScan) -> Sequence[Concern]:
    """Doubts that a scan of the files raises."""
    return [concern for find in OF_SCAN for concern in find(scan)]


def of_tables(tables: Tables) -> Sequence[Concern]:
    """Doubts that the tables of the recordings raise."""
    return [concern for find in OF_TABLES for concern in find(tables)]
