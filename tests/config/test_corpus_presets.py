"""Every corpus preset fits its corpus: settings that exist, subjects, labels and splits found.

The trees are tiny and made here, in the layouts that the corpora are shipped in.
"""

from pathlib import PurePosixPath

import pytest
from edf_bytes import plus, time_stamps
from labelfiles import blank_edf, spans

from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.config.resolve import read_preset, resolve
from eegssl.corpus.splits import by_folders
from eegssl.errors import RecordingRefused
from eegssl.io.edf.header import read_header
from eegssl.io.labels.events import read_events
from eegssl.io.subjects import find_subject

CSV = "# version = csv_v1.0.0\nchannel,start_time,stop_time,label,confidence\n"
TSV = "onset\tduration\teventType\n1\t2\tsz_foc\n"
SUMMARY = "File Name: chb21_01.edf\nNumber of Seizures in File: 1\nSeizure 1 Start Time: 1 seconds"
SUMMARY += "\nSeizure 1 End Time: 3 seconds\n"
SIENA = "File name: PN00-1.edf\nRegistration start time: 00.00.00\nSeizure start time: 00.00.01\n"
SIENA += "Seizure end time: 00.00.03\n"
HELSINKI = {f"annotations_2017_{expert}.csv": "1,2\n0,0\n0,1\n0,1\n0,0\n" for expert in "ABC"}
OLD_TUSZ = "edf/dev/01_tcp_ar/002/00000258/s002_2003_07_21/00000258_s002_t000.edf"
TSE = "version = tse_v1.0.0\n\n1.0000 3.0000 {} 1.0000\n"
TUH = "{}/s001_2002/02_tcp_le/{}_s001_t000.edf"
SUBJECT = "aaaaaaac"
TUSZ = TUH.format(SUBJECT, SUBJECT)
SEIZEIT2 = "sub-001/ses-01/eeg/sub-001_ses-01_task-szMonitoring_run-01_eeg.edf"
OLD_TUAB = "edf/eval/normal/01_tcp_ar/000/00000021/s004_2013_08_15/00000021_s004_t000.edf"

# preset, recording, subject, label files beside it (None: at the root), seizures or types found
LAYOUTS = [
    ("tuh", f"edf/000/{TUSZ}", SUBJECT, {".csv": CSV + "FP1-F7,1,3,cpsz,1\n"}, "sz_foc_ia"),
    ("tuh", "edf/000/00000258/s002_2003_07_21/00000258_s002_t000.edf", "00000258", {}, None),
    (
        "tusz",
        f"edf/train/{TUSZ}",
        SUBJECT,
        {".csv": CSV + "FP1-F7,1,3,tcsz,1\n", ".csv_bi": CSV + "TERM,1,3,seiz,1\n"},
        "sz_gen_m_tonicClonic",
    ),
    ("tusz", OLD_TUSZ, "00000258", {".tse": TSE.format("absz"), ".tse_bi": TSE.format("seiz")},
     "sz_gen_nm"),
    ("tuab", f"edf/train/abnormal/01_tcp_ar/{SUBJECT}_s004_t000.edf", SUBJECT, {}, None),
    ("tuab", OLD_TUAB, "00000021", {}, None),
    ("tuev", f"edf/train/{SUBJECT}/{SUBJECT}_00000001.edf", SUBJECT, {".rec": "0,1,3,2\n"}, "gped"),
    ("tuev", "edf/eval/032/bckg_032_a_.edf", "032", {".rec": "0,1,3,6\n"}, "bckg"),
    ("tuev", "edf/eval/056/pled_056_a_1.edf", "056", {".rec": "0,1,3,3\n"}, "pled"),
    ("tuep", f"00_epilepsy/{TUSZ}", SUBJECT, {".csv_bi": CSV + "TERM,1,3,seiz,1\n"}, "sz"),
    ("tusl", f"edf/{TUSZ}", SUBJECT, {".tse_agg": TSE.format("slow")}, "slow"),
    ("chb-mit", "chb21/chb21_01.edf", "chb01", {"chb21-summary.txt": SUMMARY}, "sz"),
    ("chb-mit", "chb17/chb17a_03.edf", "chb17", {}, None),
    ("siena", "PN00/PN00-1.edf", "PN00", {"Seizures-list-PN00.txt": SIENA}, "sz"),
    ("siena", "PN10/PN10-4.5.6.edf", "PN10", {".tsv": TSV}, "sz_foc"),
    ("helsinki", "eeg2.edf", "eeg2", HELSINKI, "sz"),
    ("seizeit2", SEIZEIT2, "sub-001", {"_events.tsv": TSV}, "sz_foc"),
    ("sleep-edf", "sleep-cassette/SC4001E0-PSG.edf", "SC400", {"SC4001EC-Hypnogram.edf": None},
     "sleep_rem"),
    ("eegmat", "Subject00_1.edf", "Subject00", {}, None),
    ("bids", "sub-a1/ses-2/eeg/sub-a1_ses-2_task-rest_eeg.edf", "sub-a1", {"_events.tsv": TSV},
     "sz_foc"),
]  # fmt: skip
CORPORA = sorted({layout[0] for layout in LAYOUTS})
LINE = {"chb-mit": "60", "bids": "auto"} | dict.fromkeys(
    ("siena", "helsinki", "seizeit2", "sleep-edf", "eegmat"), "50"
)


def settings_of(name) -> PreprocessConfig:
    return resolve("preprocess", presets=[name], environment={})


@pytest.mark.parametrize("name", CORPORA)
def test_a_preset_says_only_what_is_true_of_the_corpus(name):
    assert set(read_preset(name)) == {"preprocess"}
    config = settings_of(name)
    assert config.filter.notch == LINE.get(name, "60")
    assert config.corpus == ""
    assert config.subjects.aliases == {"chb21": "chb01"}


@pytest.mark.parametrize(("name", "path", "subject", "labels", "kind"), LAYOUTS)
def test_subjects_and_labels_are_found_in_the_layout_of_the_corpus(
    tmp_path, name, path, subject, labels, kind
):
    config = settings_of(name)
    recording = blank_edf(tmp_path / path)
    stem = recording.stem.removesuffix("_eeg")
    for ending, text in labels.items():
        beside = recording.with_name(stem + ending if ending[0] in "._" else ending)
        if text is None:
            stages = time_stamps(["0"])
            stages[0] += b"+1\x152\x14Sleep stage R\x14\x00"
            beside.write_bytes(plus(["0"], tals=stages).bytes())
        else:
            beside.write_text(text)
    found = read_events(read_header(recording), config.events, tmp_path)
    assert spans(found) == ([(1, 3, kind)] if kind else [])
    pattern, aliases = config.subjects.pattern, config.subjects.aliases
    assert find_subject(PurePosixPath(path), "MRN1", pattern, aliases) == subject


@pytest.mark.parametrize("name", CORPORA)
def test_a_file_of_another_corpus_has_no_subject_here(name):
    pattern = settings_of(name).subjects.pattern
    with pytest.raises(RecordingRefused):
        find_subject("ward3/Jane_Doe.edf", "MRN1", pattern)


@pytest.mark.parametrize(
    ("name", "folders"),
    [
        ("tusz", {"train": "train", "dev": "val", "eval": "test"}),
        ("tuab", {"train": "train", "eval": "test"}),
        ("tuev", {"train": "train", "eval": "test"}),
    ],
)
def test_official_splits_are_the_folders_of_the_corpus(name, folders):
    assert settings_of(name).splits.folders == folders
    paths = [(subject, path) for preset, path, subject, *_ in LAYOUTS if preset == name]
    splits = by_folders(paths, settings_of(name).splits.folders)
    assert splits == {s: folders[PurePosixPath(path).parts[1]] for s, path in paths}


@pytest.mark.parametrize("name", sorted({*CORPORA} - {"tusz", "tuab", "tuev"}))
def test_corpora_without_official_splits_get_none(name):
    assert settings_of(name).splits.folders == {}
