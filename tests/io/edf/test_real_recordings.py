"""Real files: every one is read as an independent reader reads it, or is in the table of refusals.

The reader is pyedflib; for the two files that it refuses (each with its reason) it is mne. Where a
file comes with a dump of its content by another program, that is compared too. Samples agree to
half a quantization step of the file.
"""

import csv
import json
from pathlib import Path

import mne
import numpy as np
import pyedflib
import pytest
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import linear_scale, read_digital, read_signals
from eegssl.io.labels.events import read_events
from eegssl.io.physical_units import microvolts_per_unit

pytestmark = pytest.mark.real
LARGE = ["eegmat", "chbmit_clips", "eegmmi", "ssvep_exo", "muse_cueing"]
GROUPS = [*LARGE, "eeg_microstates", "sleep_edf", "formats"]
REFUSED = {
    "formats/lfs_pointer/git_lfs_pointer.edf": ("not-edf", "pointer file"),
    "formats/nisarg/eyelink_header_fragment.edf": ("not-edf", "first 8 bytes"),
    "eegmmi/crlf_mangled/S001R01.edf": ("text-mode", "line-ending"),
    "eegmmi/crlf_mangled/S001R03.edf": ("text-mode", "line-ending"),
}
REFUSED_BY_PYEDFLIB = {
    # The header says -1 records, as while a recording runs: the file's size tells how many.
    "formats/mne-python/test.bdf": "Number of Datarecords",
    # The unit field of a signal holds bytes that are not ASCII.
    "formats/wfdb/test_generator_2.edf": "Physical Dimension",
}


def edf_files(group):
    root = real_data()
    found = sorted(path for path in (root / group).rglob("*") if is_edf(path))
    return {path.relative_to(root).as_posix(): path for path in found}


def is_edf(path):
    return path.suffix.lower() in (".edf", ".bdf")


def signals_of(header):
    """Index, samples and quantization step of every signal in the header's own units."""
    # pyedflib takes the annotation signal of a file that is no EDF+ for samples.
    for index in header.ordinary_signals if header.is_plus else range(len(header.labels)):
        gain, offset = linear_scale(header, index)
        yield index, read_digital(header, index) * gain + offset, abs(gain)


def compare_with_pyedflib(path):
    """Every sample, every rate, every annotation at its time."""
    header = read_header(path)
    with pyedflib.EdfReader(str(path)) as reader:
        ours = list(signals_of(header))
        assert reader.signals_in_file == len(ours)
        for number, (index, samples, step) in enumerate(ours):
            theirs = reader.readSignal(number)
            np.testing.assert_allclose(samples, theirs, rtol=0, atol=step / 2)
            if factor := microvolts_per_unit(header.units[index]):
                (signal_uv,) = read_signals(header, [index])
                limit_uv = step * factor / 2
                np.testing.assert_allclose(signal_uv, theirs * factor, rtol=0, atol=limit_uv)
            assert header.sfreq_hz(index) == pytest.approx(reader.getSampleFrequency(number))
            assert header.labels[index] == reader.getLabel(number).strip()
        if header.is_plus:
            onsets, durations, texts = reader.readAnnotations()
            notes = scan_annotations(header).annotations
            key = [(round(n.onset_s, 4), n.duration_s, n.text) for n in notes]
            theirs = zip(np.round(onsets, 4), durations, texts, strict=True)
            assert sorted(key, key=str) == sorted(
                ((t, None if d < 0 else d, text) for t, d, text in theirs), key=str
            )


def compare_with_mne(path):
    """All signals of the highest rate (mne resamples the others) in volts."""
    header = read_header(path)
    reader = mne.io.read_raw_bdf if path.suffix == ".bdf" else mne.io.read_raw_edf
    raw = reader(path, preload=True, stim_channel=None, verbose="error")
    assert len(raw.ch_names) == len(header.ordinary_signals)
    ours = list(signals_of(header))
    assert all(header.sfreq_hz(index) == raw.info["sfreq"] for index, _, _ in ours)
    for (index, samples, step), theirs in zip(ours, raw.get_data(), strict=True):
        factor = microvolts_per_unit(header.units[index])
        scale = factor / 1e6 if factor else 1.0
        np.testing.assert_allclose(samples * scale, theirs, rtol=0, atol=step * scale / 2)


@pytest.mark.parametrize(
    "group", [pytest.param(g, marks=[pytest.mark.slow] if g in LARGE else []) for g in GROUPS]
)
def test_every_file_is_refused_or_read_as_others_read_it(group):
    refused, unread = {}, set()
    files = edf_files(group)
    assert files
    for name, path in files.items():
        try:
            header = read_header(path)
        except RecordingRefused as error:
            refused[name] = error
            continue
        assert [(s.first_record, s.n_records) for s in header.segments] == [(0, header.n_records)]
        if name in REFUSED_BY_PYEDFLIB:
            unread.add(name)
            compare_with_mne(path)
        else:
            compare_with_pyedflib(path)
    assert set(refused) == {name for name in REFUSED if name.startswith(f"{group}/")}
    assert unread == {name for name in REFUSED_BY_PYEDFLIB if name.startswith(f"{group}/")}
    for name, error in refused.items():
        code, words = REFUSED[name]
        assert error.code == code
        assert words in error.reason


def test_no_recording_is_outside_of_the_groups():
    root = real_data()
    outside = [
        p for p in root.rglob("*") if is_edf(p) and p.relative_to(root).parts[0] not in GROUPS
    ]
    assert outside == []


@pytest.mark.parametrize(("name", "words"), REFUSED_BY_PYEDFLIB.items())
def test_what_pyedflib_is_excused_from_it_still_refuses(name, words):
    with pytest.raises(OSError, match=words):
        pyedflib.EdfReader(str(real_data(name))).close()


@pytest.mark.parametrize("name", ["edfPlusC.edf", "bdfPlusC.bdf"])
def test_the_dump_of_edfreader_says_the_same(name):
    path = real_data("formats", "edfReader", name)
    dump = np.loadtxt(path.with_name(f"{path.stem}_data.txt"), delimiter=",", skiprows=1)
    header = read_header(path)
    assert len(header.ordinary_signals) == dump.shape[1] - 1
    for column, (_, samples, step) in enumerate(signals_of(header), start=1):
        np.testing.assert_allclose(samples, dump[:, column], rtol=0, atol=step / 2)


@pytest.mark.parametrize("name", ["edfPlusC.edf", "bdfPlusC.bdf", "edfAnnonC.edf"])
def test_the_tables_of_edfreader_say_the_same(name):
    path = real_data("formats", "edfReader", name)
    header = read_header(path)
    rows = csv_rows(path.with_name(f"{path.stem}_annotations.txt"))
    onsets = [(float(row["Onset"]), row["Duration"], row["Annotation"]) for row in rows]
    # It counts from the header's clock, which is 0.7 s before the first sample in one file.
    notes = [
        (round(note.onset_s + header.start_offset_s, 9), note.duration_s, note.text)
        for note in scan_annotations(header).annotations
    ]
    assert sorted(notes) == sorted((t, float(d) if d else None, text) for t, d, text in onsets)
    for row in csv_rows(path.with_name(f"{path.stem}_signals.txt")):
        index = [label.strip() for label in header.labels].index(row["Label"].strip())
        assert header.units[index] == row["Units"].strip()
        assert header.samples_per_record[index] == int(row["Smp/Rec"])
        limits = (header.physical_min, header.physical_max, header.digital_min, header.digital_max)
        for values, column in zip(limits, ("Min", "Max", "Dmin", "Dmax"), strict=True):
            assert values[index] == float(row[column])


def csv_rows(path: Path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_header_reference_of_edfio_says_the_same():
    path = real_data("formats", "edfio", "short_psg_header_reference.json")
    header = read_header(path.with_name("short_psg.edf"))
    reference = json.loads(path.read_text())
    assert len(reference) == len(header.ordinary_signals)
    for index, signal in zip(header.ordinary_signals, reference, strict=True):
        assert header.labels[index] == signal["label"]
        assert header.units[index] == signal["physical_dimension"]
        assert header.physical_min[index] == signal["physical_min"]
        assert header.physical_max[index] == signal["physical_max"]
        assert header.digital_min[index] == signal["digital_min"]
        assert header.digital_max[index] == signal["digital_max"]
        assert header.samples_per_record[index] == signal["samples_per_data_record"]
        assert header.sfreq_hz(index) == signal["sampling_frequency"]


def test_clips_carry_the_seizures_of_their_table():
    folder = real_data("chbmit_clips", "derived_edf")
    rows = (folder / "seizures_dev.tsv").read_text().splitlines()[1:]
    assert len(rows) == 16
    for row in rows:
        name, _, duration_s, onset_s, seizure_s, _ = row.split("\t")
        header = read_header(folder / name)
        assert header.duration_s == float(duration_s)
        events = [(e.onset_s, e.duration_s, e.type) for e in read_events(header).events]
        assert events == ([] if onset_s == "n/a" else [(float(onset_s), float(seizure_s), "sz")])


def test_motor_imagery_keeps_its_markers():
    found = read_events(read_header(real_data("eegmmi", "restored", "S001R03.edf")))
    assert {event.type for event in found.events} == {"T0", "T1", "T2"}
    assert found.events[0].onset_s == 0.0
    assert (len(found.events), found.source, found.n_dropped) == (30, "", 0)


def test_hypnograms_without_signals_give_their_annotations():
    path = real_data("sleep_edf", "hypnograms", "SC4001EC-Hypnogram.edf")
    header = read_header(path)
    assert header.ordinary_signals == ()
    notes = scan_annotations(header).annotations
    assert notes[0].text == "Sleep stage W"
    assert notes[0].duration_s is not None
