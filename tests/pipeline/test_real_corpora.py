"""preprocess is right on real recordings: names, lengths, events, and the signal itself."""

import csv
from pathlib import Path

import mne
import numpy as np
import pytest
from realdata import real_data

from eegssl.artifacts.context import Context
from eegssl.config.resolve import resolve
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.stages import preprocess

pytestmark = pytest.mark.real
CHB_MIT = [
    "Fp1-F7",
    "F7-T7",
    "T7-P7",
    "P7-O1",
    "Fp1-F3",
    "F3-C3",
    "C3-P3",
    "P3-O1",
    "Fp2-F4",
    "F4-C4",
    "C4-P4",
    "P4-O2",
    "Fp2-F8",
    "F8-T8",
    "T8-P8",
    "P8-O2",
    "Fz-Cz",
    "Cz-Pz",
    "T7-FT9",
    "FT9-FT10",
    "FT10-T8",
]
TEN_TWENTY = [
    "Fp1",
    "Fp2",
    "F3",
    "F4",
    "F7",
    "F8",
    "T7",
    "T8",
    "C3",
    "C4",
    "P7",
    "P8",
    "P3",
    "P4",
    "O1",
    "O2",
    "Fz",
    "Cz",
    "Pz",
]


def preprocessed(folder: Path, out: Path, *sets: str) -> Corpus:
    config = resolve("preprocess", sets=sets, environment={})
    result = preprocess.run(config, [folder], Context(out), jobs=1)
    assert result.facts["refused"] == 0
    return open_corpus([out])


def channels_of(corpus: Corpus) -> list[list[str]]:
    return [list(r.channels) for r in corpus.recordings]


def cleaned_by_mne(path: Path, channel: str, line_hz: float | None) -> np.ndarray:
    """The same chain by mne, in µV at 200 Hz."""
    raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR")
    x = raw.get_data(picks=[channel])[0] * 1e6
    x = mne.filter.filter_data(x - x.mean(), raw.info["sfreq"], 0.5, 70.0, verbose="ERROR")
    if line_hz:
        x = mne.filter.notch_filter(x, raw.info["sfreq"], line_hz, verbose="ERROR")
    return mne.filter.resample(x, up=200.0, down=raw.info["sfreq"], verbose="ERROR")


@pytest.mark.slow
def test_every_subject_of_eegmat_has_rest_and_task_of_nineteen_electrodes(tmp_path: Path) -> None:
    folder = real_data("eegmat")
    with (folder / "subject-info.csv").open() as stream:
        listed = [row["Subject"] for row in csv.DictReader(stream)]
    names = sorted(path.name for path in folder.glob("*.edf"))
    there = [name for name in listed if f"{name}_1.edf" in names]
    assert len(there) >= 10
    assert names == sorted(f"{name}_{part}.edf" for name in there for part in (1, 2))
    corpus = preprocessed(folder, tmp_path / "out")
    ids = Pseudonyms()
    subjects = {r.id: r.subject for r in corpus.recordings}
    assert subjects == {ids.recording(n): ids.subject(n.split("_")[0]) for n in names}
    assert channels_of(corpus) == [TEN_TWENTY] * len(names)
    assert {r.events for r in corpus.recordings} == {()}
    rest = next(r for r in corpus.recordings if r.id == ids.recording("Subject00_1.edf"))
    assert rest.n_samples == 182 * 200
    wanted = cleaned_by_mne(folder / "Subject00_1.edf", "EEG T3", rest.line_hz)
    got = corpus.read_uv(rest, 0, rest.n_samples)[rest.channels.index("T7")]
    middle = slice(2000, -2000)
    assert np.abs(got - wanted)[middle].max() < 0.01 * wanted[middle].std()


def test_chbmit_clips_have_their_seizures_and_no_doubled_derivation(tmp_path: Path) -> None:
    folder = real_data("chbmit_clips", "derived_edf")
    corpus = preprocessed(folder, tmp_path / "out", "splits.by=recording")
    assert channels_of(corpus) == [CHB_MIT] * 16
    assert corpus.within_subject
    assert len({r.subject for r in corpus.recordings}) == 2
    ids = Pseudonyms()
    events = {r.id: r.events for r in corpus.recordings}
    with (folder / "seizures_dev.tsv").open() as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            found = [(e.onset_s, e.duration_s, e.type) for e in events[ids.recording(row["file"])]]
            wanted = [(row["seizure_onset_s"], row["seizure_duration_s"])]
            wanted = [] if row["seizure_onset_s"] == "n/a" else wanted
            assert found == [(float(on), float(length), "sz") for on, length in wanted]


@pytest.mark.slow
def test_eegmmi_has_sixty_four_electrodes_and_its_markers(tmp_path: Path) -> None:
    folder = real_data("eegmmi", "restored")
    corpus = preprocessed(folder, tmp_path / "out", "splits.by=recording")
    assert {len(r.channels) for r in corpus.recordings} == {64}
    assert {r.line_hz for r in corpus.recordings} == {60.0}
    located = [corpus.geometry(r.channels).located[:, 0].all() for r in corpus.recordings]
    assert all(located)
    third = next(r for r in corpus.recordings if r.id == Pseudonyms().recording("S001R03.edf"))
    assert [e.type for e in third.events[:4]] == ["T0", "T2", "T0", "T1"]
    assert [e.onset_s for e in third.events[:4]] == [0.0, 4.2, 8.3, 12.5]
    assert third.n_samples == 125 * 200


def test_line_end_damage_is_refused_by_name(tmp_path: Path) -> None:
    folder = real_data("eegmmi", "crlf_mangled")
    with pytest.raises(ValueError, match="text-mode"):
        preprocess.run(resolve("preprocess", environment={}), [folder], Context(tmp_path / "out"))
