"""Bad input, anywhere: a message that says what to do, the exit code of its kind, nothing lost."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from clirun import MAKERS, Pipeline, Ran, commands, done, eegssl, files_of, manifest_of, stamps_of
from tinycorpus import CALM_S, RECORDINGS, noise_uv, write_corpus, write_recording

from eegssl.io.edf.edf_writer import write_edf


def preprocess(edf: Path, out: Path, *more: object) -> Ran:
    return eegssl("preprocess", edf, "--out", out, "--jobs", 1, *more)


def garbage(folder: Path) -> Path:
    """Three files that end in .edf or .bdf and can't be read, for three reasons."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "empty.edf").write_bytes(b"")
    (folder / "noise.edf").write_bytes(bytes(range(256)) * 40)
    (folder / "pointer.bdf").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    )
    return folder


def without_eeg(path: Path) -> Path:
    """A recording that holds an electrocardiogram alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_edf(path, noise_uv(1, CALM_S, 200, seed=3), ["ECG"], 200)


def test_an_empty_folder_exits_3(tmp_path: Path) -> None:
    (tmp_path / "edf").mkdir()
    ran = preprocess(tmp_path / "edf", tmp_path / "out")
    assert ran.code == 3
    assert "no EDF or BDF file" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_does_not_exist_exits_3(tmp_path: Path) -> None:
    ran = preprocess(tmp_path / "edf", tmp_path / "out")
    assert ran.code == 3
    assert "check the path" in ran.err


def test_a_folder_without_one_readable_edf_exits_3_with_reasons(tmp_path: Path) -> None:
    ran = preprocess(garbage(tmp_path / "edf"), tmp_path / "out")
    assert ran.code == 3
    assert "none of 3 file(s)" in ran.err
    assert "large-file storage" in ran.err
    assert ran.err.count("1 ×") == 3
    assert not (tmp_path / "out").exists()


def test_files_without_any_eeg_exit_3_with_the_reason(tmp_path: Path) -> None:
    for k in range(3):
        without_eeg(tmp_path / "edf" / f"sub-{k}" / f"sub-{k}_eeg.edf")
    ran = preprocess(tmp_path / "edf", tmp_path / "out")
    assert ran.code == 3
    assert "3 × no-eeg" in ran.err
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("subjects", [1, 2])
def test_too_few_subjects_exit_3_and_say_what_to_do(tmp_path: Path, subjects: int) -> None:
    edf = write_corpus(tmp_path / "edf", range(subjects))
    ran = preprocess(edf, tmp_path / "out")
    assert ran.code == 3
    assert f"{subjects} subject(s)" in ran.err
    for way in ("more subjects", "splits.file", "splits.by=recording", "within-subject"):
        assert way in ran.err
    assert not (tmp_path / "out").exists()


def test_one_subject_split_by_recording_is_marked_within_subject(tmp_path: Path) -> None:
    folder = tmp_path / "edf" / "sub-01"
    folder.mkdir(parents=True)
    for run in range(4):
        write_recording(folder / f"sub-01_run-{run}_eeg.edf", 1 + 4 * run, 40, (8, 16))
    recordings, tokens = tmp_path / "recordings", tmp_path / "tokens"
    assert preprocess(tmp_path / "edf", recordings, "--set", "splits.by=recording").code == 0
    quick = ("--set", "training.steps=2", "--set", "tokenizer.n_codes=4")
    assert done("tokenize", recordings, "--out", tokens, *quick)["facts"]["within_subject"]


def test_subjects_too_few_because_files_are_refused_exit_3(tmp_path: Path) -> None:
    edf = write_corpus(tmp_path / "edf", range(2))
    without_eeg(edf / "sub-90" / "sub-90_eeg.edf")
    ran = preprocess(edf, tmp_path / "out")
    assert ran.code == 3
    assert "2 subject(s)" in ran.err
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good subjects, three unreadable files, one without EEG."""
    edf = write_corpus(tmp_path_factory.mktemp("mixed") / "edf", range(3))
    garbage(edf / "sub-80")
    without_eeg(edf / "sub-81" / "sub-81_eeg.edf")
    return edf


def test_refused_files_are_listed_and_the_rest_goes_through(mixed: Path, tmp_path: Path) -> None:
    ran = preprocess(mixed, tmp_path / "out")
    assert ran.code == 0
    assert manifest_of(tmp_path / "out")["facts"]["refused"] == 4
    assert manifest_of(tmp_path / "out")["facts"]["recordings"] == 6
    lines = (tmp_path / "out" / "refused.tsv").read_text().splitlines()
    assert lines[0] == "recording\tsegment\tcode\treason"
    refused = [line.split("\t") for line in lines[1:]]
    assert len(refused) == 4
    assert sorted(code for _, _, code, _ in refused).count("no-eeg") == 1
    for id_, segment, code, reason in refused:
        assert segment == "n/a"
        assert id_.startswith("r-")
        assert code
        assert reason
        assert id_ in ran.out
    assert "sub-80" not in ran.out + ran.err


def test_paths_are_shown_only_when_asked_for(mixed: Path, tmp_path: Path) -> None:
    ran = preprocess(mixed, tmp_path / "out", "--show-names")
    assert ran.code == 0
    for name in ("sub-80/empty.edf", "sub-80/pointer.bdf", "sub-81/sub-81_eeg.edf"):
        assert name in ran.out
    assert not [f for f in (tmp_path / "out").rglob("*.tsv") if "sub-8" in f.read_text()]


def test_strict_exits_3_when_a_file_is_refused(mixed: Path, edf_dir: Path, tmp_path: Path) -> None:
    ran = preprocess(mixed, tmp_path / "out", "--strict")
    assert ran.code == 3
    assert "4 file(s)" in ran.err
    again = preprocess(mixed, tmp_path / "out", "--strict")
    assert again.code == 3
    assert preprocess(edf_dir, tmp_path / "fine", "--strict").code == 0


def test_strict_and_json_are_still_one_document(mixed: Path, tmp_path: Path) -> None:
    ran = preprocess(mixed, tmp_path / "out", "--strict", "--json")
    assert ran.code == 3
    assert ran.document
    assert "4 file(s)" in ran.err


def test_a_task_without_labels_exits_3(tiny: Pipeline, tmp_path: Path) -> None:
    edf = tmp_path / "edf"
    for k in range(3):
        folder = edf / f"sub-{k}"
        folder.mkdir(parents=True)
        write_recording(folder / f"sub-{k}_eeg.edf", k, CALM_S, None, labelled=False)
    assert preprocess(edf, tmp_path / "recordings").code == 0
    task = ("--task", "seizure-detection", "--out", tmp_path / "model")
    ran = eegssl("finetune", tmp_path / "recordings", "--encoder", tiny.encoder, *task)
    assert ran.code == 3
    assert "none of class seizure" in ran.err
    assert "events.parquet" in ran.err
    assert not (tmp_path / "model").exists()


def test_windows_longer_than_every_recording_exit_3(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl("tokenize", tiny.recordings, "--out", tmp_path / "out", "--set", "window_s=100")
    assert ran.code == 3
    assert "100 s" in ran.err
    assert "40 s" in ran.err


def test_a_splits_file_is_checked(edf_dir: Path, tmp_path: Path) -> None:
    names = [f"sub-{k:02d}" for k in range(8)]
    good = "".join(f"{name}\t{('train', 'val', 'test')[k % 3]}\n" for k, name in enumerate(names))
    for text, word in (
        ("subject\tsplit\n" + good.replace("sub-03\ttrain\n", ""), "1 subject(s) are not in"),
        ("subject\tsplit\n" + good.replace("\tval", "\tdev"), "3 of 8 subjects have another split"),
        ("subject\tpart\n" + good, "'split'"),
    ):
        (tmp_path / "splits.tsv").write_text(text)
        ran = preprocess(edf_dir, tmp_path / "out", "--set", f"splits.file={tmp_path}/splits.tsv")
        assert ran.code in (2, 3)
        assert word in ran.err
        assert not (tmp_path / "out" / "manifest.json").exists()
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    (tmp_path / "splits.tsv").write_text("subject\tsplit\n" + good)
    file = f"splits.file={tmp_path}/splits.tsv"
    assert preprocess(edf_dir, tmp_path / "out", "--set", file).code == 0
    counts = manifest_of(tmp_path / "out")["facts"]["recordings_by_split"]
    assert counts == {"train": 6, "val": 6, "test": 4}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("flags", [[], ["--overwrite"], ["--dry-run"]], ids=" ".join)
def test_an_output_folder_that_holds_something_else_is_left_as_it_is(
    tiny: Pipeline, tmp_path: Path, name: str, flags: list[str]
) -> None:
    out = tmp_path / "out"
    (out / "signals").mkdir(parents=True)
    (out / "thesis.tex").write_text("years of work")
    (out / "signals" / "mine.npy").write_bytes(b"\x00\x01")
    before = stamps_of(out), files_of(out)
    ran = eegssl(*commands(tiny, tmp_path)[name], "--out", out, *flags)
    assert ran.code == 2, ran.err
    assert str(out) in ran.err
    assert "choose another --out" in ran.err
    assert "files found" not in ran.err, "the recordings were looked at first"
    assert (stamps_of(out), files_of(out)) == before


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("below", ["", "run"])
def test_an_output_that_is_or_lies_below_a_file_exits_2(
    tiny: Pipeline, tmp_path: Path, name: str, below: str
) -> None:
    (tmp_path / "file").write_text("mine")
    ran = eegssl(*commands(tiny, tmp_path)[name], "--out", tmp_path / "file" / below)
    assert ran.code == 2, ran.err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", MAKERS[:5])
def test_an_artifact_of_another_kind_is_left_as_it_is(
    tiny: Pipeline, copied: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    kind = "tokens" if name != "tokenize" else "encoder"
    out = copied(kind)
    before = stamps_of(out)
    ran = eegssl(*commands(tiny, tmp_path)[name], "--out", out, "--overwrite")
    assert ran.code == 2
    assert kind in ran.err
    assert stamps_of(out) == before


def test_other_settings_need_overwrite(tiny: Pipeline, copied: Callable[[str], Path]) -> None:
    out = copied("tokens")
    before = files_of(out)
    command = [*tiny.command("tokenize", out), "--set", "window_s=2"]
    ran = eegssl(*command)
    assert ran.code == 2
    assert "window_s 4.0 -> 2" in ran.err
    assert "--overwrite" in ran.err
    assert files_of(out) == before
    assert eegssl(*command, "--overwrite").code == 0
    assert manifest_of(out)["config"]["window_s"] == 2


@pytest.mark.parametrize("state", ["finished", "unfinished", "damaged"])
@pytest.mark.parametrize("place", ["notes.txt", "codes/notes.txt"])
def test_overwrite_never_deletes_foreign_files(
    tiny: Pipeline, copied: Callable[[str], Path], place: str, state: str
) -> None:
    out = copied("tokens")
    mine = out / place
    mine.write_text("years of work")
    if state == "unfinished":
        (out / "manifest.json").unlink()
        plan = '{"kind": "tokens", "config": {}, "inputs": [], "schema_version": 4, "seed": 9}'
        (out / "eegssl-plan.json").write_text(plan)
    if state == "damaged":
        text = (out / "manifest.json").read_text()
        (out / "manifest.json").write_text(text.replace('"seed": 0', '"seed": 1'))
    eegssl(*tiny.command("tokenize", out), "--set", "window_s=2", "--overwrite")
    assert mine.is_file()
    assert mine.read_text() == "years of work"


def test_a_link_as_output_is_never_followed_to_delete(
    tiny: Pipeline, copied: Callable[[str], Path], tmp_path: Path
) -> None:
    """A folder that a user linked into an artifact is not ours to empty."""
    out, other = copied("tokens"), tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    os.symlink(other, out / "linked")
    eegssl(*tiny.command("tokenize", out), "--set", "window_s=2", "--overwrite")
    assert (other / "thesis.tex").read_text() == "years of work"


def test_the_corpus_itself_is_never_written_to(tiny: Pipeline) -> None:
    assert len(list(tiny.edf.rglob("*.edf"))) == RECORDINGS
    before = stamps_of(tiny.edf)
    assert preprocess(tiny.edf, tiny.edf, "--overwrite").code == 2
    assert stamps_of(tiny.edf) == before
