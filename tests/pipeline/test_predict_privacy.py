"""Without --keep-… nothing that predict writes or prints names a person, a file or a date."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from clirun import Pipeline, Ran, eegssl
from leakedwords import contents, spoken
from tinycorpus import CHANNELS, SEIZURE_S, noise_uv, spike_and_wave_uv

from eegssl.io.edf.edf_writer import write_edf

PATIENT = "PQ7734521 F 17-MAR-1951 Wexelmann_Berta"
NAMES = ("Wexelmann", "Berta", "PQ7734521", "Quistgaard", "Tegnerlab", "Ombrovic", "Tchaikow")
NOTES = ("Annunziat", "Bjornstad")
PLACES = ("Steenwyk", "Hellendorn", "Zoetermer", "Drenthelm")
DATES = ("1987-05-13", "13.05.87", "13-MAY-1987", "21:43:58", "21.43.58", "1951")
WORDS = (*NAMES, *NOTES, *PLACES, *DATES)
BIDS = (
    "sub-Wexelmann/eeg/sub-Wexelmann_task-x",
    "sub-01/ses-19870513/eeg/sub-01_ses-19870513_task-x",
    "sub-02/ses-1/eeg/sub-02_ses-1_task-Annunziat_acq-Berta_run-1",
)
"""Of the last the codes of subject, session and run are kept."""
START = datetime(1987, 5, 13, 21, 43, 58)


def write_named(path: Path, k: int, **more: object) -> None:
    """A file with names wherever people type: patient, recording, labels, annotations."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = [*(f"EEG {name}-REF" for name in CHANNELS), "Ombrovic"]
    signal_uv = noise_uv(len(labels), SEIZURE_S, 256, seed=60 + k)
    signal_uv[:-1] += spike_and_wave_uv(SEIZURE_S, 256, 8.0, 16.0)
    marks = [(1.0, 0.0, "Annunziat called"), (2.0, 3.0, "Bjornstad, medication")]
    write_edf(
        path,
        signal_uv,
        labels,
        256,
        annotations=marks,
        patient=PATIENT,
        recording="PQ7734521 Quistgaard Tegnerlab",
        start=START,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files, one with gaps, one cut short, some that are refused; folders have names."""
    folder = tmp_path_factory.mktemp("privacy") / "Steenwyk" / "Hellendorn_Zoetermer"
    for k in range(2):
        write_named(folder / f"{k}" / f"Drenthelm {k}.edf", k)
    onsets_s = [k + (30.0 if k >= 24 else 0.0) for k in range(SEIZURE_S)]
    write_named(folder / "gaps" / "Drenthelm.edf", 3, record_onsets_s=onsets_s)
    for stem in BIDS:
        write_named(folder / f"{stem}_eeg.edf", 4)
    whole = (folder / "0" / "Drenthelm 0.edf").read_bytes()
    bad = folder / "Wexelmann"
    bad.mkdir()
    (bad / "Berta.edf").write_bytes(b"Wexelmann, Berta: Annunziat" * 30)
    (bad / "Drenthelm.edf").write_bytes(whole[:9000])
    (folder / "Zoetermer.edf").write_bytes(whole.replace(b"EEG Fp1-REF", b"Tchaikow   ")[:-77])
    (bad / "Hellendorn.edf").symlink_to(bad / "Hellendorn.edf")
    return folder


@pytest.fixture(scope="module")
def written(
    ward: Path, tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Ran]]:
    """The folder of predictions in all formats, and all that was printed: twice, and as JSON."""
    out = tmp_path_factory.mktemp("written") / "out"
    words = ["predict", ward, "--model", tiny.model, "--out", out, "--jobs", 1]
    words += ["--format", "tsv,edf,html,json"]
    ran = [eegssl(*words), eegssl(*words), eegssl(*words, "--json"), eegssl("info", out)]
    assert [one.code for one in ran] == [0] * len(ran), ran[0].err
    alone = eegssl("predict", ward / "Wexelmann", *words[2:5], out.parent / "none", "--jobs", 1)
    assert alone.code == 3
    return out, [*ran, alone]


def test_what_is_searched_for_is_there(ward: Path) -> None:
    files = [path for path in ward.rglob("*") if path.is_file()]
    planted = b"".join(path.read_bytes() for path in files)
    planted += "/".join(str(path) for path in files).encode()
    for words in (NAMES[:6], NOTES, PLACES, ("13.05.87", "21.43.58", "1951")):
        assert set(spoken(planted, words)) == set(words)


def test_no_file_and_no_name_of_one_holds_a_planted_word(written: tuple[Path, list[Ran]]) -> None:
    out, _ = written
    files = [path for path in out.rglob("*") if path.is_file()]
    for ending in (".tsv", ".edf", ".html", ".json"):
        assert len(list((out / "detections").rglob(f"*_events{ending}"))) == 7
        code = f"sub-02/ses-1/eeg/sub-02_ses-1_task-szMonitoring_run-1_events{ending}"
        assert (out / "detections" / code).is_file()
    told = {
        path.name: words
        for path in files
        if (words := [w for data in contents(path) for w in spoken(data, WORDS)])
    }
    assert told == {}
    names = "/".join(path.relative_to(out).as_posix() for path in out.rglob("*"))
    assert spoken(names.encode(), WORDS) == []


def test_nothing_printed_holds_a_planted_word(written: tuple[Path, list[Ran]]) -> None:
    for ran in written[1]:
        assert spoken((ran.out + ran.err).encode(), WORDS) == []
        assert "Traceback" not in ran.err


def test_names_of_bids_that_may_name_people_are_counted(written: tuple[Path, list[Ran]]) -> None:
    warnings = [w for w in written[1][2].document["warnings"] if "BIDS" in w]
    assert warnings == [
        "2 file(s) of a BIDS data set are called by ids: their subject or session is no short "
        "code, of four letters and four digits at most, and may name a person (--keep-names keeps "
        "their names)"
    ]


def test_deid_finds_nothing(written: tuple[Path, list[Ran]], ward: Path, tmp_path: Path) -> None:
    strings = tmp_path / "strings.txt"
    strings.write_text("\n".join((*NAMES, *NOTES, *PLACES)) + "\n")
    ran = eegssl("deid", "--check", written[0], "--strings", strings, "--json")
    assert ran.code == 0, ran.out + ran.err


def test_kept_names_and_dates_are_found_by_the_same_search(
    ward: Path, tiny: Pipeline, tmp_path: Path
) -> None:
    """Else the search above would prove nothing; the artifact says what it keeps."""
    words = ["predict", ward, "--model", tiny.model, "--out", tmp_path / "out", "--jobs", 1]
    words += ["--format", "tsv,edf,html,json", "--keep-names", "--keep-identity", "--json"]
    ran = eegssl(*words)
    assert json.loads(ran.out)["facts"]["keeps"] == ["names", "identity"]
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    text = b"".join(data for path in files for data in contents(path))
    text += "/".join(path.name for path in files).encode()
    assert {"Wexelmann", "Annunziat", "Drenthelm", "13.05.87", "1987-05-13"} <= set(
        spoken(text, WORDS)
    )
