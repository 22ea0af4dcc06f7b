"""Recordings open in MNE-Python in one call: volts, kinds, places and events, and no date."""

import shutil
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clirun import done
from safetensors.numpy import load_file, save_file
from tinycorpus import write_corpus

from eegssl.api import open_raw, recording_ids
from eegssl.artifacts.atomic import canonical_json, hash_file
from eegssl.artifacts.manifest import MANIFEST
from eegssl.artifacts.reading import read_manifest
from eegssl.corpus.preprocessing.recording_tables import RECORDINGS
from eegssl.corpus.store import open_corpus
from eegssl.errors import ArtifactError, InputError
from eegssl.io.edf.mne_raw import About, Signals, make_raw
from eegssl.io.labels.event_types import Event


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three subjects of the tiny corpus, cleaned."""
    root = tmp_path_factory.mktemp("raw")
    out = root / "recordings"
    done("preprocess", write_corpus(root / "edf", range(3)), "--out", out, "--jobs", 1)
    return out


@pytest.fixture(scope="module")
def raws(recordings: Path) -> list[mne.io.BaseRaw]:
    return [open_raw(recordings, id_) for id_ in recording_ids(recordings)]


def test_every_recording_opens_with_its_samples_in_volts(recordings, raws):
    corpus = open_corpus([recordings])
    assert len(raws) == len(corpus.recordings) == 6
    for raw, recording in zip(raws, corpus.recordings, strict=True):
        stored_uv = corpus.read_uv(recording, 0, recording.n_samples)
        assert raw.ch_names == list(recording.channels)
        assert raw.info["sfreq"] == corpus.sfreq_hz
        assert raw.get_channel_types(unique=True) == ["eeg"]
        np.testing.assert_allclose(raw.get_data(units="uV"), stored_uv, rtol=1e-9)


def test_events_are_annotations_at_their_times(recordings, raws):
    corpus = open_corpus([recordings])
    seizures = 0
    for raw, recording in zip(raws, corpus.recordings, strict=True):
        found = [(a["onset"], a["duration"], a["description"]) for a in raw.annotations]
        assert found == [(e.onset_s, e.duration_s, e.type) for e in recording.events]
        seizures += sum(kind == "sz" for _, _, kind in found)
        assert raw.annotations.orig_time is None
    assert seizures == 3


def test_a_seizure_lies_where_the_annotation_says(raws):
    """The tiny corpus's seizure is a spike-and-wave of 200 µV on noise of 15."""
    for raw in raws:
        for mark in (a for a in raw.annotations if a["description"] == "sz"):
            inside = raw.copy().crop(mark["onset"] + 1, mark["onset"] + mark["duration"] - 1)
            before = raw.copy().crop(0, mark["onset"] - 1)
            assert inside.get_data().std() > 3 * before.get_data().std()


def test_filters_mains_and_subject_are_told_and_nothing_else(recordings, raws):
    rows = pq.read_table(recordings / RECORDINGS).to_pylist()
    for raw, row in zip(raws, sorted(rows, key=lambda r: r["recording"]), strict=True):
        assert raw.info["highpass"] == row["band_low_hz"]
        assert raw.info["lowpass"] == row["band_high_hz"]
        assert raw.info["line_freq"] == row["line_hz"]
        assert raw.info["subject_info"] == {"his_id": row["subject"]}
        for name in ("meas_date", "description", "experimenter", "device_info", "proj_name"):
            assert not raw.info[name]


def test_electrodes_lie_where_mne_puts_them(raws):
    known = mne.channels.get_builtin_montages()
    name = next(n for n in ("colin27_1005", "standard_1005") if n in known)  # renamed in mne 1.13
    table = mne.channels.make_standard_montage(name)
    told = mne.io.RawArray(
        np.zeros((len(raws[0].ch_names), 1)),
        mne.create_info(raws[0].ch_names, 1, "eeg"),
        verbose="ERROR",
    ).set_montage(table)
    for ours, theirs in zip(raws[0].info["chs"], told.info["chs"], strict=True):
        distance_m = np.linalg.norm(ours["loc"][:3] - theirs["loc"][:3])
        assert distance_m < 0.002  # mne fits its head to all, we to the same fiducials


def test_derivations_have_no_place_and_channels_that_are_not_there_are_not_named():
    signals = Signals(np.ones((3, 200)), ("Fp1-F7", "C3-A2", "ECG"), ("eeg", "eeg", "ecg"))
    events = [Event(0.25, 0.5, "sz", ("Fp1-F7", "Oz")), Event(0.1, 0.0, "bckg")]
    raw = make_raw(signals, About(200.0, "s-1", electrodes={"C3-A2": "C3"}, events=events))
    placed = [bool(np.isfinite(c["loc"][:3]).all() and c["loc"][:3].any()) for c in raw.info["chs"]]
    assert placed == [False, True, False]
    assert [a["ch_names"] for a in raw.annotations] == [(), ("Fp1-F7",)]
    assert [a["onset"] for a in raw.annotations] == pytest.approx([0.1, 0.25])


def test_kinds_are_kept_and_doubled_names_told_apart():
    names, kinds = ("Cz", "ECG", "ECG", "EOG", "EMG", "SPO2"), ("eeg", "ecg", "ecg", "eog", "emg")
    raw = make_raw(Signals(np.zeros((6, 10)), names, (*kinds, "other")), About(100.0, "s-1"))
    assert raw.get_channel_types() == [*kinds, "misc"]
    assert raw.ch_names == ["Cz", "ECG", "ECG (2)", "EOG", "EMG", "SPO2"]


def test_auxiliary_channels_follow_the_eeg(recordings, tmp_path):
    """As ``preprocess`` stores them: tensors beside the EEG, names and kinds in the table."""
    folder = Path(shutil.copytree(recordings, tmp_path / "recordings"))
    id_ = recording_ids(folder)[0]
    before = open_raw(folder, id_)
    path = folder / "signals" / f"{id_}.safetensors"
    n_blocks, _, length = load_file(path)["signal"].shape
    beside = np.arange(2 * n_blocks * length, dtype=np.int16).reshape(2, -1)
    scale = np.array([0.5, 2.0], np.float32)
    tensors = load_file(path) | {"auxiliary_scale_uv": scale}
    tensors["auxiliary"] = np.stack(np.split(beside, n_blocks, axis=1))
    save_file(tensors, path)
    expected_uv = beside[:, : before.n_times] * scale[:, None].astype(float)
    table = pq.read_table(folder / RECORDINGS)
    for name, values in (("auxiliary", ["ECG", "EOG"]), ("auxiliary_kinds", ["ecg", "eog"])):
        if name in table.column_names:
            table = table.drop_columns([name])
        column = [values if i == id_ else [] for i in table["recording"].to_pylist()]
        table = table.append_column(name, pa.array(column, pa.list_(pa.string())))
    signals = [folder / "signals" / f"{i}.safetensors" for i in table["recording"].to_pylist()]
    sizes = pa.array([signal.stat().st_size for signal in signals])
    table = table.set_column(table.column_names.index("bytes"), "bytes", sizes)
    pq.write_table(table, folder / RECORDINGS)
    reseal(folder)
    raw = open_raw(folder, id_)
    assert raw.get_channel_types() == [*before.get_channel_types(), "ecg", "eog"]
    np.testing.assert_allclose(raw.get_data(["ECG", "EOG"]) * 1e6, expected_uv, rtol=1e-6)
    np.testing.assert_array_equal(raw.get_data(before.ch_names), before.get_data())


def reseal(folder: Path) -> None:
    """Make the manifest fit the table that a test has changed."""
    manifest, table = read_manifest(folder), folder / RECORDINGS
    files = manifest.files | {RECORDINGS: (table.stat().st_size, hash_file(table))}
    manifest = replace(manifest, files=files)
    manifest = replace(manifest, id=manifest.digest())
    (folder / MANIFEST).write_text(canonical_json(manifest.to_json()))


def test_an_unknown_id_or_folder_is_an_error_that_says_what_to_do(recordings, tmp_path):
    with pytest.raises(InputError, match="expected one such as r-"):
        open_raw(recordings, "r-000000000000")
    with pytest.raises(ArtifactError):
        recording_ids(tmp_path)


def test_a_folder_may_be_given_as_text(recordings):
    assert open_raw(str(recordings), recording_ids(str(recordings))[-1]).n_times > 0
