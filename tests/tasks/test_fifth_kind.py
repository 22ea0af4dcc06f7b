"""A kind of task that eegssl does not know works everywhere once it stands in the dictionary."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from numpy.typing import NDArray
from smallmatrix import results

from eegssl.config.settings import Settings, public_values
from eegssl.corpus.store import Corpus, Recording
from eegssl.reports.benchmark.score_columns import ScoreColumn, error
from eegssl.reports.sections import Page
from eegssl.tasks.benchmarked import Benchmarked
from eegssl.tasks.jobs import TASK, Fitted, TaskInfo
from eegssl.tasks.kind import Kind
from eegssl.tasks.kinds import KINDS
from eegssl.tasks.table_spec import Column, TableSpec, View


class LoudnessTask(Settings):
    """How loud a recording is."""

    kind: Literal["loudness"] = "loudness"
    name: str
    seconds: float = 4.0
    """Seconds at a recording's beginning that are listened to."""


@dataclass(frozen=True)
class Guesses(View):
    """True and guessed loudness of recordings."""

    recording: list[str]
    subject: list[str]
    true_uv: NDArray[np.float64]
    guessed_uv: NDArray[np.float64]
    about: dict[str, Any]

    spec = TableSpec(
        kind="loudness",
        columns=(
            Column("recording", "str"),
            Column("subject", "str"),
            Column("true_uv", "f8"),
            Column("guessed_uv", "f8"),
        ),
        ids=("recording",),
        about=("task", "leaks"),
        same=("task",),
    )


@dataclass(frozen=True)
class Heard:
    """Recordings with their loudness in µV, and what a model guesses."""

    recordings: tuple[Recording, ...]
    loudness_uv: tuple[float, ...]
    guess_uv: float = 0.0
    inputs: tuple[tuple[str, str], ...] = ()


class LoudnessScores(Benchmarked):
    """The error of a guess."""

    columns: tuple[ScoreColumn, ...] = (error("loudness_mae_uv", "Error of loudness (µV)"),)
    compared = columns

    def scores(self, facts: Mapping[str, Any]) -> Mapping[str, Mapping[str, float | None]]:
        return {"model": {"loudness_mae_uv": facts["loudness_mae_uv"]}}


class Loudness(Kind[LoudnessTask, Heard, Heard, Guesses, dict[str, dict[str, float]]]):
    """Guesses that a recording is as loud as those of training are on average."""

    name = "loudness"
    settings = LoudnessTask
    view = Guesses
    finetune_reads = ("encoder_weights", "cross")
    evaluate_reads = ("split", "allow_leak")
    files = ("guess.json", TASK)
    benchmark = LoudnessScores()

    def prepare(self, job: Any) -> Heard:
        return heard(job.corpus, job.corpus.of_split("train"), job.task.seconds)

    def fit(self, job: Any, data: Heard, writer: Any) -> Fitted[Guesses]:
        guess = float(np.mean(data.loudness_uv))
        writer.write_json("guess.json", {"guess_uv": guess})
        writer.write_json(TASK, public_values(job.task))
        facts = {"n_parameters_trained": 1, "guess_uv": guess}
        return Fitted(facts, data.recordings)

    def open(self, trial: Any) -> Heard:
        task = LoudnessTask(**json.loads((trial.model / TASK).read_text()))
        found = heard(trial.corpus, trial.recordings, task.seconds)
        guess = trial.model.manifest.facts["guess_uv"]
        return Heard(found.recordings, found.loudness_uv, guess)

    def predict(self, trial: Any, data: Heard) -> Guesses:
        return Guesses(
            [r.id for r in data.recordings],
            [r.subject for r in data.recordings],
            np.array(data.loudness_uv),
            np.full(len(data.recordings), data.guess_uv),
            trial.about() | {"kind": self.name, "synthetic": trial.corpus.synthetic},
        )

    def score(self, table: Guesses, config: Any, seed: int) -> dict[str, dict[str, float]]:
        gaps = np.abs(np.subtract(table.true_uv, table.guessed_uv))
        names = np.array(table.subject)
        return {
            str(name): {"loudness_mae_uv": float(gaps[names == name].mean())}
            for name in np.unique(names)
        }

    def metrics(self, table: Guesses, scores: dict[str, dict[str, float]]) -> dict[str, Any]:
        return {"per_subject": scores}

    def facts(self, table: Guesses, metrics: Mapping[str, Any]) -> dict[str, Any]:
        scores = metrics["per_subject"]
        mean = float(np.mean([one["loudness_mae_uv"] for one in scores.values()]))
        counts = {"windows": {"n": len(table.recording)}, "subjects": sorted(scores)}
        more = {"leaks": table.about["leaks"], "within_subject": False}
        return {"task": table.about["task"], "loudness_mae_uv": mean} | counts | more

    def page(self, table: Guesses, scores: Any, config: Any, ran: Any) -> Page:
        return Page("Evaluation", table.about["task"], "", ())

    def explain(self, task: LoudnessTask, corpus: Corpus | None, seed: int) -> TaskInfo:
        info = TaskInfo({"name": task.name, "which means": "how loud a recording is"})
        if corpus is not None:
            info.splits["test"] = {"recordings": len(corpus.of_split("test"))}
        return info


def heard(corpus: Corpus, recordings: Any, seconds: float) -> Heard:
    """The standard deviation of the beginning of each recording."""
    n = round(seconds * corpus.sfreq_hz)
    return Heard(tuple(recordings), tuple(float(corpus.read_uv(r, 0, n).std()) for r in recordings))


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """The kind in the one dictionary of kinds; nothing else is changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "loudness", Loudness())
        yield


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A task file of the kind."""
    (tmp_path / "loud.toml").write_text('kind = "loudness"\nname = "loud"\nseconds = 2.0\n')
    return tmp_path / "loud.toml"


def test_it_is_fine_tuned_evaluated_and_scored_again(
    tiny: Pipeline, tmp_path: Path, task: Path
) -> None:
    call = ("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", task)
    made = done(*call, "--out", tmp_path / "model")
    assert made["facts"]["guess_uv"] > 0
    assert made["config"]["task"] == {"kind": "loudness", "name": "loud", "seconds": 2.0}
    assert manifest_of(tmp_path / "model")["fitted_on"]["subjects"]
    scored = done("evaluate", tmp_path / "model", tiny.recordings, "--out", tmp_path / "scored")
    again = done("evaluate", "--rescore", tmp_path / "scored", "--out", tmp_path / "again")
    assert again["facts"]["loudness_mae_uv"] == scored["facts"]["loudness_mae_uv"] > 0
    for name in ("metrics.json", "report.html", "predictions.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "scored" / name).read_bytes()
    done(*call, "--out", tmp_path / "model", "--overwrite", "--set", "task.seconds=3")
    assert manifest_of(tmp_path / "model")["config"]["task"]["seconds"] == 3


def test_its_folds_are_pooled_and_replaced(tiny: Pipeline, tmp_path: Path, task: Path) -> None:
    call = ("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", task, "--folds", 4)
    out = ("--out", tmp_path / "folds", "--set", "encoder_weights=random")
    made = done(*call, *out)
    assert len(made["facts"]["subjects"]) == 8
    assert "folds/fold3/model/guess.json" in files_of(tmp_path / "folds")
    done(*call, *out, "--overwrite", "--set", "task.seconds=1")


def test_it_is_explained_and_its_settings_are_checked(tiny: Pipeline, task: Path) -> None:
    info = done("info", "--task", task, tiny.recordings)
    assert info["task"]["which means"] == "how loud a recording is"
    assert info["splits"]["test"]["recordings"] > 0
    assert (
        "no 'secnds'; did you mean 'seconds'"
        in eegssl(*("info", "--task", task, "--set", "task.secnds=1")).err
    )


@pytest.mark.parametrize("flag", [("--labels", 0.5), ("--set", "training.steps=3")])
def test_what_it_does_not_read_is_refused(
    tiny: Pipeline, tmp_path: Path, task: Path, flag: tuple[object, ...]
) -> None:
    call = ("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", task)
    ran = eegssl(*call, *flag, "--out", tmp_path / "out")
    assert (ran.code, "a task of loudness does not read it" in ran.err) == (2, True), ran.err


def test_it_stands_in_a_matrix_beside_others(tiny: Pipeline, tmp_path: Path, task: Path) -> None:
    (tmp_path / "matrix.toml").write_text(
        f'recordings = ["{tiny.recordings}"]\nbaselines = []\n'
        f'[encoders]\none.path = "{tiny.encoder}"\n'
        f'two = {{ path = "{tiny.encoder}", weights = "random" }}\n'
        '[tasks.loud]\ntask = "loud.toml"\n'
    )
    done("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out")
    rows = results(tmp_path / "out")
    assert [row["encoder"] for row in rows] == ["one", "two"]
    assert rows[0]["loudness_mae_uv"] == rows[1]["loudness_mae_uv"] > 0
    assert "Error of loudness (µV)" in (tmp_path / "out" / "leaderboard.html").read_text()
    compared = (tmp_path / "out" / "comparisons.tsv").read_text()
    assert "loudness_mae_uv" in compared
