"""What a kind of task declares as read is read, in real runs of each way that it allows.

That each kind says of every setting whether it reads it is shown quickly by
``test_settings_and_kinds.py``.
"""

import json
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from clirun import Pipeline, done
from downstream import PATIENTS, chain_of, preprocess, sets, sines, table_of
from patientcohort import plain_rows, write_cohort
from readings import Reading, recorded
from tinycorpus import SUBJECTS

from eegssl.adaptation.config import Kind
from eegssl.adaptation.read_by_way import READS_OF_WAY
from eegssl.config.settings import Settings, leaf_settings
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.store import open_corpus
from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.forecast.config import ForecastTaskConfig
from eegssl.tasks.kinds import KINDS
from eegssl.tasks.labels import calibration
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.patients.config import PatientTaskConfig
from eegssl.tasks.phase.config import PhaseTaskConfig
from eegssl.tasks.settings_read import covering

pytestmark = pytest.mark.slow
ENDS = {
    PhaseTaskConfig: ("forecast.head", "forecast.baselines", "forecast.unit"),
}
"""Parts of a task's settings that its kind refuses; see its configuration."""
READ = {PhaseTaskConfig: ("forecast.baselines.autoregression",)}
"""Those of them that it reads none the less."""


def unread(config: Settings, reads: tuple[str, ...], seen: set[Reading]) -> list[str]:
    """The settings that are declared as read and were not."""
    return [
        key
        for key, (owner, name) in leaf_settings(config).items()
        if covering(key, reads) and (type(owner).__name__, name) not in seen
    ]


def of_task(config: Settings) -> tuple[str, ...]:
    """The settings of a task itself that it has to read."""
    ends, read = ENDS.get(type(config), ()), READ.get(type(config), ())
    return tuple(
        key for key in leaf_settings(config) if covering(key, read) or not covering(key, ends)
    )


def require_all_read(kind: str, task: Settings, seen: set[Reading]) -> None:
    """Fail for a setting of `finetune`, `evaluate` or the task that nothing has read."""
    this = KINDS[kind]
    missing = unread(FinetuneConfig(), this.finetune_reads, seen)
    missing += unread(EvaluateConfig(), this.evaluate_reads, seen)
    missing += unread(task, of_task(task), seen)
    assert not missing, ", ".join(missing)


def brief(file: Path, folder: Path) -> Path:
    """The settings of a file, with two steps of training for each way of adapting."""
    own = tomllib.loads(file.read_text())
    training = own["finetune"]["training"] | {"steps": 2, "validate_every": 1}
    return with_finetune(own, own["finetune"] | {"training": training}, folder / "brief.toml")


def with_finetune(settings: dict[str, Any], finetune: dict[str, Any], path: Path) -> Path:
    """A file of these settings, those of fine-tuning replaced."""
    tables = settings | {"finetune": finetune}
    path.write_text("".join(f"{n} = {inline(table)}\n" for n, table in tables.items()))
    return path


def inline(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{n} = {inline(v)}" for n, v in value.items()) + "}"
    return json.dumps(value)


OTHER = {
    "adaptation": {
        **{"pooling": "max", "dropout": 0.3, "layer_decay": 0.5, "head_lr_scale": 2.0},
        **{"attention_heads": 2, "probe_c": [1e-3], "probe_iterations": 3, "shots": 1},
        "drop_path": 0.5,
        "lora": {"rank": 2, "alpha": 3.0, "linears": ["out"]},
    },
    "training": {
        **{"steps": 3, "lr": 1e-4, "weight_decay": 0.5, "betas": [0.5, 0.5], "warmup": 0.5},
        **{"clip_norm": 0.01, "validate_every": 1, "patience": 1, "precision": "bfloat16"},
        **{"log_every": 3, "checkpoint_every": 1},
    },
}
"""Another value of each setting that a way of adapting may leave unread."""


@pytest.mark.parametrize("way", READS_OF_WAY)
def test_a_way_of_adapting_reads_what_it_says_and_nothing_else(
    tiny: Pipeline, tmp_path: Path, way: Kind
) -> None:
    reads = READS_OF_WAY[way]
    own = tomllib.loads(brief(tiny.settings, tmp_path).read_text())
    parts = {
        part: own["finetune"].get(part, {})
        | {n: v for n, v in values.items() if not covering(f"{part}.{n}", reads)}
        for part, values in OTHER.items()
    }
    other = with_finetune(own, own["finetune"] | parts, tmp_path / "other.toml")
    call = ["finetune", tiny.recordings, "--encoder", tiny.encoder, "--adapt", way]
    call += ["--task", "seizure-detection", "--config"]
    with recorded() as seen:
        done(*call, tmp_path / "brief.toml", "--out", tmp_path / "plain")
    done(*call, other, "--out", tmp_path / "other")
    plain, changed = (tmp_path / n / "model.safetensors" for n in ("plain", "other"))
    assert changed.read_bytes() == plain.read_bytes()
    leaves = leaf_settings(FinetuneConfig()).items()
    named = {k: (type(o).__name__, n) for k, (o, n) in leaves if covering(k, reads)}
    assert not [key for key, one in named.items() if one not in seen]


def test_labels(tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = ScoringConfig(shortest_event_recording_s=0.0)  # of the tiny corpus
    choose = partial(calibration.choose_postprocess, scoring=clips)
    monkeypatch.setattr(calibration, "choose_postprocess", choose)
    detect = ["--task", "seizure-detection"]
    few = ["--config", brief(tiny.settings, tmp_path)]
    rows = [f"sub-{k:02d}\t{'calm' if k % 2 else 'busy'}" for k in range(SUBJECTS)]
    (tmp_path / "l.tsv").write_text("\n".join(["subject\tlabel", *rows]) + "\n")
    text = 'name = "own"\nlabels = "table"\ntable = "l.tsv"\nwindow_s = 4.0\n'
    (tmp_path / "own.toml").write_text(text + 'classes = ["calm", "busy"]\nunit = "patient"\n')
    ways: dict[str, list[Any]] = {
        "probe": [*detect, "--set", "cross.folds=3", "--set", f"cache={tmp_path / 'cache'}"],
        "attention": detect,
        "full": [*detect, "--set", "class_weights=loss", "--labels", 0.9],
        "lora": detect,
        "two-stage": detect,
        "prototypes": detect,
        "scratch": ["--task", tmp_path / "own.toml"],
    }
    with recorded() as seen:
        for way, more in ways.items():
            call = ["finetune", tiny.recordings, "--encoder", tiny.encoder, "--adapt", way]
            done(*call, *more, *few, "--out", tmp_path / way)
        for way, more in (("probe", ()), ("scratch", ("--set", f"labels={tmp_path / 'l.tsv'}"))):
            call = ["evaluate", tmp_path / way, tiny.recordings, "--config", tiny.settings, *more]
            done(*call, "--out", tmp_path / f"{way}-e", "--allow-leak")
        of_events = {"labels": "events", "unit": "event", "classes": ("sz_a", "sz_b")}
        corpus = open_corpus([tiny.recordings])
        for overlap in ("refuse", "priority"):
            types = TaskConfig.model_validate({"name": "t", "overlap": overlap, **of_events})
            labelled_windows(corpus, corpus.recordings, types, None, seed=0)
    require_all_read("labels", types, seen)


@pytest.mark.parametrize(
    ("kind", "task", "settings"),
    [
        ("forecast", "forecast-short", ForecastTaskConfig(name="t")),
        ("phase", "frequency-phase", PhaseTaskConfig(name="t")),
    ],
)
def test_forecasts(
    tiny: Pipeline, tmp_path: Path, kind: str, task: str, settings: Settings
) -> None:
    chain = chain_of(tmp_path, tiny, sines, task)
    prefix = "forecast__" if kind == "phase" else ""
    in_time = {f"{prefix}in_time": "[0.4, 0.3]", f"{prefix}gap_s": 1, f"{prefix}context_s": 6}
    with recorded() as seen:
        chain.scored("full", "--adapt", "full", "--set", "cross.folds=3")
        chain.scored("lora", "--adapt", "lora", **in_time)
        if kind == "forecast":
            chain.scored("steps", head__kind="autoregressive")
    require_all_read(kind, settings, seen)


def test_patients(tiny: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "participants.tsv").write_text(table_of(plain_rows("outcome")))
    edf = write_cohort(tmp_path / "edf", 2.0, ("before", "after"))
    recordings = preprocess(edf, tmp_path / "recordings", "zero")
    small = {"analysis.attention_permutations": 4, "analysis.attention_steps": 2, "window_s": 4}
    chosen = PATIENTS | small | {"table": tmp_path / "participants.tsv"}
    call = ["finetune", recordings, "--encoder", tiny.encoder, *sets(chosen)]
    runs = {
        "quantiles": ("rftc-outcome",),
        "attention": ("asm-efficacy", "--set", "task.session=after"),
    }
    with recorded() as seen:
        for pooling, (task, *more) in runs.items():
            how = ("--set", f"task.analysis.pooling={pooling}", "--out", tmp_path / pooling)
            done(*call, "--task", task, *more, *how, "--set", "task.outcome.label=outcome")
    require_all_read("patients", PatientTaskConfig(name="t"), seen)
