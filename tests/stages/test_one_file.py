"""One file alone becomes recordings that a model can score and an encoder can embed."""

from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from tinycorpus import write_recording

import eegssl as package


def one_file(folder: Path, name: str = "night.edf") -> Path:
    """A recording without labels, of a person that neither path nor header names."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_recording(folder / name, 8, 30, (8.0, 12.0), labelled=False)


def splits_of(recordings: Path) -> list[str]:
    return [
        line.split("\t")[1] for line in (recordings / "splits.tsv").read_text().splitlines()[1:]
    ]


@pytest.mark.parametrize("as_folder", [False, True])
def test_one_file_is_in_test_and_a_sentence_says_so(tmp_path: Path, as_folder: bool) -> None:
    path = one_file(tmp_path / "one")
    given = path.parent if as_folder else path
    document = done("preprocess", given, "--out", tmp_path / "rec", "--jobs", 1)
    assert splits_of(tmp_path / "rec") == ["test"]
    assert document["facts"]["recordings_by_split"] == {"train": 0, "val": 0, "test": 1}
    told = [text for text in document["warnings"] if "split test" in text]
    assert len(told) == 1
    assert "none can learn from it" in told[0]
    assert any("stands for a person" in text for text in document["warnings"])
    assert "night" not in str(document)
    assert eegssl("check", tmp_path / "rec").code == 0


def test_a_model_scores_one_file_and_an_encoder_embeds_it(tiny: Pipeline, tmp_path: Path) -> None:
    path = one_file(tmp_path / "one")
    done("preprocess", path, "--out", tmp_path / "rec", "--jobs", 1)
    done("evaluate", tiny.root / "model", tmp_path / "rec", "--out", tmp_path / "ev")
    assert (tmp_path / "ev" / "predictions.parquet").exists()
    encoder = package.load_encoder(tiny.root / "encoder")
    assert len(list(package.embed(encoder, tmp_path / "rec"))) == 1


def test_few_files_are_scored_whole_where_a_setting_says_so(tmp_path: Path) -> None:
    for name in ("a.edf", "b.edf"):
        one_file(tmp_path / "edf" / name[0], name)
    refused = eegssl("preprocess", tmp_path / "edf", "--out", tmp_path / "rec", "--jobs", 1)
    assert refused.code == 3
    assert "splits.all=test" in refused.err
    out = tmp_path / "rec"
    command = ("preprocess", tmp_path / "edf", "--out", out, "--jobs", 1)
    document = done(*command, "--set", "splits.all=test")
    assert splits_of(out) == ["test", "test"]
    assert not [text for text in document["warnings"] if "split test" in text]
    assert manifest_of(out)["config"]["splits"]["all"] == "test"
    refused = eegssl("tokenize", out, "--out", tmp_path / "tokens")
    assert refused.code == 3
    for words in ("split train", "all 2 are in test", "splits.all is not set"):
        assert words in " ".join(refused.err.split())


def test_files_that_name_nobody_are_told_how_to_count(tmp_path: Path) -> None:
    for name in ("a.edf", "b.edf"):
        one_file(tmp_path / "edf", name)
    command = ("preprocess", tmp_path / "edf", "--out", tmp_path / "rec", "--jobs", 1)
    refused = eegssl(*command)
    assert refused.code == 3
    assert "subjects.unknown=file" in refused.err
    document = done(*command, "--set", "splits.all=test", "--set", "subjects.unknown=file")
    assert document["facts"]["subjects"] == 2


def test_all_excludes_other_ways_to_split(tmp_path: Path) -> None:
    ran = eegssl(
        *("preprocess", tmp_path, "--out", tmp_path / "rec"),
        *("--set", "splits.all=test", "--set", "splits.folds=3"),
    )
    assert ran.code == 2
    assert "exclude each other" in ran.err
