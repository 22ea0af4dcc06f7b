"""Analyses of patients that cannot be meant are refused with what to do."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from syntheticcohort import Cohort, edited, made_cohort


@pytest.fixture(scope="module")
def asm(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return made_cohort("asm", tmp_path_factory.mktemp("asm"))


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--adapt", "full"), 2, "stays frozen"),
        (("--adapt", "attention"), 2, "pooling=attention"),
        (("--set", "adaptation.layer=best"), 2, "no validation subjects.*give a layer"),
        (("--labels", "0.5"), 2, "labels_fraction"),
        (("--folds", "loso"), 2, "left out together"),
        (("--set", "cross.folds=3"), 2, "outer_folds"),
        (("--set", "task.table=nowhere.tsv"), 2, "no file"),
        (("--set", "task.analysis.clinical=['height']"), 2, "not among the clinical"),
        (("--set", "task.window_s=60"), 3, "none of the 14 patients"),
    ],
)
def test_what_means_nothing_here_is_refused_with_what_to_do(
    asm: Cohort, tiny: Pipeline, tmp_path: Path, more: tuple, code: int, words: str
) -> None:
    ran = eegssl(*asm.command(tiny.encoder, tmp_path / "out", *more))
    assert ran.code == code, ran.err
    assert re.search(words, " ".join(ran.err.split()))
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_table_is_needed(asm: Cohort, tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl(
        *("finetune", asm.recordings, "--encoder", tiny.encoder, "--task", "asm-efficacy"),
        *("--out", tmp_path / "out"),
    )
    assert ran.code == 2
    assert "task.table=participants.tsv" in ran.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda k, row: k < 11, "at least 12"),
        (lambda k, row: row.update(participant_id=f"sub-Other{k}"), "none of the 14 rows"),
        (lambda k, row: k != 1 or row.update(participant_id="Haagse01"), "row.* another row"),
    ],
)
def test_a_table_that_can_not_be_meant_is_refused(
    asm: Cohort, tiny: Pipeline, tmp_path: Path, change: Callable, words: str
) -> None:
    table = edited(asm, tmp_path / "table.tsv", change)
    ran = eegssl(*asm.command(tiny.encoder, tmp_path / "out", table=table))
    assert ran.code == 3, ran.err
    assert re.search(words, ran.err)


def test_an_encoder_that_has_seen_the_patients_is_refused_unless_allowed(
    asm: Cohort, tiny: Pipeline, tmp_path: Path
) -> None:
    """The same recordings under the names of people of the tiny corpus, whom the encoder knows."""
    aliases = ", ".join(f'"sub-Haagse{k + 1:02d}" = "sub-{k:02d}"' for k in range(8))
    seen = Cohort("asm", tmp_path)
    done(
        *("preprocess", asm.root / "edf", "--out", seen.recordings, "--jobs", 1),
        *("--set", "look.recordings=0", "--set", f"subjects.aliases={{{aliases}}}"),
    )
    ran = eegssl(*seen.command(tiny.encoder, tmp_path / "out", table=asm.table))
    assert ran.code == 4
    assert "fitted on patients who are to be tested" in ran.err
    assert "--allow-leak" in ran.err
    done(*seen.command(tiny.encoder, tmp_path / "out", "--allow-leak", table=asm.table))
    assert manifest_of(tmp_path / "out")["facts"]["leaks"]
    assert "Leak:" in (tmp_path / "out" / "report.html").read_text()
    more = ("--set", "encoder_weights=random", "--dry-run")
    assert eegssl(*seen.command(tiny.encoder, tmp_path / "r", *more, table=asm.table)).code == 0
