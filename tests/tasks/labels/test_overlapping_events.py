"""Seizures that overlap, or whose types are not those of a task, from the command line."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, manifest_of, metrics_of
from tinycorpus import SEIZURE_S, write_recording

SUBJECTS = range(20, 24)
TWICE = ((8.0, 12.0, "sz_foc"), (15.0, 9.0, "sz_foc"))
"""One seizure of 16 s in two rows that overlap."""
Rows = Sequence[tuple[float, float, str]]


@pytest.fixture
def recordings(tmp_path: Path) -> Callable[[Rows], Path]:
    """Preprocessed recordings of four subjects, each with these events."""

    def make(rows: Rows) -> Path:
        for k in SUBJECTS:
            folder = tmp_path / "edf" / f"sub-{k:02d}" / "eeg"
            folder.mkdir(parents=True)
            path = folder / f"sub-{k:02d}_run-1_eeg.edf"
            write_recording(path, k, SEIZURE_S, (8.0, 16.0), labelled=False)
            lines = ["onset\tduration\teventType", *("\t".join(map(str, row)) for row in rows)]
            table = path.with_name(path.name.replace("_eeg.edf", "_events.tsv"))
            table.write_text("\n".join(lines) + "\n")
        out = tmp_path / "recordings"
        done("preprocess", tmp_path / "edf", "--out", out, "--set", "look.recordings=0")
        return out

    return make


def finetune(tiny: Pipeline, folder: Path, *more: object) -> tuple[int, str]:
    """Exit code and what was said, in one line."""
    source = (folder, "--encoder", tiny.encoder, "--out", folder.parent / "model")
    ran = eegssl("finetune", *source, "--config", tiny.settings, *more)
    return ran.code, " ".join(ran.err.split())


def test_a_seizure_in_two_overlapping_rows_is_one_in_every_count(
    tiny: Pipeline, recordings: Callable[[Rows], Path], tmp_path: Path
) -> None:
    folder = recordings(TWICE)
    told = eegssl("info", "--task", "seizure-type", folder, "--json").document
    assert sum(part["events"]["all"] for part in told["splits"].values()) == len(SUBJECTS)
    done("evaluate", tiny.model, folder, "--out", tmp_path / "out", "--set", "split=all")
    found = metrics_of(tmp_path / "out")
    strata = {(s["by"], s["stratum"]): s for s in found["subgroups"]}
    assert strata["kind of seizure", "focal onset"]["n_seizures"] == len(SUBJECTS)
    positive = manifest_of(tmp_path / "out")["facts"]["windows"]["n_per_class"]["seizure"]
    assert positive == 4 * len(SUBJECTS)  # windows of 4 s: 16 s a subject, and not 21


def test_overlapping_seizures_of_contradicting_types_are_refused_with_what_to_do(
    tiny: Pipeline, recordings: Callable[[Rows], Path]
) -> None:
    folder = recordings(((8.0, 12.0, "sz_foc"), (15.0, 9.0, "sz_gen_m")))
    code, said = finetune(tiny, folder, "--task", "seizure-type")
    assert code == 3
    assert "event(s) overlap one of another type" in said
    assert "mend the events" in said


def test_a_type_that_no_training_subject_has_is_refused_with_what_to_do(
    tiny: Pipeline, recordings: Callable[[Rows], Path]
) -> None:
    code, said = finetune(tiny, recordings(TWICE), "--task", "seizure-type")
    assert code == 3
    assert "split train" in said
    assert "none of class sz_gen_m, sz_gen_nm" in said
    assert "split the subjects otherwise" in said
