"""Copies of a signal and other names of a person are known again across real artifacts."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import done, eegssl
from corpora import write_signal
from resigned import sign_files, sign_manifest
from tinycorpus import noise_uv, write_recording

from eegssl.artifacts.contract import Contract, open_artifact
from eegssl.artifacts.manifest import SEEN, Artifact, FittedOn
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import begin
from eegssl.corpus.audits.leaks import audit
from eegssl.corpus.store import fitted_on, open_corpus, require_sketches
from eegssl.errors import ArtifactError
from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.tables.tsv import read_tsv

FLAT = ("--set", "look.recordings=0")


def preprocess(edf: Path, out: Path, *more: str) -> dict[str, object]:
    """The facts of the recordings made of ``edf``."""
    facts = done("preprocess", edf, "--out", out, "--jobs", 1, *FLAT, *more)["facts"]
    assert isinstance(facts, dict)
    return facts


def people(edf: Path, *names: str) -> Path:
    """A recording of 40 s a subject, each of another signal."""
    for k, name in enumerate(names):
        (edf / name).mkdir(parents=True)
        write_recording(edf / name / f"{name}_01.edf", 4 * k, 40, None)
    return edf


def trained(recordings: Path, out: Path) -> Artifact:
    """An artifact fitted on the training and validation recordings, read back from disk."""
    seen = open_corpus([recordings]).of_split("train", "val")
    writer = begin(out, "encoder", config={}, seed=0)
    writer.finish({}, fitted_on(seen))
    return load(out, "encoder")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, own_world: Path) -> Path:
    """Five subjects, one recording each, as EDF; read only."""
    return people(tmp_path_factory.mktemp("edf"), "anna", "bert", "carl", "dora", "emil")


def splits_file(path: Path, **splits: str) -> tuple[str, str]:
    """A splits table as an option."""
    rows = "".join(f"{name}\t{split}\n" for name, split in splits.items())
    path.write_text(f"subject\tsplit\n{rows}")
    return "--set", f"splits.file={path}"


SIDES = {"anna": "train", "bert": "train", "carl": "val", "dora": "test", "emil": "test"}


def test_recordings_of_different_people_are_no_duplicates(corpus: Path, tmp_path: Path) -> None:
    facts = preprocess(corpus, tmp_path / "rec")
    assert facts["duplicates"] == {"splits": 0, "subjects": 0, "neither": 0}
    assert read_tsv(tmp_path / "rec" / "duplicates.tsv", ("recording", "same_as")) == []
    assert not [w for w in facts["warnings"] if "same signal" in w]


def test_a_copy_under_another_name_is_told_and_listed(corpus: Path, tmp_path: Path) -> None:
    """One across splits, one across subjects of one split, one of the same subject."""
    edf = tmp_path / "edf"
    shutil.copytree(corpus, edf)
    (edf / "fritz").mkdir()
    (edf / "gerd").mkdir()
    shutil.copy(edf / "anna" / "anna_01.edf", edf / "fritz" / "fritz_01.edf")
    shutil.copy(edf / "bert" / "bert_01.edf", edf / "gerd" / "gerd_01.edf")
    shutil.copy(edf / "emil" / "emil_01.edf", edf / "emil" / "emil_02.edf")
    given = splits_file(tmp_path / "s.tsv", **SIDES, fritz="test", gerd="train")
    facts = preprocess(edf, tmp_path / "rec", *given)
    assert facts["duplicates"] == {"splits": 1, "subjects": 1, "neither": 1}
    told = [w for w in facts["warnings"] if "same signal" in w]
    assert len(told) == 3
    assert "trained on" in told[0]
    rows = read_tsv(tmp_path / "rec" / "duplicates.tsv", ("recording", "same_as", "across"))
    assert sorted(row["across"] for row in rows) == ["neither", "splits", "subjects"]
    assert all(int(row["hashes_shared"]) > 50 for row in rows)
    assert "fritz" not in (tmp_path / "rec" / "duplicates.tsv").read_text()


def test_a_signal_of_another_corpus_under_another_key_is_known(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Re-exported elsewhere: other key, ids, names, scale and rate; only the waveform is left."""
    preprocess(corpus, tmp_path / "one", *splits_file(tmp_path / "s.tsv", **SIDES))
    model = trained(tmp_path / "one", tmp_path / "model")
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "elsewhere"))
    edf = people(tmp_path / "edf2", "P1")
    shutil.copy(corpus / "bert" / "bert_01.edf", edf / "P1" / "P1_02.edf")
    for name in ("P2", "P3"):
        (edf / name).mkdir()
        labels = ("Fz", "Cz", "Pz", "C3", "C4", "O1")
        write_edf(edf / name / "x.edf", noise_uv(6, 40, 250, seed=ord(name[1]) + 40), labels, 250)
    preprocess(edf, tmp_path / "two")
    other = open_corpus([tmp_path / "two"])
    assert not set(model.manifest.fitted_on.recordings) & {r.id for r in other.recordings}
    found = audit(model, other, other.recordings)
    # P1 has bert's signal, and by the same seed anna's
    assert [(leak.kind, leak.n) for leak in found] == [("waveform", 2)]


def test_a_person_is_known_where_the_aliases_were_left_out(tmp_path: Path) -> None:
    """CHB-MIT's chb21 is chb01: joined by default, not joined where the setting undoes it."""
    edf = people(tmp_path / "edf", "chb01", "chb02", "chb03", "chb21", "chb05")
    sides = {"chb01": "train", "chb02": "val", "chb03": "test", "chb05": "test"}
    preprocess(edf, tmp_path / "joined", *splits_file(tmp_path / "s.tsv", **sides))
    plain = (
        *splits_file(tmp_path / "t.tsv", **sides, chb21="test"),
        "--set",
        'subjects.aliases={"chb21" = "chb21"}',
    )
    preprocess(edf, tmp_path / "plain", *plain)
    joined, apart = open_corpus([tmp_path / "joined"]), open_corpus([tmp_path / "plain"])
    assert len({r.subject for r in joined.recordings}) == 4
    assert len({r.subject for r in apart.recordings}) == 5
    model = trained(tmp_path / "joined", tmp_path / "model")
    assert len(model.manifest.fitted_on.aliases) == 1
    tested = apart.of_split("test")
    found = {leak.kind: leak for leak in audit(model, apart, tested)}
    assert found["subject"].n == 1
    assert "another name" in found["subject"].what
    assert found["recording"].n == 1


def test_what_was_seen_is_kept_beside_what_was_fitted(corpus: Path, tmp_path: Path) -> None:
    preprocess(corpus, tmp_path / "rec", *splits_file(tmp_path / "s.tsv", **SIDES))
    model = trained(tmp_path / "rec", tmp_path / "model")
    seen = open_corpus([tmp_path / "rec"]).of_split("train", "val")
    kept = model.manifest.fitted_on.sketches
    assert {id_: sketch.tolist() for id_, sketch in kept.items()} == {
        r.id: r.sketch.tolist() for r in seen
    }
    assert all(100 < len(sketch) <= 256 for sketch in kept.values())
    table = pq.read_table(model / SEEN)
    for name, rows in (("none", table.slice(0, 0)), ("fewer", table.slice(1))):
        bad = Path(shutil.copytree(model.path, tmp_path / name))
        pq.write_table(rows, bad / SEEN)
        sign_files(bad)
        with pytest.raises(ArtifactError, match=r"seen\.parquet was edited .* those of fitted_on"):
            load(bad, "encoder")
    bad = Path(shutil.copytree(model.path, tmp_path / "without"))
    sign_manifest(bad, lambda manifest: manifest["files"].pop(SEEN))
    with pytest.raises(ArtifactError, match=r"files: seen\.parquet is not among them"):
        open_artifact(bad, Contract("encoder"))
    (model / SEEN).write_bytes(b"x" * (model / SEEN).stat().st_size)
    with pytest.raises(ValueError, match="damaged"):
        load(model.path, "encoder")


def test_a_sketch_that_was_emptied_is_told_from_a_signal_without_one(
    corpus: Path, tmp_path: Path
) -> None:
    preprocess(corpus, tmp_path / "rec", *splits_file(tmp_path / "s.tsv", **SIDES))
    made = open_corpus([tmp_path / "rec"])
    require_sketches(made.recordings)
    emptied = [replace(r, sketch=np.zeros(0, np.uint32)) for r in made.recordings]
    with pytest.raises(ArtifactError, match=r"recordings\.parquet was edited .* is empty"):
        require_sketches(emptied)
    short = replace(emptied[0], n_samples=300, folder=tmp_path)
    write_signal(short.path, np.zeros((len(short.channels), 300), np.float32))
    require_sketches([short])


def test_of_two_sketches_of_a_recording_the_first_is_kept() -> None:
    ours, theirs = np.array([1, 2], np.uint32), np.zeros(0, np.uint32)
    both = FittedOn(sketches={"r-1": ours}) | FittedOn(sketches={"r-1": theirs, "r-2": theirs})
    assert {id_: sketch.tolist() for id_, sketch in both.sketches.items()} == {
        "r-1": [1, 2],
        "r-2": [],
    }


def test_the_terminal_tells_of_copies(corpus: Path, tmp_path: Path) -> None:
    edf = tmp_path / "edf"
    shutil.copytree(corpus, edf)
    shutil.copy(edf / "anna" / "anna_01.edf", edf / "anna" / "anna_02.edf")
    ran = eegssl("preprocess", edf, "--out", tmp_path / "rec", "--jobs", 1, *FLAT)
    assert ran.code == 0
    assert "they count double" in ran.err + ran.out
