"""A scan keeps of each file what is its own; what files have alike is held once."""

import gc
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clirun import done, files_of

from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.preprocessing import file_profile
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.file_scan import FileScan, scan_files
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.source_files import Naming, Source
from eegssl.corpus.processes.engine import Pool
from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.labels.event_types import Event, EventsFound
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.stages.preprocessing import corpus_look

ELECTRODES = "FP1 FP2 F3 F4 C3 C4 P3 P4 F7 F8 T3 T4 T5 T6 FZ CZ PZ A1 A2 O1"
LABELS = [f"EEG {name}-REF" for name in ELECTRODES.split()]
CONFIG = PreprocessConfig()
SETTINGS = IngestSettings(
    CleaningSettings(CONFIG.filter, CONFIG.montage, CONFIG.quality),
    *(CONFIG.read, CONFIG.subjects, CONFIG.events, CONFIG.look, False),
)


def sources(folder: Path, n: int) -> list[Source]:
    """Files of eight seconds with the same labels, the last with others."""
    signal_uv = np.random.default_rng(0).normal(0, 10, (len(LABELS), 8 * 100))
    made = []
    for k in range(n):
        path = folder / f"s{k}" / "a.edf"
        path.parent.mkdir()
        labels = LABELS if k < n - 1 else [*LABELS[:-1], "EEG O2-REF"]
        write_edf(path, signal_uv + k, labels, 100)
        made.append(Source(path, folder, f"s{k}/a.edf", f"r-{k:012x}"))
    return made


def scan(
    files: Sequence[Source],
    answers: Sequence[Any],
    private: Path,
    patch: pytest.MonkeyPatch,
    **more: float,
) -> FileScan:
    """A scan that is given what a worker answers of each file, through a pipe as from a worker."""

    def each(*_: object) -> Iterator[tuple[int, Any]]:
        ours, theirs = Pipe()
        for number in range(len(files)):
            theirs.send(answers[number])
            yield number, ours.recv()

    patch.setattr(Pool, "each", each)
    naming = Naming(Pseudonyms(private), "")
    given = list(files), SETTINGS, naming, Pool(1), CONFIG.limits, lambda done: None
    return scan_files(*given, **more)


def test_rows_say_the_same_as_the_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sources(tmp_path, 4)
    answers = [file_profile.of_file(source, SETTINGS) for source in files]
    kept = scan(files, answers, tmp_path / "private", monkeypatch)
    for source, (row, scanned) in zip(files, answers, strict=True):
        own = {name: row[name] for name in row if name not in ("subject", "label_files")}
        assert repr(kept.files[source.id]) == repr(own)
        assert kept.scanned[source.id] == scanned
    first, second, *_, last = (kept.files[source.id] for source in files)
    assert first["labels"] is second["labels"]
    assert first["hashes"] != second["hashes"]
    assert last["labels"] != first["labels"]


def test_a_further_file_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 6 KB a file 70,000 take 400 MB; each with labels of its own would take thrice that."""
    files = sources(tmp_path, 41)
    answers = [file_profile.of_file(source, SETTINGS) for source in files]
    held = []
    for n in (10, 40):
        tracemalloc.start()
        kept = scan(files[:n], answers, tmp_path / "private", monkeypatch)
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert len(kept.files) == n
    assert (held[1] - held[0]) / 30 < 6000


def test_events_that_are_kept_are_no_more_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no room is in the rows all the same, and files without events cost none of it."""
    files = sources(tmp_path, 8)
    answers = []
    for k, source in enumerate(files):
        row, file = file_profile.of_file(source, SETTINGS)
        assert file is not None
        events = tuple(Event(float(n), 1.0, "bckg") for n in range(0 if k % 4 == 3 else 1000))
        row |= {"events": Counter(event.type for event in events)}
        answers.append((row, replace(file, events=EventsFound(events))))
    every = scan(files, answers, tmp_path / "private", monkeypatch)
    some = scan(files, answers, tmp_path / "private", monkeypatch, most_events=2500)
    assert sum(len(file.events.events) for file in every.scanned.values()) == 6000
    assert sum(len(file.events.events) for file in some.scanned.values()) == 2000
    assert {files[3].id, files[7].id} <= set(some.scanned)
    assert (some.files, some.fingerprint) == (every.files, every.fingerprint)
    assert some.subjects.keys() == every.subjects.keys()


def test_files_whose_events_were_not_kept_are_made_the_same(
    tmp_path: Path, edf_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("preprocess", edf_dir, "--jobs", 1, "--set", "look.recordings=0")
    done(*command, "--out", tmp_path / "all")
    none_kept = partial(scan_files, most_events=0)
    monkeypatch.setattr(corpus_look, "scan_files", none_kept)
    done(*command, "--out", tmp_path / "none")
    assert files_of(tmp_path / "none") == files_of(tmp_path / "all")
