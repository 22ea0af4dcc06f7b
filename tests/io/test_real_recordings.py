"""Real files: the same samples and annotations as pyedflib, or a refusal; no other way out."""

import numpy as np
import pyedflib
import pytest
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.annotations import read_annotations, scan_annotations
from eegssl.io.edf import linear_scale, read_digital, read_header, read_signals
from eegssl.io.events import read_events
from eegssl.io.units import microvolts_per_unit

pytestmark = pytest.mark.real
COMPARED = [
    "eegmat/Subject00_1.edf",
    "eegmat/Subject04_1.edf",
    "eegmat/Subject09_2.edf",
    "chbmit_clips/derived_edf/chb01_03_m10_to_end.edf",
    "chbmit_clips/derived_edf/chb01_16_m10_to_end.edf",
    "chbmit_clips/derived_edf/chb02_16plus_p10_to_p20.edf",
    "eegmmi/restored/S001R01_lasttail_lost_60rec.edf",
    "eegmmi/restored/S001R03.edf",
    "eegmmi/restored/S001R08.edf",
    "eeg_microstates/test.edf",
]
REFUSED = {
    "formats/lfs_pointer/git_lfs_pointer.edf": ("not-edf", "pointer file"),
    "formats/nisarg/eyelink_header_fragment.edf": ("not-edf", "first 8 bytes"),
    "eegmmi/crlf_mangled/S001R01.edf": ("text-mode", "line-ending"),
    "eegmmi/crlf_mangled/S001R03.edf": ("text-mode", "line-ending"),
}


def compare_with_pyedflib(path):
    """Every sample within half a quantization step, every annotation at its time."""
    header = read_header(path)
    with pyedflib.EdfReader(str(path)) as reader:
        # pyedflib takes the annotation signal of a file that is no EDF+ for samples.
        signals = header.ordinary_signals if header.is_plus else range(len(header.labels))
        assert reader.signals_in_file == len(signals)
        for number, index in enumerate(signals):
            gain, offset = linear_scale(header, index)
            theirs = reader.readSignal(number)
            ours = read_digital(header, index) * gain + offset
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=abs(gain) / 2)
            if factor := microvolts_per_unit(header.units[index]):
                (signal_uv,) = read_signals(header, [index])
                limit_uv = abs(gain) * factor / 2
                np.testing.assert_allclose(signal_uv, theirs * factor, rtol=0, atol=limit_uv)
            assert header.sfreq_hz(index) == pytest.approx(reader.getSampleFrequency(number))
        if header.is_plus:
            onsets, _, texts = reader.readAnnotations()
            ours = read_annotations(path, header)
            key = [(round(note.onset_s, 4), note.text) for note in ours]
            assert sorted(key) == sorted(zip(np.round(onsets, 4), texts, strict=True))


@pytest.mark.parametrize("name", COMPARED)
def test_samples_and_annotations_are_those_of_pyedflib(name):
    compare_with_pyedflib(real_data(name))


def test_every_file_of_readers_is_read_or_refused():
    """All odd files: none raises anything else; what pyedflib reads, we read alike."""
    refused = set()
    root = real_data("formats")
    paths = [p for p in sorted(root.rglob("*")) if p.suffix.lower() in (".edf", ".bdf")]
    paths = [p for p in paths if "chb05_" not in p.name or p.name == "chb05_06.edf"]
    assert len(paths) > 30
    for path in paths:
        try:
            header = read_header(path)
        except RecordingRefused:
            refused.add(f"formats/{path.relative_to(root).as_posix()}")
            continue
        scan_annotations(header)
        for index in header.ordinary_signals:
            assert len(read_digital(header, index)) > 0
        try:
            pyedflib.EdfReader(str(path)).close()
        except OSError:
            continue
        compare_with_pyedflib(path)
    assert refused == {name for name in REFUSED if name.startswith("formats")}


@pytest.mark.parametrize("name", REFUSED)
def test_damaged_files_are_refused_with_the_reason(name):
    code, words = REFUSED[name]
    with pytest.raises(RecordingRefused, match=words) as refused:
        read_header(real_data(name))
    assert refused.value.code == code


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
    notes = read_annotations(path, header)
    assert notes[0].text == "Sleep stage W"
    assert notes[0].duration_s is not None
