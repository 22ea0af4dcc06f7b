"""Odd calls of predict: what is wrong costs itself alone, and every message says what to do."""

import os
import shutil
from pathlib import Path

import pytest
from clirun import Pipeline, Ran, done, eegssl, files_of
from tinycorpus import CHANNELS, noise_uv

from eegssl.io.edf.edf_writer import write_edf

FORMATS = ("tsv", "edf", "html", "json")


@pytest.fixture
def good(tiny: Pipeline, tmp_path: Path) -> Path:
    """A file that can be read, alone in a folder."""
    folder = tmp_path / "good"
    folder.mkdir()
    return Path(shutil.copy(next(tiny.edf.rglob("*run-2_eeg.edf")), folder / "night.edf"))


def call(tiny: Pipeline, out: Path, *files: object, model: object = None) -> Ran:
    """Predict these files (and words), by default with the tiny model."""
    return eegssl("predict", *files, "--model", model or tiny.model, "--out", out, "--jobs", 1)


def rows(out: Path) -> list[list[str]]:
    return [line.split("\t") for line in (out / "files.tsv").read_text().splitlines()[1:]]


def tables(out: Path) -> list[str]:
    folder = out / "detections"
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*_events.tsv"))


def test_a_file_that_cannot_be_opened_is_a_row(tiny: Pipeline, good: Path, tmp_path: Path) -> None:
    (good.parent / "self.edf").symlink_to("self.edf")
    (good.parent / "up").symlink_to("../good")
    os.mkfifo(good.parent / "pipe.edf")
    out = tmp_path / "out"
    assert call(tiny, out, good.parent).code == 0
    assert sorted((row[1], row[2]) for row in rows(out)) == [
        ("read", "n/a"),
        ("refused", "unreadable"),
        ("refused", "unreadable"),
    ]
    assert len(tables(out)) == 1


@pytest.mark.parametrize(("first_s", "code"), [(2, "too-short"), (20, "no-eeg")])
def test_a_stretch_that_cannot_be_used_is_told_of_its_file(
    tiny: Pipeline, tmp_path: Path, first_s: int, code: str
) -> None:
    """Nothing says of it that there was no seizure."""
    labels = [f"EEG {name}-REF" for name in CHANNELS]
    onsets_s = [k + (20.0 if k >= first_s else 0.0) for k in range(40)]
    signal_uv = noise_uv(len(CHANNELS), 40, 200, 1)
    signal_uv[:, : 200 * first_s] = 0.0
    path = write_edf(tmp_path / "gap.edf", signal_uv, labels, 200, record_onsets_s=onsets_s)
    ran = call(tiny, tmp_path / "out", path)
    assert ran.code == 0, ran.err
    ((_, status, refused, reason, *_),) = rows(tmp_path / "out")
    assert (status, refused) == ("read", "n/a")
    assert reason.startswith(f"stretch 1 can't be used, {code}: ")
    assert "1 of these can't be used, see files.tsv" in ran.err


def test_nothing_to_read_is_told_with_what_was_expected(tiny: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("x")
    (tmp_path / "bad.edf").write_text("x" * 400)
    for name, words in (
        ("empty", "there is no file at all"),
        ("texts", "no EDF or BDF file"),
        ("nowhere", "check the path"),
        ("bad.edf", "none of 1 file(s) can be used"),
    ):
        ran = call(tiny, tmp_path / "out", tmp_path / name)
        assert ran.code == 3, ran.err
        assert words in ran.err
        assert not (tmp_path / "out").exists()


def test_files_that_can_all_not_be_used_are_told_one_by_one(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    """As preprocess tells them: in the document, each by its id and with its reason."""
    ward = tmp_path / "ward"
    ward.mkdir()
    (ward / "text.edf").write_text("x" * 400)
    (ward / "cut.edf").write_bytes(good.read_bytes()[:900])
    labels = [f"EEG {name}-REF" for name in CHANNELS]
    write_edf(ward / "slow.edf", noise_uv(len(CHANNELS), 40, 100, 1), labels, 100)
    ran = call(tiny, tmp_path / "out", ward, "--json")
    assert ran.code == 3
    assert "none of 3 file(s) can be used" in ran.document["error"]
    refused = ran.document["refused"]
    assert {one["code"] for one in refused} == {"header", "not-edf", "rate-too-low"}
    assert len({one["recording"] for one in refused}) == 3
    assert all(one["reason"] for one in refused)
    seen = call(tiny, tmp_path / "none", ward, "--json", "--dry-run").document
    assert {one["code"] for one in seen["refused"]} == {"header", "not-edf"}
    assert len(seen["accepted"]) == 1  # that the model refuses it is not seen by looking
    (ward / "slow.edf").unlink()
    ran = call(tiny, tmp_path / "none", ward, "--json")
    assert (ran.code, len(ran.document["refused"])) == (3, 2)
    assert not (tmp_path / "none").exists()


def test_refused_files_stand_in_the_document_and_are_shown_by_path(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    (good.parent / "text.edf").write_text("x" * 400)
    out = tmp_path / "out"
    ran = call(tiny, out, good.parent, "--show-names")
    assert ran.code == 0, ran.err
    assert "text.edf" in ran.out
    assert "files.tsv says why (--show-names shows their paths)" in ran.err
    ((refused, *_), (accepted, *_)) = sorted(rows(out), key=lambda row: row[1] == "read")
    again = call(tiny, out, good.parent, "--json").document
    assert again["state"] == "already made"
    assert again["accepted"] == [accepted]
    assert [(one["recording"], one["segment"]) for one in again["refused"]] == [(refused, "n/a")]
    assert "text.edf" not in call(tiny, out, good.parent).out
    strict = call(tiny, out, good.parent, "--strict", "--json")
    assert strict.code == 3
    assert strict.document["accepted"] == [accepted]


def test_what_is_no_model_is_told_with_what_makes_one(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    others = (tiny.recordings, tiny.encoder, tiny.evaluation, tmp_path, tmp_path / "none", good)
    for model in others:
        ran = call(tiny, tmp_path / "out", good, model=model)
        assert ran.code == 4, ran.err
        assert "expected a model, as made by `eegssl finetune`" in ran.err
        assert not (tmp_path / "out").exists()


def test_an_out_that_is_something_else_stays_as_it_is(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    for out in (full, good, tiny.recordings):
        ran = call(tiny, out, good)
        assert ran.code == 2, ran.err
        assert "choose another --out" in ran.err or "--out names a folder" in ran.err
        assert "found" not in ran.err, "files were searched for first"
    assert (full / "mine.txt").read_text() == "mine"
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


def test_predictions_of_other_settings_are_told_before_files_are_read(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    assert call(tiny, tmp_path / "out", good).code == 0
    words = ["--model", tiny.model, "--out", tmp_path / "out", "--jobs", 1]
    ran = eegssl("predict", good, *words, "--format", "json")
    assert ran.code == 2
    assert "made with other settings or inputs (formats ['tsv'] -> ['json'])" in ran.err
    assert "found" not in ran.err
    again = eegssl("predict", good, *words, "--format", "json", "--overwrite")
    assert again.code == 0, again.err


def test_an_out_that_cannot_be_written_is_told_before_files_are_read(
    tiny: Pipeline, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the system's answer is given here."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    ran = call(tiny, tmp_path / "new" / "out", good)
    assert ran.code == 2
    assert f"{tmp_path} can't be written" in ran.err
    assert "found" not in ran.err
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_given_twice_is_read_once(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("good")
    out = tmp_path / "out"
    ran = call(tiny, out, good, good.parent, good, tmp_path / "link", good.parent.parent)
    assert ran.code == 0, ran.err
    assert len(rows(out)) == len(tables(out)) == 1
    assert "read once" in ran.err


@pytest.mark.parametrize("words", [[], ["--keep-names"]], ids=["ids", "names"])
def test_two_files_of_one_name_are_told_apart(
    tiny: Pipeline, good: Path, tmp_path: Path, words: list[str]
) -> None:
    above = tmp_path / "above"
    for name in ("a", "b"):
        (above / name).mkdir(parents=True)
        (above / name / "night.edf").write_bytes(good.read_bytes())
    for given in ([above / "a", above / "b"], [above / "a/night.edf", above / "b/night.edf"]):
        ran = call(tiny, tmp_path / "out", *given, *words)
        assert ran.code == 2
        assert "give the folder above both" in ran.err
        assert "preprocess" not in ran.err
    assert call(tiny, tmp_path / "out", above, *words).code == 0
    assert len(tables(tmp_path / "out")) == 2
    if words:
        assert tables(tmp_path / "out") == ["a/night_events.tsv", "b/night_events.tsv"]


def test_names_that_shells_and_tables_trip_over_are_kept(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "Bär ; $(x) & 'y'" / "Ä b;c.tmp.edf"
    odd.parent.mkdir()
    shutil.copy(good, odd)
    out = tmp_path / "Ö ; out"
    words = ["--keep-names", "--format", ",".join(FORMATS), "--json"]
    ran = call(tiny, out, odd.parent, *words)
    assert ran.code == 0, ran.err
    assert ran.document["facts"]["keeps"] == ["names"]
    names = sorted(path.name for path in (out / "detections").iterdir())
    assert names == sorted(f"Ä b;c.tmp_events.{name}" for name in FORMATS)
    assert eegssl("check", out).code == 0


def test_names_that_no_table_can_hold_end_no_batch(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    """Another encoding, line breaks, the longest name that there is."""
    folder = os.fsencode(good.parent)
    for name in (b"M\xfcller.edf", b"a\nb\tc.edf", b"x" * 250 + b".edf"):
        shutil.copy(good, os.path.join(folder, name))
    out = tmp_path / "out"
    assert call(tiny, out, good.parent, "--keep-names").code == 0
    *others, _ = sorted(rows(out))
    assert {row[1] for row in others} == {"read"}
    named = {"M_ller_events.tsv", "a_b_c_events.tsv", "night_events.tsv"}
    assert len(tables(out)) == 4
    assert named < set(tables(out))
    assert eegssl("check", out).code == 0


def test_an_out_among_the_files_is_not_read_again(
    tiny: Pipeline, good: Path, tmp_path: Path
) -> None:
    words = [good.parent, "--format", "tsv,edf"]
    out = good.parent / "out"
    assert call(tiny, out, *words).code == 0
    assert "already made" in call(tiny, out, *words).err
    assert call(tiny, tmp_path / "other", *words).code == 0
    assert files_of(tmp_path / "other") == files_of(out)


def test_names_of_bids_stay_names_of_bids(tiny: Pipeline, good: Path, tmp_path: Path) -> None:
    bids = tmp_path / "bids"
    stems = ("sub-1/ses-1/eeg/sub-1_ses-1_task-x", "sub-1/ses-2/eeg/sub-1_ses-2_task-x_run-01")
    for stem in stems:
        (bids / stem).parent.mkdir(parents=True)
        shutil.copy(good, bids / f"{stem}_eeg.edf")
    assert call(tiny, tmp_path / "out", bids, "--keep-names").code == 0
    assert tables(tmp_path / "out") == [f"{stem}_events.tsv" for stem in stems]


def test_formats_are_understood_in_any_spelling(tiny: Pipeline, good: Path, tmp_path: Path) -> None:
    words = ("--model", tiny.model, "--jobs", 1, "--format")
    made = done("predict", good, *words, " TSV, json,tsv", "--out", tmp_path / "out")
    assert made["config"]["formats"] == ["tsv", "json"]
    for odd in ("", ",", "pdf", "tsv;edf", "[]", "tsv,", '"'):
        ran = eegssl("predict", good, *words, odd, "--out", tmp_path / "none")
        assert ran.code == 2, odd
        assert "'tsv', 'edf', 'html' or 'json'" in ran.err
        assert not (tmp_path / "none").exists()


def test_an_error_as_json_is_one_document(tiny: Pipeline, good: Path, tmp_path: Path) -> None:
    for files, code in (([tmp_path / "none"], 3), ([good], 0)):
        ran = call(tiny, tmp_path / "out", *files, "--json")
        assert ran.code == code
        assert ("error" in ran.document) == (code != 0)
