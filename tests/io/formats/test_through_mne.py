"""Samples, units, kinds, bad channels, events and gaps of each format are what its file holds."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import eegfiles
import mne
import numpy as np
import pytest
import scipy.io

from eegssl.corpus.channels.overrides import ChannelRules, overrides_of
from eegssl.corpus.preprocessing.channel_selection import Choice, select
from eegssl.errors import RecordingRefused
from eegssl.io.bids_names import bids_stem
from eegssl.io.config import ReadSettings
from eegssl.io.formats.recordings import (
    read_recording_header,
    read_samples,
    recording_annotations,
    recording_parts,
    recording_scale,
    recording_start,
)
from eegssl.io.formats.through_mne import mne_reader, optional_packages
from eegssl.io.formats.through_mne.mne_header import _segments
from eegssl.io.labels.events import read_events
from eegssl.io.recording_header import RecordingHeader, Segment
from eegssl.signal.config import ChannelSettings

RATE_HZ = 200
NAMES = ("Fp1", "Fp2", "C3", "C4", "ECG")
SIGNALS = np.round(np.random.default_rng(3).normal(0, 200, (5, RATE_HZ * 40))) / 10
SEIZURE = (10.0, 5.0, "sz")

Write = Callable[..., Path]
WRITERS: dict[str, tuple[Write, str]] = {
    "BrainVision": (eegfiles.write_brainvision, "a.vhdr"),
    "EEGLAB": (eegfiles.write_set, "a.set"),
    "EEGLAB, samples apart": (lambda *a, **k: eegfiles.write_set(*a, apart=True, **k), "a.set"),
    "FIF": (eegfiles.write_fif, "a_raw.fif"),
    "GDF": (eegfiles.write_gdf, "a.gdf"),
    "CNT": (eegfiles.write_cnt, "a.cnt"),
}
BY_MNE: dict[str, Callable[..., Any]] = {
    ".vhdr": mne.io.read_raw_brainvision,
    ".set": mne.io.read_raw_eeglab,
    ".fif": mne.io.read_raw_fif,
    ".gdf": mne.io.read_raw_gdf,
    ".cnt": mne.io.read_raw_cnt,
}


def written(folder: Path, kind: str, signals: Any = SIGNALS, *rest: Any, **more: Any) -> Path:
    write, name = WRITERS[kind]
    return write(folder / name, NAMES, signals, RATE_HZ, *rest, **more)


def in_uv(header: RecordingHeader, index: int, segment: Segment | None = None) -> np.ndarray:
    gain, offset = recording_scale(header, index)
    return read_samples(header, index, segment) * gain + offset


@pytest.mark.parametrize("kind", WRITERS)
def test_samples_are_those_of_the_file_and_of_mne_in_microvolts(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind)
    header = read_recording_header(path)
    assert header.labels == NAMES
    assert [header.sfreq_hz(i) for i in range(5)] == [RATE_HZ] * 5
    assert header.segments == (Segment(0, SIGNALS.shape[1], 0.0),)
    by_mne_uv = BY_MNE[path.suffix](path, preload=True, verbose="ERROR").get_data() * 1e6
    for index in range(5):
        samples = in_uv(header, index)
        assert np.allclose(samples, SIGNALS[index], rtol=1e-6, atol=1e-5)
        assert np.array_equal(samples, by_mne_uv[index].astype(np.float32))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_segment_holds_its_own_samples(tmp_path: Path, kind: str) -> None:
    header = read_recording_header(written(tmp_path, kind))
    segment = Segment(1234, 777, 6.17)
    assert np.array_equal(in_uv(header, 2, segment), in_uv(header, 2)[1234 : 1234 + 777])


@pytest.mark.parametrize("kind", ["BrainVision", "EEGLAB", "FIF"])
def test_annotations_become_events_by_the_grammar_of_edf(tmp_path: Path, kind: str) -> None:
    marks = [SEIZURE, (20.0, 0.0, "seizure start"), (26.5, 0.0, "seizure end"), (30.0, 0.0, "hm")]
    events = read_events(read_recording_header(written(tmp_path, kind, SIGNALS, marks)))
    times = [(event.onset_s, event.duration_s, event.type) for event in events.events]
    assert times == [(10.0, 5.0, "sz"), (20.0, 6.5, "sz")]
    assert events.n_dropped == 1


def test_markers_in_latin_1_are_read_in_any_locale(tmp_path: Path) -> None:
    """mne opens them in the machine's encoding first."""
    path = written(tmp_path, "BrainVision", SIGNALS, [SEIZURE, (20.0, 0.0, "Größe")])
    markers = path.with_suffix(".vmrk")
    text = markers.read_text("utf-8").replace("Codepage=UTF-8\n", "")
    markers.write_bytes(text.encode("latin-1"))
    header = read_recording_header(path)
    notes = recording_annotations(header).annotations
    assert [(n.onset_s, n.duration_s, n.text) for n in notes] == [SEIZURE, (20.0, None, "Größe")]


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind != "FIF"])
def test_markers_behind_the_last_sample_are_kept_as_in_edf(tmp_path: Path, kind: str) -> None:
    marks: Any = {"GDF": [(10.0, 5.0, 769), (9e4, 1.0, 770)], "CNT": [(10.0, 7), (9e4, 8)]}
    path = written(tmp_path, kind, SIGNALS, marks.get(kind, [SEIZURE, (9e4, 1.0, "sz")]))
    notes = recording_annotations(read_recording_header(path)).annotations
    assert [note.onset_s for note in notes] == [SEIZURE[0], 9e4]


def test_onsets_count_from_the_first_sample_whatever_the_first_of_the_amplifier(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "FIF", SIGNALS, [SEIZURE], first_samp=5 * RATE_HZ)
    (event,) = read_events(read_recording_header(path)).events
    assert (event.onset_s, event.duration_s) == (10.0, 5.0)


def test_numbers_of_gdf_and_cnt_are_annotations(tmp_path: Path) -> None:
    gdf = written(tmp_path, "GDF", SIGNALS, [(10.0, 5.0, 769), (20.0, 0.0, 770)])
    notes = recording_annotations(read_recording_header(gdf)).annotations
    times = [(note.onset_s, note.duration_s, note.text) for note in notes]
    assert times == [(10.0, 5.0, "769"), (20.0, None, "770")]
    cnt = written(tmp_path, "CNT", SIGNALS, [(10.0, 7)])
    notes = recording_annotations(read_recording_header(cnt)).annotations
    assert [(n.onset_s, n.duration_s, n.text) for n in notes] == [(10.0, None, "7")]


@pytest.mark.parametrize(
    ("kind", "text"), [("BrainVision", "New Segment/"), ("EEGLAB", "boundary")]
)
def test_what_was_recorded_in_pieces_is_read_in_pieces(
    tmp_path: Path, kind: str, text: str
) -> None:
    header = read_recording_header(written(tmp_path, kind, SIGNALS, [(12.0, 0.0, text)]))
    first, rest = 12 * RATE_HZ, 28 * RATE_HZ
    assert header.segments == (Segment(0, first, 0.0), Segment(first, rest, 12.0))
    assert "gaps" in header.notes
    assert not recording_annotations(header).annotations
    assert np.array_equal(in_uv(header, 0, header.segments[1]), in_uv(header, 0)[first:])


def test_what_was_not_recorded_is_no_signal_of_zeros(tmp_path: Path) -> None:
    path = written(tmp_path, "FIF", SIGNALS, [(8.0, 4.0, "BAD_ACQ_SKIP"), (20.0, 5.0, "sz")])
    header = read_recording_header(path)
    assert header.segments == (
        Segment(0, 8 * RATE_HZ, 0.0),
        Segment(12 * RATE_HZ, 28 * RATE_HZ, 12.0),
    )
    assert header.duration_s == 36.0
    assert header.span_s == 40.0
    (event,) = read_events(header).events
    assert event.onset_s == 20.0


@pytest.mark.parametrize(
    ("unit", "of_unit"), [("mV", 1e3), ("V", 1e6), ("nV", 1e-3), ("uV", 1.0), ("", 1.0)]
)
def test_units_of_brainvision(tmp_path: Path, unit: str, of_unit: float) -> None:
    path = written(tmp_path, "BrainVision", SIGNALS, unit=unit, of_unit=of_unit, step=0.1 / of_unit)
    assert np.allclose(in_uv(read_recording_header(path), 1), SIGNALS[1], rtol=1e-6, atol=1e-5)


def test_a_unit_that_nobody_knows_is_asked_for_and_not_taken_for_volts(tmp_path: Path) -> None:
    header = read_recording_header(written(tmp_path, "GDF", SIGNALS, unit=""))
    with pytest.raises(RecordingRefused, match=r"unit: .*read\.assumed_unit"):
        recording_scale(header, 0)
    gain, _ = recording_scale(header, 0, assumed_unit="uV")
    assert np.allclose(read_samples(header, 0) * gain, SIGNALS[0], rtol=1e-6, atol=1e-5)
    gain, _ = recording_scale(read_recording_header(written(tmp_path, "CNT")), 0, unit="mV")
    assert gain == 1000.0


def test_kinds_and_bad_channels_are_those_of_the_file(tmp_path: Path) -> None:
    fif = written(tmp_path, "FIF", types=["eeg", "eog", "mag", "eeg", "ecg"], bads=["C4"])
    header = read_recording_header(fif)
    assert header.kinds == ("", "eog", "other", "", "ecg")
    assert header.faults == ("", "", "", "marked-bad", "")
    path = written(tmp_path, "EEGLAB", types=["EEG", "EOG", "EMG", "MISC", "ECG"])
    header = read_recording_header(path)
    assert header.kinds == ("", "eog", "emg", "other", "ecg")
    header = read_recording_header(written(tmp_path, "CNT", bads=["Fp2"]))
    assert header.faults == ("", "marked-bad", "", "", "")


@pytest.mark.parametrize("kind", ["EEGLAB", "EEGLAB, samples apart", "FIF"])
def test_a_channel_that_is_not_finite_is_marked(tmp_path: Path, kind: str) -> None:
    signals = SIGNALS.copy()
    signals[2, 4321] = np.nan
    header = read_recording_header(written(tmp_path, kind, signals))
    assert header.faults == ("", "", "non-finite", "", "")


def test_blocks_of_any_size_give_the_same_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = read_recording_header(written(tmp_path, "BrainVision"))
    whole = [in_uv(header, i) for i in range(5)]
    monkeypatch.setattr(mne_reader, "BLOCK_BYTES", 2 * 4 * SIGNALS.shape[1])
    monkeypatch.setattr(mne_reader, "_STEP_BYTES", 8 * 5 * 999)
    mne_reader._block.cache_clear()
    for index in (4, 0, 3, 1, 2):
        assert np.array_equal(in_uv(header, index), whole[index])


def test_a_split_fif_is_one_recording(tmp_path: Path) -> None:
    signals = np.random.default_rng(4).normal(0, 20, (5, RATE_HZ * 900))
    path = written(tmp_path, "FIF", signals, split_size="2MB")
    parts = recording_parts(path, tmp_path)
    names = ["a_raw.fif", "a_raw-1.fif", "a_raw-2.fif", "a_raw-3.fif"]
    assert [part.name for part in parts] == names
    header = read_recording_header(path)
    assert header.n_records == signals.shape[1]
    assert np.allclose(in_uv(header, 4), signals[4], rtol=1e-6, atol=1e-5)
    with pytest.raises(RecordingRefused, match="parts: it goes on after another file"):
        read_recording_header(parts[1])
    parts[2].unlink()
    with pytest.raises(RecordingRefused, match="parts: its next part isn't there"):
        read_recording_header(path)


def test_a_fif_cannot_claim_another_recording_for_its_part(tmp_path: Path) -> None:
    signals = np.random.default_rng(4).normal(0, 20, (5, RATE_HZ * 900))
    path = written(tmp_path, "FIF", signals, split_size="2MB")
    (tmp_path / "other").mkdir()
    os.replace(written(tmp_path / "other", "FIF"), tmp_path / "a_raw-1.fif")
    with pytest.raises(RecordingRefused, match="that doesn't go on after it"):
        read_recording_header(path)


def test_the_start_is_local_time_or_none(tmp_path: Path) -> None:
    header = read_recording_header(written(tmp_path, "BrainVision"))
    assert recording_start(header).isoformat() == "2013-04-17T09:30:12"
    with pytest.raises(RecordingRefused, match="no start in local time"):
        recording_start(read_recording_header(written(tmp_path, "FIF")))


def test_the_code_of_a_patient_is_read_as_that_of_edf_is(tmp_path: Path) -> None:
    path = written(tmp_path, "FIF", subject={"his_id": "P7", "last_name": "Doe"})
    header = read_recording_header(path)
    assert header.patient_code == "P7"
    assert "P7" not in repr(header)
    assert "Doe" not in repr(header)


def test_egi_is_read_from_its_folder_with_its_gap(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    signals = np.random.default_rng(5).normal(0, 20, (33, RATE_HZ * 20))
    path = eegfiles.write_mff(tmp_path / "a.mff", signals, RATE_HZ, gap_s=4.0, event_s=2.0)
    capfd.readouterr()
    header = read_recording_header(path)
    half = RATE_HZ * 10
    assert header.segments == (Segment(0, half, 0.0), Segment(14 * RATE_HZ, half, 14.0))
    assert header.labels[:2] == ("E1", "E2")
    assert header.kinds.count("") == 33
    for segment, part in zip(header.segments, (signals[:, :half], signals[:, half:]), strict=True):
        assert np.allclose(in_uv(header, 3, segment), part[3], rtol=1e-6, atol=1e-5)
    (note,) = recording_annotations(header).annotations
    assert (note.onset_s, note.duration_s, note.text) == (2.0, None, "sz")
    assert len(recording_parts(path, tmp_path)) == len(list(path.iterdir()))
    assert capfd.readouterr() == ("", "")


def test_a_link_out_of_an_egi_folder_is_refused(tmp_path: Path) -> None:
    signals = np.random.default_rng(5).normal(0, 20, (33, RATE_HZ * 4))
    (tmp_path / "in").mkdir()
    path = eegfiles.write_mff(tmp_path / "in" / "a.mff", signals, RATE_HZ, 4.0, event_s=1.0)
    (path / "signal1.bin").rename(tmp_path / "outside.bin")
    (path / "signal1.bin").symlink_to(tmp_path / "outside.bin")
    with pytest.raises(RecordingRefused, match="parts: its file is a link that leads out"):
        read_recording_header(path, tmp_path / "in")


def test_eeglab_of_matlab_7_3_is_read(tmp_path: Path) -> None:
    header = read_recording_header(eegfiles.write_set_hdf5(tmp_path / "a.set", SIGNALS, RATE_HZ))
    assert header.n_records == SIGNALS.shape[1]
    assert np.allclose(in_uv(header, 4), SIGNALS[4], rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(("name", "package"), [("a.set", "pymatreader"), ("a.mff", "mffpy")])
def test_without_the_package_the_reason_has_the_command_that_brings_it(
    tmp_path: Path, name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    if name == "a.set":
        eegfiles.write_set_hdf5(path, SIGNALS, RATE_HZ)
    else:
        path.mkdir()
    monkeypatch.setattr(optional_packages, "find_spec", lambda wanted: None)
    with pytest.raises(
        RecordingRefused, match=rf"package: .*{package}: pip install 'eegssl\[formats\]'"
    ):
        read_recording_header(path)


def test_many_gaps_are_found_in_time_that_grows_with_their_number(tmp_path: Path) -> None:
    skips = [(0.1 + k * 0.02, 0.01, "BAD_ACQ_SKIP") for k in range(1900)]
    raw = mne.io.RawArray(SIGNALS * 1e-6, mne.create_info(list(NAMES), RATE_HZ, "eeg"))
    raw.set_annotations(mne.Annotations(*zip(*skips, strict=True)))
    raw.annotations.append(0.155, 0.0, "boundary")
    pieces = _segments(raw, raw.n_times, RATE_HZ, ())
    assert len(pieces) == 1902
    spans = [(piece.first_record, piece.n_records) for piece in pieces[:5]]
    assert spans == [(0, 20), (22, 2), (26, 2), (30, 1), (31, 1)]
    assert sum(piece.n_records for piece in pieces) == SIGNALS.shape[1] - 2 * 1900


def test_bad_channels_are_used_where_they_are_asked_for(tmp_path: Path) -> None:
    signals = SIGNALS.copy()
    signals[0, 7] = np.inf
    header = read_recording_header(written(tmp_path, "FIF", signals, bads=["Fp1", "C4"]))

    def used(bads: str) -> list[str]:
        rules = ChannelRules(ChannelSettings(bads=bads), ReadSettings())
        choice = Choice(overrides_of(header, "a_raw.fif", rules))
        return [signal.channel.name for signal in select(header, choice).eeg]

    assert used("drop") == ["Fp2", "C3"]
    assert used("keep") == ["Fp2", "C3", "C4"]


def test_epochs_are_no_recording(tmp_path: Path) -> None:
    path = written(tmp_path, "EEGLAB")
    structure = scipy.io.loadmat(path, simplify_cells=True)["EEG"]
    structure |= {"trials": 4, "pnts": 2000, "data": SIGNALS.reshape(5, 2000, 4)}
    scipy.io.savemat(path, {"EEG": structure}, appendmat=False)
    with pytest.raises(RecordingRefused, match="epochs: it holds epochs"):
        read_recording_header(path)


def test_tables_of_bids_lie_beside_meg_and_split_names_too() -> None:
    assert bids_stem(Path("sub-1_task-x_eeg.vhdr")) == "sub-1_task-x"
    assert bids_stem(Path("sub-1_task-x_split-01_meg.fif")) == "sub-1_task-x"
    assert bids_stem(Path("night.fif")) is None


def test_samples_that_no_part_holds_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = written(tmp_path / "in", "EEGLAB, samples apart")
    structure = scipy.io.loadmat(path, simplify_cells=True)["EEG"] | {"data": "../b.fdt"}
    os.replace(path.with_suffix(".fdt"), tmp_path / "b.fdt")
    scipy.io.savemat(path, {"EEG": structure}, appendmat=False)
    with pytest.raises(RecordingRefused, match="parts: its samples lie in a file of another name"):
        read_recording_header(path, tmp_path / "in")
