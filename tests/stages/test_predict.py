"""New files through a model: as evaluate would answer, and whatever they are a row each."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of, metrics_of
from tinycorpus import CALM_S, CHANNELS, SEIZURE_S, noise_uv, write_corpus

from eegssl.io.edf.edf_writer import write_edf
from eegssl.signal.waveform import Sketches


def predict(tiny: Pipeline, out: Path, *files: object) -> dict:
    return done("predict", *files, "--model", tiny.model, "--out", out, "--jobs", 1)


def files_table(out: Path) -> list[dict[str, str]]:
    header, *lines = (out / "files.tsv").read_text().splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


@pytest.fixture(scope="module")
def whole(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The predictions of all files of the corpus."""
    out = tmp_path_factory.mktemp("whole") / "predictions"
    predict(tiny, out, tiny.edf)
    return out


def probabilities(folder: Path) -> dict[tuple[str, float], float]:
    """Recording and start of a window -> probability of a seizure."""
    rows = pq.read_table(folder / "predictions.parquet").to_pylist()
    return {(row["recording"], row["start_s"]): row["p_seizure"] for row in rows}


def test_probabilities_are_those_of_evaluate(tiny: Pipeline, whole: Path) -> None:
    ours, theirs = probabilities(whole), probabilities(tiny.evaluation)
    assert theirs
    for window, p in theirs.items():
        assert ours[window] == pytest.approx(p, abs=1e-6)


def test_tables_of_events_are_those_of_evaluate(tiny: Pipeline, whole: Path) -> None:
    tables = sorted((tiny.evaluation / "detections").rglob("*.tsv"))
    assert tables
    names = {row["file"]: row["name"] for row in files_table(whole)}
    for table in tables:
        same = whole / "detections" / f"{names[table.name.removesuffix('_events.tsv')]}_events.tsv"
        assert same.read_text() == table.read_text()


def test_names_of_a_bids_data_set_are_those_of_szcore(tiny: Pipeline, whole: Path) -> None:
    files = sorted(tiny.edf.rglob("*_eeg.edf"))
    expected = [
        path.relative_to(tiny.edf).with_name(
            path.name.replace("_run-", "_task-szMonitoring_run-").replace("_eeg.edf", "_events.tsv")
        )
        for path in files
    ]
    tables = sorted((whole / "detections").rglob("*.tsv"))
    assert [path.relative_to(whole / "detections") for path in tables] == sorted(expected)
    facts = manifest_of(whole)["facts"]
    assert (facts["bids_names"], facts["keeps"]) == (len(files), [])


@pytest.mark.parametrize("of_files", [True, False], ids=["files", "recordings"])
def test_scores_against_labels_are_those_of_evaluate(
    tiny: Pipeline, whole: Path, tmp_path: Path, of_files: bool
) -> None:
    theirs = tmp_path / "theirs"
    every = ["--set", "split=all", "--allow-leak", "--config", tiny.settings]
    done("evaluate", tiny.model, tiny.recordings, *every, "--out", theirs)
    reference = tiny.edf if of_files else tiny.recordings
    words = ["--rescore", whole, "--reference", reference, "--out", tmp_path / "ours"]
    refused = eegssl("evaluate", *words)
    assert refused.code == 4
    assert "fitted on what is to be scored" in refused.err
    done("evaluate", *words, "--allow-leak")
    ours, expected = (metrics_of(folder) for folder in (tmp_path / "ours", theirs))
    for name in ("windows", "events", "per_subject", "detections"):
        assert ours[name] == expected[name]


def test_a_reference_of_other_files_is_refused(whole: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path / "other", range(1))
    (tmp_path / "other" / "sub-00").rename(tmp_path / "other" / "sub-77")
    words = ["--reference", tmp_path / "other", "--out", tmp_path / "out"]
    ran = eegssl("evaluate", "--rescore", whole, *words)
    assert ran.code == 3
    assert "holds none of the 16 recordings" in ran.err


def test_predictions_are_a_sound_artifact(whole: Path) -> None:
    assert eegssl("check", whole).code == 0
    rows = files_table(whole)
    assert {row["status"] for row in rows} == {"read"}
    assert {float(row["duration_s"]) for row in rows} == {float(SEIZURE_S), float(CALM_S)}


def test_each_file_says_whether_the_model_has_seen_it(tiny: Pipeline, whole: Path) -> None:
    fitted = set(manifest_of(tiny.model)["fitted_on"]["recordings"])
    rows = {row["file"]: row["seen"] for row in files_table(whole)}
    assert 0 < len(fitted & rows.keys()) < len(rows)
    for file, seen in rows.items():  # on those of val its threshold was chosen, too
        told = {"recording,subject", "recording,subject,statistics"}
        assert seen in (told if file in fitted else {"none"})
    assert len(set(rows.values())) == 3
    assert manifest_of(whole)["facts"]["seen"] == len(fitted & rows.keys())


def test_a_copy_under_another_name_is_seen_by_its_signal(
    tiny: Pipeline, whole: Path, tmp_path: Path
) -> None:
    fitted = set(manifest_of(tiny.model)["fitted_on"]["recordings"])
    for k, path in enumerate(sorted(tiny.edf.rglob("*run-1_eeg.edf"))):
        shutil.copy(path, tmp_path / f"other-{k}.edf")
    predict(tiny, tmp_path / "out", tmp_path)
    seen = [row["seen"] for row in files_table(tmp_path / "out")]
    n_fitted = sum(row["file"] in fitted for row in files_table(whole)) // 2
    assert seen.count("waveform") == n_fitted
    assert seen.count("none") == len(seen) - n_fitted


def test_the_size_of_the_scratch_is_said_first(tiny: Pipeline, tmp_path: Path) -> None:
    file = next(tiny.edf.rglob("*run-1_eeg.edf"))
    ran = eegssl("predict", file, "--model", tiny.model, "--out", tmp_path / "out")
    lines = ran.err.splitlines()
    (size_at,) = [k for k, line in enumerate(lines) if "MB beside the output" in line]
    assert size_at < next(k for k, line in enumerate(lines) if line.startswith("files: 1/1"))
    assert not any(tmp_path.rglob("*.safetensors"))


def test_the_waveforms_that_a_model_saw_are_indexed_once(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of thousands of recordings would else take longer to be audited than to answer."""
    n_built = 0
    build = Sketches.__init__

    def counted(self: Sketches, of: dict[str, np.ndarray]) -> None:
        nonlocal n_built
        n_built += 1
        build(self, of)

    monkeypatch.setattr(Sketches, "__init__", counted)
    predict(tiny, tmp_path / "out", tiny.edf / "sub-01", tiny.edf / "sub-02")
    assert len(files_table(tmp_path / "out")) == 4
    assert n_built == 1


def test_a_file_that_cannot_be_read_is_a_row(tiny: Pipeline, tmp_path: Path) -> None:
    folder = tmp_path / "ward"
    folder.mkdir()
    good = next(tiny.edf.rglob("*run-1_eeg.edf"))
    shutil.copy(good, folder / "good.edf")
    (folder / "cut.edf").write_bytes(good.read_bytes()[:300])
    names = [f"EEG {a}-{b}" for a, b in pairwise(CHANNELS)]
    write_edf(folder / "bipolar.edf", noise_uv(len(names), 40, 256, 1), names, 256)
    labels = [f"EEG {name}-REF" for name in CHANNELS]
    write_edf(folder / "slow.edf", noise_uv(len(CHANNELS), 40, 100, 1), labels, 100)
    document = predict(tiny, tmp_path / "out", folder)
    rows = files_table(tmp_path / "out")
    assert sorted(row["status"] for row in rows) == ["read", "refused", "refused", "refused"]
    assert {"other-montage", "rate-too-low"} < {row["code"] for row in rows}
    assert document["facts"]["refused"] == 3
    assert document["facts"]["concerns"]["refused"]["n"] == 3
    assert any("3 file(s) refused" in words for words in document["warnings"])


def test_what_preprocess_would_tell_is_told(tiny: Pipeline, tmp_path: Path) -> None:
    folder = tmp_path / "ward"
    folder.mkdir()
    good = next(tiny.edf.rglob("*run-1_eeg.edf")).read_bytes()
    (folder / "cut.edf").write_bytes(good[: len(good) // 2])
    labels = [f"EEG {name}-REF" for name in CHANNELS]
    write_edf(folder / "huge.edf", 1e3 * noise_uv(len(CHANNELS), 40, 200, 1), labels, 200)
    (folder / "other.lay").write_text("an export")
    document = predict(tiny, tmp_path / "out", folder)
    assert {"truncated", "amplitude"} <= set(document["facts"]["concerns"])
    assert "truncated" in (tmp_path / "out" / "concerns.tsv").read_text()
