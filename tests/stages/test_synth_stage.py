"""The corpus on the disk: what lies there, that it agrees with its truth, and is made only once."""

import csv
import json
import tracemalloc

import mne
import numpy as np
import pyedflib
import pytest
from syntheticcohort import write_corpus

from eegssl.artifacts.context import Context, Silent
from eegssl.errors import ConfigError
from eegssl.io.edf.edf_writer import EdfWriter
from eegssl.stages import synth
from eegssl.synth.anatomy import build_head
from eegssl.synth.config import SynthConfig
from eegssl.synth.schedule import plan_recording
from eegssl.synth.subject import draw_subjects

CONFIG = SynthConfig(n_subjects=6, duration_s=90, control_fraction=0.2, seed=3)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    out = tmp_path_factory.mktemp("synth") / "corpus"
    write_corpus(CONFIG, out)
    return out


class Counted(Silent):
    """Keeps what a bar shows: (done, all)."""

    def __init__(self, seen):
        self.seen = seen

    def track(self, label, total):
        return lambda done: self.seen.append((done, total))


def truths(corpus):
    for path in sorted(corpus.rglob("*_truth.json")):
        yield path.name.removesuffix("_truth.json"), path.parent, json.loads(path.read_text())


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_exactly_these_files_are_there(corpus):
    top = {"README", ".bidsignore", "participants.json", "participants.tsv"}
    expected = top | {"dataset_description.json"}
    for i in range(1, 7):
        stem = f"sub-{i:02d}/ses-01/eeg/sub-{i:02d}_ses-01_task-szMonitoring_run-00"
        endings = ("eeg.edf", "eeg.json", "events.tsv", "channels.tsv", "truth.json")
        expected |= {f"{stem}_{ending}" for ending in endings}
    assert set(contents(corpus)) == expected


def test_the_labels_are_szcore_and_say_the_truth(corpus):
    kinds = set()
    for stem, folder, truth in truths(corpus):
        rows = rows_of(folder / f"{stem}_events.tsv")
        assert list(rows[0]) == [
            *("onset", "duration", "eventType", "confidence", "channels", "dateTime"),
            "recordingDuration",
        ]
        assert {r["recordingDuration"] for r in rows} == {"90.00"}
        found = [(r["onset"], r["duration"], r["eventType"]) for r in rows]
        planted = [
            (f"{s['onset_s']:.2f}", f"{s['duration_s']:.2f}", s["type"]) for s in truth["seizures"]
        ]
        assert found == (planted or [("0.00", "90.00", "bckg")])
        kinds |= {r["eventType"] for r in rows}
    assert "bckg" in kinds
    assert len(kinds) > 2


def test_both_readers_see_the_recording_that_the_truth_describes(corpus):
    for stem, folder, truth in truths(corpus):
        path = folder / f"{stem}_eeg.edf"
        raw = mne.io.read_raw_edf(path, verbose="ERROR")
        assert raw.info["sfreq"] == truth["sfreq_hz"]
        assert raw.n_times == 90 * truth["sfreq_hz"]
        with pyedflib.EdfReader(str(path)) as reader:
            assert reader.getSignalLabels() == truth["labels"]
            signal = np.array([reader.readSignal(i) for i in range(reader.signals_in_file)])
        assert np.isfinite(signal).all()
        assert (signal.std(axis=1) > 1).all()
        assert {r["name"] for r in rows_of(folder / f"{stem}_channels.tsv")} == set(truth["labels"])


def test_everything_says_that_it_is_synthetic_and_nobody(corpus):
    for stem, folder, truth in truths(corpus):
        header = (folder / f"{stem}_eeg.edf").read_bytes()[:184]
        assert header[8:88].decode().strip() == "X X X X synthetic"
        assert header[88:168].decode().strip() == "Startdate 01-JAN-1985 X X synthetic"
        assert truth["synthetic"] is True
    description = json.loads((corpus / "dataset_description.json").read_text())
    assert "Synthetic" in description["Name"]
    assert "ynthetic" in (corpus / "README").read_text()


def test_participants_are_the_subjects(corpus):
    rows = rows_of(corpus / "participants.tsv")
    assert [r["participant_id"] for r in rows] == [f"sub-{i:02d}" for i in range(1, 7)]
    assert {r["group"] for r in rows} == {"epilepsy", "control"}
    for (_, _, truth), row in zip(truths(corpus), rows, strict=True):
        assert truth["syndrome"] == row["syndrome"]
        assert bool(truth["seizures"]) == (row["group"] == "epilepsy")


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(corpus, tmp_path):
    write_corpus(CONFIG, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(corpus)
    other = CONFIG.model_copy(update={"seed": 4, "n_subjects": 1})
    write_corpus(other, tmp_path / "other")
    path = "sub-01/ses-01/eeg/sub-01_ses-01_task-szMonitoring_run-00_eeg.edf"
    assert contents(tmp_path / "other")[path] != contents(corpus)[path]


def test_an_interrupted_run_goes_on_and_ends_in_the_same_bytes(corpus, tmp_path, monkeypatch):
    calls = {"left": 30}
    append = EdfWriter.append

    def failing(self, signal):
        calls["left"] -= 1
        if calls["left"] < 0:
            raise KeyboardInterrupt
        append(self, signal)

    with monkeypatch.context() as patch:
        patch.setattr(EdfWriter, "append", failing)
        with pytest.raises(KeyboardInterrupt):
            write_corpus(CONFIG, tmp_path)
    (tmp_path / "sub-01" / "a.edf.77.partial").write_text("of a killed process")
    assert write_corpus(CONFIG, tmp_path) == 4
    assert contents(tmp_path) == contents(corpus)


def test_a_finished_corpus_is_recognised_and_left_alone(corpus):
    seen, before = [], contents(corpus)
    result = synth.run(CONFIG, Context(corpus, progress=Counted(seen)))
    assert (result.state, result.facts["recordings"]) == ("already made", 6)
    assert seen[-1] == (6, 6)
    assert contents(corpus) == before
    assert write_corpus(CONFIG, corpus) == 0


def test_other_settings_are_refused_and_replaced_only_when_asked(tmp_path):
    small = SynthConfig(n_subjects=2, duration_s=30)
    write_corpus(small, tmp_path)
    other = small.model_copy(update={"n_subjects": 1})
    with pytest.raises(ConfigError, match="--overwrite"):
        write_corpus(other, tmp_path)
    assert (tmp_path / "sub-02").exists()
    write_corpus(other, tmp_path, overwrite=True)
    assert not (tmp_path / "sub-02").exists()
    assert write_corpus(other, tmp_path, overwrite=True) == 1


def test_a_corpus_half_cleared_is_never_taken_for_a_finished_one(tmp_path, monkeypatch):
    small = SynthConfig(n_subjects=2, duration_s=30)
    write_corpus(small, tmp_path / "a")

    def killed(path):
        raise KeyboardInterrupt

    other = small.model_copy(update={"seed": 1})
    with monkeypatch.context() as patch:
        patch.setattr(synth.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            write_corpus(other, tmp_path / "a", overwrite=True)
    assert write_corpus(other, tmp_path / "a") == 2
    write_corpus(other, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_folder_that_holds_something_else_is_never_touched(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(ConfigError, match="did not make"):
            write_corpus(CONFIG, tmp_path, overwrite=overwrite)
    assert contents(tmp_path) == {"notes.txt": b"mine"}
    with pytest.raises(ConfigError, match="is a file"):
        write_corpus(CONFIG, tmp_path / "notes.txt", overwrite=True)


def test_memory_does_not_grow_with_the_duration(tmp_path):
    head, peaks = build_head(), []
    for duration_s in (240, 960):
        config = SynthConfig(
            n_subjects=1, duration_s=duration_s, control_fraction=1.0, sfreqs_hz=(256,)
        )
        plan = plan_recording(config, draw_subjects(config)[0], 0)
        tracemalloc.start()
        synth.write_recording(plan, head, tmp_path / str(duration_s))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.4 * peaks[0]
