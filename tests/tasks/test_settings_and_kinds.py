"""Every setting is read by a kind of task, or refused with the reason; never ignored."""

from pathlib import Path
from typing import Any, TypeVar

import pytest
from clirun import Pipeline, done, eegssl

from eegssl.config.resolve import read_task
from eegssl.config.settings import Settings, leaf_settings
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.errors import ConfigError
from eegssl.tasks.base import check_rescore, check_settings, without_cache
from eegssl.tasks.kinds import KINDS
from eegssl.tasks.settings_read import covering, require_read

TASKS = {
    "labels": "seizure-detection",
    "forecast": "forecast-short",
    "phase": "frequency-phase",
    "patients": "asm-efficacy",
}
STAGES: dict[str, type[Settings]] = {"finetune": FinetuneConfig, "evaluate": EvaluateConfig}
S = TypeVar("S", bound=Settings)
LEAVES = [
    (stage, key)
    for stage, config in STAGES.items()
    for key in leaf_settings(config())
    if key != "task"
]


def changed(settings: S, key: str, value: Any = "another value") -> S:
    """The same settings with another value at a dotted key, whatever the field allows."""
    name, _, rest = key.partition(".")
    inner = changed(getattr(settings, name), rest, value) if rest else value
    return settings.model_copy(update={name: inner})


def reads_of(kind: str, stage: str) -> tuple[str, ...]:
    return {"finetune": KINDS[kind].finetune_reads, "evaluate": KINDS[kind].evaluate_reads}[stage]


def check(kind: str, stage: str, key: str) -> None:
    """What a stage checks of its settings, one of them changed."""
    this, task = KINDS[kind], read_task(TASKS[kind], {})
    if stage == "finetune":
        check_settings(this, changed(FinetuneConfig(), key), task)
    else:
        config = changed(EvaluateConfig(), key)
        require_read(config, this.evaluate_reads, this.unread, task.name, kind)


def test_every_kind_has_a_task_here() -> None:
    assert TASKS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("stage", "key"), LEAVES)
def test_a_setting_that_a_kind_does_not_read_is_refused_with_its_reason(
    kind: str, stage: str, key: str
) -> None:
    this = KINDS[kind]
    if covering(key, reads_of(kind, stage)):
        return
    with pytest.raises(ConfigError) as refused:
        check(kind, stage, key)
    assert key in str(refused.value)
    assert "leave it out" in str(refused.value)
    if this.evaluate_reads:
        assert this.unread[covering(key, this.unread) or "?"] in str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", leaf_settings(EvaluateConfig()))
def test_scoring_a_table_reads_a_setting_or_refuses_it_with_the_reason(kind: str, key: str) -> None:
    this, config = KINDS[kind], changed(EvaluateConfig(), key)
    scoring = key.startswith("scoring") and covering(key, this.evaluate_reads)
    if scoring or key == "allow_leak" or (kind, key) == ("phase", "traces"):
        check_rescore(this, config, "own")
        return
    with pytest.raises(ConfigError) as refused:
        check_rescore(this, config, "own")
    assert key in str(refused.value)
    assert "leave it out" in str(refused.value)
    if not key.startswith("scoring"):
        assert "no model is run; to set it, evaluate a model" in str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_declares_are_settings_that_there_are(kind: str) -> None:
    for stage in STAGES:
        keys = [key for one, key in LEAVES if one == stage]
        for name in reads_of(kind, stage):
            assert any(covering(key, [name]) for key in keys), name
    assert set(KINDS[kind].page_reads) <= set(KINDS[kind].evaluate_reads)
    for name in KINDS[kind].unread:
        assert any(covering(key, [name]) for _, key in LEAVES), name


@pytest.mark.parametrize("more", [(), ("--folds", 3)])
def test_targets_of_a_label_task_are_refused(
    tiny: Pipeline, tmp_path: Path, more: tuple[object, ...]
) -> None:
    call = ("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection")
    ran = eegssl(*call, "--targets", tiny.recordings, "--out", tmp_path / "out", *more)
    assert (ran.code, "targets (--targets)" in ran.err) == (2, True), ran.err
    call = ("evaluate", tiny.model, tiny.recordings)
    ran = eegssl(*call, "--targets", tiny.recordings, "--out", tmp_path / "out")
    assert (ran.code, "targets (--targets)" in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("task", "setting", "word"),
    [
        ("seizure-detection", 'targets = ["zero"]', "targets"),
        ("forecast-short", "", "labels_fraction (--labels)"),
    ],
)
def test_a_matrix_is_refused_before_any_cell_is_made(
    tiny: Pipeline, tmp_path: Path, task: str, setting: str, word: str
) -> None:
    (tmp_path / "matrix.toml").write_text(
        f'recordings = ["{tiny.recordings}"]\n[encoders]\none.path = "{tiny.encoder}"\n'
        f'[tasks.own]\ntask = "{task}"\n{setting}\n[finetune]\nlabels_fraction = 0.5\n'
    )
    ran = eegssl("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out")
    assert (ran.code, word in ran.err) == (2, True), ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "key"),
    [
        (["--set", "training.steps=3"], "training.steps"),
        (["--set", "training={ lr = 0.1 }"], "training.lr"),
        (["--set", "training.steps=400", "--folds", 4], "training.steps"),
        (["--adapt", "prototypes", "--set", "training.patience=3"], "training.patience"),
        (["--adapt", "prototypes", "--set", "adaptation.probe_c=[1]"], "adaptation.probe_c"),
        (["--adapt", "full", "--set", "adaptation.lora.rank=2"], "adaptation.lora.rank"),
        (["--adapt", "attention", "--set", "adaptation.drop_path=0.1"], "adaptation.drop_path"),
    ],
)
def test_a_flag_that_the_way_of_adapting_does_not_read_is_refused(
    tiny: Pipeline, tmp_path: Path, flags: list[object], key: str
) -> None:
    call = ("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection")
    ran = eegssl(*call, *flags, "--out", tmp_path / "out")
    assert ran.code == 2, ran.err
    assert f"{key} is set and means nothing here" in ran.err
    assert "leave it out, or adapt by " in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["--preset", "demo", "--adapt", "probe"],
        ["--set", "training.batch_size=8", "--set", "adaptation.probe_c=[1]"],
        ["--adapt", "full", "--set", "training.steps=3"],
        ["--adapt", "lora", "--set", "adaptation.drop_path=0.1"],
        ["--adapt", "probe", "--set", "adaptation.layer=best"],
    ],
)
def test_what_a_preset_sets_or_the_way_of_adapting_reads_is_accepted(
    tiny: Pipeline, tmp_path: Path, flags: list[object]
) -> None:
    call = ("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection")
    done(*call, *flags, "--out", tmp_path / "out", "--dry-run")


@pytest.mark.parametrize(("ways", "code"), [('"probe"', 2), ('"probe", "full"', 0)])
def test_a_flag_that_no_adaptation_of_a_matrix_reads_is_refused(
    tiny: Pipeline, tmp_path: Path, ways: str, code: int
) -> None:
    (tmp_path / "matrix.toml").write_text(
        f'recordings = ["{tiny.recordings}"]\nadaptations = [{ways}]\n'
        f'[encoders]\none.path = "{tiny.encoder}"\n[tasks.own]\ntask = "seizure-detection"\n'
        "[finetune.training]\nsteps = 3\n"
    )
    flag = ("--set", "finetune.training.lr=1e-3", "--dry-run")
    ran = eegssl("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out", *flag)
    assert ran.code == code, ran.err
    assert ("training.lr is set and means nothing here" in ran.err) is (code == 2)


def test_where_embeddings_are_kept_decides_no_model() -> None:
    kept = FinetuneConfig(cache="folder", cache_gb=1.0)
    assert without_cache(kept) == FinetuneConfig()
