"""Read a file or raw with a model in this process.

Nothing is named, and nothing kept. The command reads a file by the same functions, in processes of
its own.
"""

import tempfile
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Context
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.new_files.cleaned_alike import settings_like
from eegssl.corpus.preprocessing.channel_selection import sample_windows
from eegssl.corpus.preprocessing.cleaning import SegmentCleaner
from eegssl.corpus.preprocessing.file_profile import of_file
from eegssl.corpus.preprocessing.ingest import ingest, line_to_remove, store_cleaned
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.errors import InputError, RecordingRefused
from eegssl.io.config import ReadSettings, SubjectSettings
from eegssl.io.discover import is_recording
from eegssl.signal.config import ChannelSettings
from eegssl.signal.filtering.mains import detect_line
from eegssl.tasks.one_file.file_answer import FileAnswer
from eegssl.tasks.one_file.file_reader import FileReader
from eegssl.training.embedding import Raw, select_of_raw

_IDS = {"file": "f-0", "recording": "f-0", "subject": "s-0"}
"""Ids that stand for the file and its person; they leave this module in no artifact."""

Row = dict[str, Any]


def answer_here(
    reader: FileReader,
    source: Path | Raw,
    read: ReadSettings,
    channels: ChannelSettings,
    config: EvaluateConfig,
) -> FileAnswer:
    """What the model says of a file or raw. Raises RecordingRefused where it can't be read.

    Whether the model has seen the person in its training is known by the waveform alone.
    """
    settings = settings_like(reader.cleaned, read, channels, SubjectSettings(unknown="file"))
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(source, Path):
            kept, span_s = _of_file(source, settings, Path(folder))
        else:
            kept, span_s = _of_raw(source, settings, Path(folder))
        scratch = Context(Path(folder))
        return reader.read(kept, Path(folder), span_s, config, scratch).answer


def _of_file(path: Path, settings: IngestSettings, folder: Path) -> tuple[list[Row], float]:
    """The rows of a file's recordings, cleaned into the folder, and its length in seconds."""
    if not is_recording(path):
        raise InputError(f"there is no file {path}")
    source = Source(path, path.parent, path.name, _IDS["file"])
    row, scanned = of_file(source, settings)
    if scanned is not None:
        row = ingest(source, scanned, _IDS["subject"], settings, folder, None)
    if scanned is None or "refused" in row:
        raise RecordingRefused(*row["refused"])
    return row["kept"], scanned.header.span_s


def _of_raw(raw: Raw, settings: IngestSettings, folder: Path) -> tuple[list[Row], float]:
    """The same of an ``mne.io.Raw``, which has no gaps."""
    selection, whole = select_of_raw(raw)
    seen_hz = raw.info["line_freq"] or detect_line(*sample_windows(selection, [whole]))
    line_hz = line_to_remove(settings.cleaning.filter.notch, seen_hz)
    cleaner = SegmentCleaner(selection, whole, settings.cleaning, line_hz)
    fields, _ = store_cleaned(cleaner, whole, _IDS, folder)
    return [fields], whole.n_records / raw.info["sfreq"]
