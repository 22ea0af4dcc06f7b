"""Every way to adapt an encoder makes a model that can be evaluated, and says what it cost."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from safetensors.numpy import load_file
from slowparams import slow_except

from eegssl.adaptation.config import FROZEN, Kind
from eegssl.artifacts.context import Context, Silent
from eegssl.config.resolve import resolve
from eegssl.errors import Preempted
from eegssl.stages import finetune as stage

KINDS = get_args(Kind)


def finetune(tiny: Pipeline, out: Path, *more: object, task: str = "seizure-detection") -> Any:
    """The JSON document of fine-tuning on the tiny corpus."""
    source = [tiny.recordings, "--encoder", tiny.encoder, "--task", task, "--out", out]
    return done("finetune", *source, "--config", tiny.settings, *more)


def sets(**settings: object) -> list[str]:
    return [w for k, v in settings.items() for w in ("--set", f"{k.replace('__', '.')}={v}")]


@pytest.fixture(scope="module")
def ways(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model by each kind."""
    root = tmp_path_factory.mktemp("ways")
    for kind in KINDS:
        (root / f"{kind}.json").write_text(json.dumps(finetune(tiny, root / kind, "--adapt", kind)))
    return {kind: root / kind for kind in KINDS}


def encoder_changed(tiny: Pipeline, model: Path) -> bool:
    before = load_file(tiny.encoder / "encoder.safetensors")
    after = load_file(model / "model.safetensors")
    return any(not np.array_equal(after[f"encoder.{n}"], t) for n, t in before.items())


@pytest.mark.parametrize("kind", KINDS)
def test_each_way_says_what_it_trained_and_what_it_cost(ways: dict[str, Path], kind: str) -> None:
    document = json.loads(ways[kind].with_suffix(".json").read_text())
    facts, cost = document["facts"], document["cost"]
    assert facts["adaptation"] == kind
    assert set(cost) >= {"parameters_trained", "seconds", "peak_memory_mb"}
    assert cost["parameters_trained"] == facts["n_parameters_trained"]
    assert cost["seconds"] > 0
    assert cost["peak_memory_mb"] > 50
    assert "cost" not in manifest_of(ways[kind])["facts"]
    whole = facts["n_parameters"]
    share = facts["n_parameters_trained"] / whole
    assert (share == 0) == (kind == "prototypes")
    assert (share > 0.9) == (kind in ("full", "two-stage", "scratch"))


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_ways_keep_the_encoder_and_others_change_it(
    ways: dict[str, Path], tiny: Pipeline, kind: str
) -> None:
    if kind != "two-stage":  # its best weights may be those of the probe
        assert encoder_changed(tiny, ways[kind]) == (kind not in FROZEN)
    names = set(load_file(ways[kind] / "model.safetensors"))
    plain = {f"encoder.{n}" for n in load_file(tiny.encoder / "encoder.safetensors")}
    assert {n for n in names if n.startswith("encoder.")} == plain  # lora: merged


@pytest.mark.parametrize("kind", KINDS)
def test_each_way_can_be_evaluated(
    ways: dict[str, Path], tiny: Pipeline, tmp_path: Path, kind: str
) -> None:
    few = sets(traces=0, scoring__bootstrap_resamples=100)
    made = done("evaluate", ways[kind], tiny.recordings, "--out", tmp_path / "e", *few)
    assert made["facts"]["adaptation"] == kind
    p = pq.read_table(tmp_path / "e" / "predictions.parquet")["p_seizure"].to_numpy()
    assert np.all((p >= 0) & (p <= 1))
    assert len(np.unique(p)) > 5


def test_lora_says_that_it_was_merged(ways: dict[str, Path]) -> None:
    lora = manifest_of(ways["lora"])["facts"]["lora"]
    assert (lora["merged"], lora["rank"], lora["layers"]) == (True, 8, 4)


def test_prototypes_name_how_many_examples_they_took(ways: dict[str, Path]) -> None:
    facts = manifest_of(ways["prototypes"])["facts"]
    assert facts["examples"] == {"background": 5, "seizure": 5}
    assert not (ways["prototypes"] / "metrics.jsonl").exists()


def test_from_scratch_nothing_of_the_pretrained_weights_is_left(
    ways: dict[str, Path], tiny: Pipeline
) -> None:
    manifest = manifest_of(ways["scratch"])
    assert manifest["facts"]["encoder_weights"] == "random"
    used = set(manifest["fitted_on"]["subjects"])
    assert used == set(manifest_of(tiny.encoder)["fitted_on"]["subjects"])  # its own


@pytest.mark.parametrize("kind", slow_except(["probe", "attention"], "attention"))
def test_a_cache_changes_nothing_but_the_time(tiny: Pipeline, tmp_path: Path, kind: str) -> None:
    plain, cache = tmp_path / "plain", tmp_path / "cache"
    finetune(tiny, plain, "--adapt", kind)
    for name in ("first", "second"):
        finetune(tiny, tmp_path / name, "--adapt", kind, *sets(cache=cache))
        assert files_of(tmp_path / name) == files_of(plain)
    kept = files_of(cache)
    finetune(tiny, tmp_path / "other", "--adapt", kind, *sets(cache=cache), "--seed", 1)
    assert files_of(cache) == kept  # another head on the same embeddings
    for path in cache.iterdir():
        array = np.load(path, allow_pickle=False)
        assert array.dtype == np.float32
        assert array.ndim == (2 if kind == "probe" else 4)


def test_a_cached_file_that_was_cut_short_is_made_again(tiny: Pipeline, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    finetune(tiny, tmp_path / "first", "--adapt", "probe", *sets(cache=cache))
    kept = files_of(cache)
    for path in cache.iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    finetune(tiny, tmp_path / "second", "--adapt", "probe", *sets(cache=cache))
    assert files_of(cache) == kept
    assert files_of(tmp_path / "second") == files_of(tmp_path / "first")


def test_embeddings_of_patches_that_do_not_fit_are_computed_anew(
    tiny: Pipeline, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    none = sets(cache=cache, cache_gb=0)
    facts = finetune(tiny, tmp_path / "m", "--adapt", "attention", *none)["facts"]
    assert not cache.exists()
    assert facts["n_parameters_trained"] > 0


def test_fewer_labels_come_from_fewer_subjects_and_the_manifest_names_only_these(
    tiny: Pipeline, tmp_path: Path
) -> None:
    said = {}
    for share in (0.25, 0.5, 1.0):
        out = tmp_path / str(share)
        more = ("--adapt", "scratch", "--labels", share, *sets(training__steps=2))
        facts = finetune(tiny, out, *more)["facts"]
        assert facts["subjects"]["train"] == 4 * share
        assert min(facts["windows"]["train"].values()) > 0
        said[share] = set(manifest_of(out)["fitted_on"]["subjects"])
    assert said[0.25] < said[0.5] < said[1.0]
    assert len(said[0.25]) == 1 + 2  # and those of validation


def test_a_number_of_subjects_is_drawn_apart_from_the_seed_and_a_rounded_share_says_so(
    tiny: Pipeline, tmp_path: Path
) -> None:
    two = sets(labels_subjects=2, labels_draw=3, training__steps=2)
    runs = {
        "seed 0": ("--adapt", "scratch", *two),
        "seed 1": ("--adapt", "scratch", *two, "--seed", 1),
        "share": ("--adapt", "scratch", "--labels", 0.01, *sets(training__steps=2)),
    }
    told = {name: finetune(tiny, tmp_path / name, *more) for name, more in runs.items()}
    used = {name: manifest_of(tmp_path / name)["fitted_on"]["subjects"] for name in runs}
    assert used["seed 0"] == used["seed 1"]
    assert told["seed 0"]["facts"]["labels_subjects"] == {"used": 2, "of": 4, "share": 0.5}
    assert told["share"]["facts"]["labels_subjects"] == {"used": 1, "of": 4, "share": 0.25}
    assert any("is 1 of them, a share of 0.25" in line for line in told["share"]["warnings"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"labels_subjects": 2, "labels_fraction": 0.5}, "set one of them"),
        ({"labels_draw": 2}, "labels_subjects"),
        ({"labels_subjects": 0}, "labels_subjects"),
    ],
)
def test_labels_that_contradict_each_other_are_refused(
    tiny: Pipeline, tmp_path: Path, more: dict[str, float], words: str
) -> None:
    source = (tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection")
    ran = eegssl("finetune", *source, "--out", tmp_path / "m", *sets(**more))
    assert (ran.code, words in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("wanted", ["0", "1.5", "-0.1"])
def test_a_share_outside_its_range_is_refused(tiny: Pipeline, tmp_path: Path, wanted: str) -> None:
    source = (tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection")
    ran = eegssl("finetune", *source, "--out", tmp_path / "m", f"--labels={wanted}")
    assert ran.code == 2
    assert "labels_fraction" in ran.err


def test_an_unknown_way_is_refused_with_those_that_there_are(
    tiny: Pipeline, tmp_path: Path
) -> None:
    source = (tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection")
    ran = eegssl("finetune", *source, "--out", tmp_path / "m", "--adapt", "loar")
    assert ran.code == 2
    assert "'lora'" in ran.err


@pytest.mark.parametrize("where", ["loss", "none"])
def test_classes_weigh_where_the_user_says(tiny: Pipeline, tmp_path: Path, where: str) -> None:
    def first_loss(name: str) -> float:
        row = (tmp_path / name / "metrics.jsonl").read_text().splitlines()[0]
        return float(json.loads(row)["train_loss"])

    few = sets(training__steps=4)
    finetune(tiny, tmp_path / "sampling", *few)
    finetune(tiny, tmp_path / where, *few, *sets(class_weights=where))
    assert first_loss("sampling") != first_loss(where)


def test_patience_ends_training_early_with_the_best_weights(tiny: Pipeline, tmp_path: Path) -> None:
    few = sets(training__patience=1, training__steps=200, training__checkpoint_every=200)
    facts = finetune(tiny, tmp_path / "m", *few)["facts"]
    lines = (tmp_path / "m" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows[-1]["step"] == facts["best_step"] + 4 < 200
    scores = [row["val_auroc"] for row in rows if "val_auroc" in row]
    assert max(scores[:-1]) >= scores[-1]


def test_two_stage_starts_as_the_probe(
    tiny: Pipeline, ways: dict[str, Path], tmp_path: Path
) -> None:
    still = sets(training__lr=1e-12, training__weight_decay=0, training__steps=1)
    finetune(tiny, tmp_path / "m", "--adapt", "two-stage", *still)
    facts, probe = (manifest_of(path)["facts"] for path in (tmp_path / "m", ways["probe"]))
    assert facts["probe"] == probe["probe"]
    assert facts["val"] == pytest.approx(probe["val"], abs=1e-5)


@pytest.mark.parametrize(("most", "converged"), [(2, False), (5000, True)])
def test_a_probe_that_has_not_converged_says_so(
    tiny: Pipeline, tmp_path: Path, most: int, converged: bool
) -> None:
    few = sets(adaptation__probe_iterations=most)
    told = finetune(tiny, tmp_path / "m", "--adapt", "probe", *few)
    assert told["facts"]["probe"]["converged"] == converged
    assert any("probe_iterations" in line for line in told["warnings"]) != converged


class Stopping(Silent):
    """Sends SIGTERM once a step is done."""

    def __init__(self, after: int) -> None:
        self.after = after

    def track(self, label: str, total: int) -> Callable[[int], None]:
        return lambda done: os.kill(os.getpid(), signal.SIGTERM) if done == self.after else None


@pytest.mark.parametrize(
    ("kind", "after"),
    slow_except(
        [(kind, k) for kind in ("attention", "lora", "two-stage") for k in (3, 10)],
        ("attention", 3),
        ("two-stage", 10),
    ),
)
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(
    tiny: Pipeline, ways: dict[str, Path], tmp_path: Path, kind: str, after: int
) -> None:
    settings = resolve("finetune", file=tiny.settings, sets=[f"adaptation.kind={kind}"])
    source = (settings, [tiny.recordings], tiny.encoder, "seizure-detection")
    with pytest.raises(Preempted):
        stage.run(*source, Context(tmp_path / "m", progress=Stopping(after)))
    assert not (tmp_path / "m" / "manifest.json").exists()
    assert stage.run(*source, Context(tmp_path / "m")).state == "resumed"
    assert files_of(tmp_path / "m") == files_of(ways[kind])


def test_stochastic_depth_trains_another_model_and_goes_on_to_the_same_bytes(
    tiny: Pipeline, tmp_path: Path
) -> None:
    few = {"training.steps": 4, "training.validate_every": 2, "adaptation.kind": "full"}
    made = {}
    for rate, stops in ((0.0, False), (0.5, False), (0.5, True)):
        values = [f"{k}={v}" for k, v in (few | {"adaptation.drop_path": rate}).items()]
        settings = resolve("finetune", file=tiny.settings, sets=values)
        source = (settings, [tiny.recordings], tiny.encoder, "seizure-detection")
        out = tmp_path / f"{rate}-{stops}"
        if stops:
            with pytest.raises(Preempted):
                stage.run(*source, Context(out, progress=Stopping(3)))
        assert stage.run(*source, Context(out)).state == ("resumed" if stops else "made")
        made[rate, stops] = files_of(out)
    assert made[0.5, True] == made[0.5, False]
    weights = [
        load_file(tmp_path / name / "model.safetensors") for name in ("0.0-False", "0.5-False")
    ]
    assert weights[0].keys() == weights[1].keys()
    assert any(not np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_temperature_and_threshold_are_chosen_on_validation_and_stored(
    ways: dict[str, Path],
) -> None:
    facts = manifest_of(ways["probe"])["facts"]
    stored = json.loads((ways["probe"] / "temperature.json").read_text())
    assert stored == facts["temperature"]
    assert stored["n_windows"] == sum(facts["windows"]["val"].values())
    assert stored["loss_after"] <= stored["loss_before"]


@pytest.mark.parametrize("kind", slow_except(["probe", "attention", "prototypes"], "attention"))
def test_seconds_are_labelled_one_by_one(tiny: Pipeline, tmp_path: Path, kind: str) -> None:
    seconds = "seizure-detection-seconds"
    few = sets(traces=0, scoring__bootstrap_resamples=100)
    finetune(tiny, tmp_path / kind, "--adapt", kind, task=seconds)
    done("evaluate", tmp_path / kind, tiny.recordings, "--out", tmp_path / f"{kind}-e", *few)
    table = pq.read_table(tmp_path / f"{kind}-e" / "predictions.parquet")
    assert set(table["duration_s"].to_pylist()) == {1.0}
