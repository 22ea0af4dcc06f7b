"""Forecasting on the command line: what lies on disk, every baseline in every table, no future."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from blankfigures import blank
from clirun import done, eegssl, files_of, manifest_of
from forecasttiny import SHORT_TASK, finetune, preprocessed, training, write_recordings
from safetensors.numpy import load_file
from slowparams import slow_except
from tinycorpus import SETTINGS

from eegssl.artifacts.context import Context, Silent
from eegssl.config.resolve import resolve
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.store import open_corpus
from eegssl.errors import LeakError, Preempted
from eegssl.stages import finetune as stage
from eegssl.stages import rescore
from eegssl.tasks.forecast.config import ForecastBaselinesConfig, ForecastConfig
from eegssl.tasks.forecast.data import cut_pairs
from eegssl.tasks.forecast.error_sums import Forecasts
from eegssl.tasks.forecast.forecast_tables import METHOD_WORDS
from eegssl.tasks.forecast.scores import score_forecasts
from eegssl.tasks.table import pool_tables, read_table, write_table

BASELINES = list(ForecastBaselinesConfig().methods)
METHODS = ["model", *BASELINES]
FEW = ("--set", "scoring.bootstrap_resamples=100")
PLAIN = ("--set", "traces=0", *FEW)


class World:
    """A folder with recordings, an encoder, a model and its evaluation."""

    def __init__(self, root: Path, *, predictable: bool) -> None:
        self.root = root
        self.edf = write_recordings(root / "edf", predictable=predictable)
        self.causal = preprocessed(self.edf, root / "causal", "causal")
        settings = root / "tiny.toml"
        settings.write_text(SETTINGS)
        self.encoder = root / "encoder"
        with blank():
            done("tokenize", self.causal, "--out", root / "tokens", "--config", settings)
            tokens = ("--tokens", root / "tokens", "--config", settings)
            done("pretrain", self.causal, *tokens, "--out", self.encoder)
        self.model, self.evaluation = root / "model", root / "evaluation"
        self.finetuned = finetune(self.causal, self.encoder, self.model)
        few = ("--set", "traces=1", *FEW)
        self.evaluated = done("evaluate", self.model, self.causal, "--out", self.evaluation, *few)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """What can be foreseen; read only."""
    return World(tmp_path_factory.mktemp("world"), predictable=True)


def test_check_finds_model_and_evaluation_sound(world: World) -> None:
    for made in (world.model, world.evaluation):
        assert done("check", made)["problems"] == []


def scores_of(world: World) -> dict:
    return json.loads((world.evaluation / "metrics.json").read_text())


def test_a_model_holds_encoder_head_task_and_its_baselines(world: World) -> None:
    names = set(load_file(world.model / "model.safetensors"))
    assert {"head.weight", "gain.weight", "norm.weight"} <= names
    encoder = {f"encoder.{n}" for n in load_file(world.encoder / "encoder.safetensors")}
    assert {n for n in names if n.startswith("encoder.")} == encoder
    task = json.loads((world.model / "task.json").read_text())
    assert (task["kind"], task["horizon_s"]) == ("forecast", 2)
    assert task["head"]["base"] in ("mean", "persistence", "ar")
    weights = {p.stem for p in (world.model / "baselines").glob("*.safetensors")}
    assert weights == {"linear", "dlinear", "patchtst"}
    assert (world.model / "metrics.jsonl").exists()


def test_the_manifest_says_what_was_chosen_on_whom(world: World) -> None:
    manifest = manifest_of(world.model)
    facts, fitted = manifest["facts"], manifest["fitted_on"]
    assert facts["pairs"]["train"] > facts["pairs"]["val"] > 0
    assert facts["base"] == json.loads((world.model / "task.json").read_text())["head"]["base"]
    assert set(facts["statistics"]["base"]) <= set(fitted["recordings"])
    assert set(manifest_of(world.encoder)["fitted_on"]["subjects"]) <= set(fitted["subjects"])
    assert (facts["adaptation"], facts["encoder_weights"]) == ("probe", "pretrained")
    assert facts["baselines"] == BASELINES
    assert world.finetuned["cost"]["parameters_trained"] == facts["n_parameters_trained"]


def test_every_method_is_in_every_table(world: World) -> None:
    scores, page = scores_of(world), (world.evaluation / "report.html").read_text()
    assert list(scores["methods"]) == sorted(METHODS)
    for of_units in scores["methods"].values():
        assert set(of_units) == {"uv", "zscore"}
        for held in of_units.values():
            assert set(held["per_channel"]) == {"Fp1", "C3", "O2"}
            assert len(held["per_subject"]) == scores["n_subjects"]
            assert [s["to_s"] for s in held["per_stretch"]][-1] == 2
    tables = page.split("<table>")[1:]
    assert len(tables) == 8
    for table in tables:
        missing = [m for m in BASELINES if METHOD_WORDS[m] not in table]
        assert not missing
    assert set(world.evaluated["facts"]["forecast"]) == set(METHODS)
    compared = {c["against"] for c in scores["comparisons"]}
    assert compared == set(BASELINES)
    assert set(world.evaluated["latency_ms"]) == set(METHODS)
    assert "latency" not in json.dumps(manifest_of(world.evaluation))


def test_scores_follow_from_the_table_alone(world: World, tmp_path: Path) -> None:
    settings = resolve("evaluate", sets=["scoring.bootstrap_resamples=100"])
    rescore.run(settings, world.evaluation / "predictions.parquet", Context(tmp_path / "r"))
    for name in ("metrics.json", "predictions.parquet"):
        assert (tmp_path / "r" / name).read_bytes() == (world.evaluation / name).read_bytes()
    page = (tmp_path / "r" / "report.html").read_text()
    assert "Forecasts beside the true signal" not in page
    assert "Forecasts beside the true signal" in (world.evaluation / "report.html").read_text()


def test_tables_of_folds_are_scored_as_one(world: World) -> None:
    table = read_table(world.evaluation / "predictions.parquet", Forecasts)
    both = pool_tables([table, table])
    assert len(both) == 2 * len(table)
    assert both.about["folds"] == 2
    settings = resolve("evaluate").scoring
    once, twice = (score_forecasts(t, settings, 0) for t in (table, both))
    assert twice.methods["ar"]["uv"]["overall"]["mae"] == pytest.approx(
        once.methods["ar"]["uv"]["overall"]["mae"]
    )


def test_a_table_with_doubled_rows_is_refused(world: World, tmp_path: Path) -> None:
    table = read_table(world.evaluation / "predictions.parquet", Forecasts)
    write_table(tmp_path / "twice.parquet", pool_tables([table, table]))
    out = Context(tmp_path / "out")
    with pytest.raises(LeakError, match=f"twice: {len(table)} of {2 * len(table)}"):
        rescore.run(EvaluateConfig(), tmp_path / "twice.parquet", out)


def test_where_pairs_are_kept_makes_no_other_model(world: World) -> None:
    again = finetune(world.causal, world.encoder, world.model, "--set", "cache_gb=0.5")
    assert again["state"] == "already made"


class Stopping(Silent):
    """Sends SIGTERM once a step is done."""

    def __init__(self, after: int) -> None:
        self.after = after

    def track(self, label: str, total: int) -> Callable[[int], None]:
        return lambda done: os.kill(os.getpid(), signal.SIGTERM) if done == self.after else None


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(world: World, tmp_path: Path) -> None:
    sets = [f"task.{key}={value}" for key, value in SHORT_TASK.items()]
    settings = resolve("finetune", sets=[*sets, *training()[1::2]])
    source = (settings, [world.causal], world.encoder, "forecast-short")
    with pytest.raises(Preempted):
        stage.run(*source, Context(tmp_path / "m", progress=Stopping(6)))
    assert not (tmp_path / "m" / "manifest.json").exists()
    assert stage.run(*source, Context(tmp_path / "m")).state == "resumed"
    assert files_of(tmp_path / "m") == files_of(world.model)


@pytest.mark.parametrize("kind", slow_except(["full", "lora", "scratch"], "lora"))
def test_other_ways_to_adapt_change_the_encoder(
    world: World, tmp_path: Path, undrawn: None, kind: str
) -> None:
    only = ("--set", 'task.baselines.methods=["ar"]', "--set", "task.head.kind=autoregressive")
    made = finetune(world.causal, world.encoder, tmp_path / "m", "--adapt", kind, *only)
    before = load_file(world.encoder / "encoder.safetensors")
    after = load_file(tmp_path / "m" / "model.safetensors")
    assert {n for n in after if n.startswith("encoder.")} == {f"encoder.{n}" for n in before}
    changed = any(not np.array_equal(after[f"encoder.{n}"], t) for n, t in before.items())
    assert changed == (made["facts"]["best_step"] > 0 or kind == "scratch")
    assert made["facts"]["encoder_weights"] == ("random" if kind == "scratch" else "pretrained")
    scored = done("evaluate", tmp_path / "m", world.causal, "--out", tmp_path / "e", *PLAIN)
    assert set(scored["facts"]["forecast"]) == {"model", "ar"}


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--adapt", "prototypes"), 2, "probe, full, lora, scratch"),
        (("--labels", "0.5"), 2, "no labels"),
        (("--set", "task.context_s=60"), 3, "task.context_s"),
        (("--set", "task.horizon_s=31"), 2, "horizon_s"),
    ],
)
def test_what_can_not_be_is_refused(
    world: World, tmp_path: Path, more: tuple[str, ...], code: int, words: str
) -> None:
    source = (world.causal, "--encoder", world.encoder, "--task", "forecast-short")
    short = () if "context_s" in more[1] else ("--set", "task.context_s=8", "--set")
    sets = (*short, "task.horizon_s=2") if short else ()
    ran = eegssl("finetune", *source, "--out", tmp_path / "m", *sets, *more)
    assert (ran.code, words in ran.err) == (code, True), ran.err
    assert not (tmp_path / "m").exists()


def test_filters_that_look_ahead_are_refused_as_contexts_and_taken_as_targets(
    world: World, tmp_path: Path, undrawn: None
) -> None:
    zero = preprocessed(world.edf, tmp_path / "zero", "zero")
    source = (zero, "--encoder", world.encoder, "--task", "forecast-short")
    ran = eegssl("finetune", *source, "--out", tmp_path / "m")
    assert ran.code == 2
    assert "filter.phase=causal" in ran.err
    told = eegssl("info", "--task", "forecast-short", zero)
    assert (told.code, "filter.phase=causal" in told.out + told.err) == (2, True)
    ran = eegssl("evaluate", world.model, zero, "--out", tmp_path / "e")
    assert (ran.code, "filter.phase=causal" in ran.err) == (2, True)
    only = ("--set", 'task.baselines.methods=["ar"]', "--targets", zero)
    made = finetune(world.causal, world.encoder, tmp_path / "m", *only)
    assert made["facts"]["targets"] == "zero-phase"
    again = ("evaluate", tmp_path / "m", world.causal, *PLAIN, "--out")
    plain = eegssl(*again, tmp_path / "e")
    assert (plain.code, "trained with --targets" in plain.err) == (2, True)
    apart = done(*again, tmp_path / "z", "--targets", zero)
    assert apart["facts"]["targets"] == "zero-phase"
    other = ("evaluate", world.model, world.causal, *PLAIN, "--out", tmp_path / "o")
    ran = eegssl(*other, "--targets", zero)
    assert (ran.code, "trained without --targets" in ran.err) == (2, True)


def test_info_tells_pairs_and_recordings_that_are_too_short(world: World) -> None:
    ran = eegssl("info", "--task", "forecast-short", world.causal, "--json")
    told = ran.document
    assert ran.code == 3
    assert "102" in told["task"]["needs"]
    assert told["task"]["filters"] == ["causal"]
    assert len(told["splits"]["train"]["too short"]) > 0
    assert any("split train" in words for words in told["missing"])


def test_what_comes_after_t_in_the_file_changes_no_context(world: World, tmp_path: Path) -> None:
    """From EDF through causal filters to contexts, bit by bit."""
    t_s = 20
    changed = write_recordings(tmp_path / "edf", changed_after_s=t_s)
    other = preprocessed(changed, tmp_path / "causal", "causal")
    config = ForecastConfig(context_s=8, horizon_s=2, stride_s=2)
    contexts, targets = [], []
    for folder in (world.causal, other):
        corpus = open_corpus([folder])
        pairs = cut_pairs(corpus, corpus.recordings, config)
        before = np.flatnonzero(pairs.t_s <= t_s)
        assert len(before) == 7 * len(corpus.recordings)
        contexts.append(pairs.batch(before).context.signal_uv)
        later = pairs.batch(before[-1:]).target_uv
        targets.append(later)
    np.testing.assert_array_equal(*contexts)
    assert not np.array_equal(*targets)


@pytest.mark.slow
def test_what_can_be_foreseen_is_and_what_can_not_ties_its_base(
    world: World, tmp_path: Path, undrawn: None
) -> None:
    foreseen = {n: m["uv"]["overall"]["mse"] for n, m in scores_of(world)["methods"].items()}
    assert foreseen["model"] < 0.5 * foreseen["mean"]
    assert foreseen["model"] <= 1.02 * foreseen["ar"]
    walk = World(tmp_path, predictable=False)
    unforeseen = {n: m["uv"]["overall"]["mse"] for n, m in scores_of(walk)["methods"].items()}
    best = min(unforeseen[n] for n in ("ar", "mean", "persistence"))
    assert 0.9 * best < unforeseen["model"] < 1.1 * best
