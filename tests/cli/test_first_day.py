"""The mistakes of a first day end with what was found, what was expected, and what to do."""

from pathlib import Path

import pytest
import torch
from clirun import Pipeline, Ran, done, eegssl
from tinycorpus import CALM_S, write_corpus, write_recording

TASK = ("--task", "seizure-detection")


def said(ran: Ran, code: int, *words: str) -> None:
    """The command ended with this code and these words on stderr, and no traceback."""
    assert ran.code == code, ran.err
    for word in words:
        assert word in ran.err
    assert "Traceback" not in ran.err


def test_a_wrong_path_names_what_was_wanted_and_what_lies_near(
    tiny: Pipeline, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "out")
    said(eegssl("preprocess", tmp_path / "edff", *out), 3, "input 1 of 1", "check the path")
    near = tiny.root / "recording"
    words = f"there is no folder {near} (did you mean {tiny.recordings}?)"
    said(eegssl("tokenize", near, *out), 4, words, "as made by `eegssl preprocess`")
    ran = eegssl("finetune", tiny.recordings, "--encoder", tmp_path / "x", *TASK, *out)
    said(ran, 4, f"no folder {tmp_path / 'x'};", "an encoder, as made by `eegssl pretrain`")
    said(eegssl("tokenize", tiny.settings, *out), 4, "is a file; expected recordings")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_the_wrong_stage_names_the_command_that_makes_the_right_one(
    tiny: Pipeline, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "out")
    said(eegssl("tokenize", tiny.edf, *out), 4, "it has no manifest.json", "`eegssl preprocess`")
    said(eegssl("preprocess", tiny.recordings, *out), 3, "1 of 1 hold what eegssl made")
    ran = eegssl("evaluate", tiny.recordings, tiny.model, *out)
    said(ran, 4, "holds recordings; expected a model, as made by `eegssl finetune`")


def test_missing_labels_say_where_labels_come_from(tiny: Pipeline, tmp_path: Path) -> None:
    for k in range(3):
        path = tmp_path / "edf" / f"sub-{k}" / "a.edf"
        path.parent.mkdir(parents=True)
        write_recording(path, k, CALM_S, None, labelled=False)
    recordings = tmp_path / "recordings"
    done("preprocess", tmp_path / "edf", "--out", recordings, "--jobs", 1)
    model = ("--encoder", tiny.encoder, *TASK, "--out", tmp_path / "model")
    ran = eegssl("finetune", recordings, *model)
    said(ran, 3, "none of class seizure", "no recording here has any event", "a TSV beside it")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("filter.lowhz=1", "did you mean 'low_hz'?"),
        ("fliter.low_hz=1", "did you mean 'filter'?"),
        ("filter.low_hz", "key=value was expected"),
        ("filter.low_hz=much", "(got 'much')"),
    ],
)
def test_a_misspelt_setting_names_the_nearest(
    tiny: Pipeline, tmp_path: Path, wrong: str, words: str
) -> None:
    said(eegssl("preprocess", tiny.edf, "--out", tmp_path / "out", "--set", wrong), 2, words)


def test_a_wrong_preset_is_named_and_one_of_another_corpus_told(
    tiny: Pipeline, tmp_path: Path
) -> None:
    command = ("preprocess", tiny.edf, "--out", tmp_path / "out", "--jobs", 1, "--preset")
    said(eegssl(*command, "tusx"), 2, "no preset 'tusx'", "did you mean 'tusz'?")
    words = "subjects.pattern, as set or by a preset, does not match"
    said(eegssl(*command, "siena"), 3, words, "leave the preset out if this is another corpus")


def test_a_task_whose_name_is_cut_short_lists_those_that_begin_so(
    tiny: Pipeline, tmp_path: Path
) -> None:
    task = ("--task", "seizure", "--out", tmp_path / "out")
    ran = eegssl("finetune", tiny.recordings, "--encoder", tiny.encoder, *task)
    said(ran, 2, "did you mean one of seizure-detection, seizure-detection-seconds")


def test_one_subject_says_how_to_go_on(tmp_path: Path) -> None:
    edf = write_corpus(tmp_path / "edf", range(1))
    ran = eegssl("preprocess", edf, "--out", tmp_path / "out", "--jobs", 1)
    ways = ("add recordings of more subjects", "--set splits.by=recording", "--set splits.all=test")
    said(ran, 3, "1 subject(s) can't be split into 3 parts", *ways)


def test_a_gpu_that_is_absent_is_told(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    ran = eegssl(*tiny.command("pretrain", tmp_path / "out"), "--set", "training.device=cuda")
    said(ran, 2, "training.device is cuda, but torch finds no such device; use auto or cpu")


def test_an_output_that_exists_is_kept(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl(*tiny.command("preprocess"), "--set", "filter.low_hz=1")
    said(ran, 2, "filter.low_hz 0.5 -> 1.0", "pass --overwrite", "another --out")
    said(eegssl("tokenize", tiny.recordings, "--out", tiny.recordings), 2, "not tokens")
    said(eegssl("tokenize", tiny.recordings, "--out", tiny.settings), 2, "--out names a folder")
    out = ("--out", tiny.edf)
    said(eegssl("preprocess", tiny.edf, *out, "--jobs", 1), 2, "eegssl did not make")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "edf").mkdir()
    ran = eegssl("preprocess", tmp_path / "edf", "--out", tmp_path / "out")
    said(ran, 3, "no EDF or BDF file", "there is no file at all")


def test_what_does_not_belong_together_names_both_and_a_cure(
    tiny: Pipeline, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    done("preprocess", tiny.edf, "--out", other, "--jobs", 1, "--set", "corpus=other")
    ran = eegssl("pretrain", other, "--tokens", tiny.tokens, "--out", tmp_path / "encoder")
    said(ran, 4, f"{tiny.tokens} was made from recordings", "make it anew from these")


def test_a_search_of_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    said(eegssl("deid", "--check", tmp_path / "recc"), 3, "so nothing was searched")


def test_a_single_file_is_searched(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Zqzwaluw\n")
    note = tmp_path / "note.log"
    note.write_text("seen by zqzwaluw")
    said(eegssl("deid", "--check", note, "--strings", names), 4, "1 finding(s)")
