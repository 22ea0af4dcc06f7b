"""Whoever opens recordings and what was made before their update says what has changed."""

import ast
import re
import shutil
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from tinycorpus import CALM_S, write_recording

import eegssl as package

BEFORE = "before an update"


@pytest.fixture(scope="module")
def grown(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The tiny pipeline whose recordings have a new, a changed, a gone and a relabelled file."""
    root = tmp_path_factory.mktemp("grown")
    run = Path(shutil.copytree(tiny.root, root / "run"))
    edf = Path(shutil.copytree(tiny.edf, root / "edf"))
    (edf / "sub-20").mkdir()
    write_recording(edf / "sub-20" / "new.edf", 20, 2 * CALM_S, None)
    write_recording(edf / "sub-01" / "eeg" / "sub-01_run-2_eeg.edf", 21, CALM_S, None)
    (edf / "sub-03" / "eeg" / "sub-03_run-2_eeg.edf").unlink()
    table = next((edf / "sub-02").rglob("*run-1*.tsv"))
    table.write_text(re.sub(r"\bsz\b", "bckg", table.read_text()))
    pipeline = Pipeline(run, edf, tiny.settings)
    done(*pipeline.command("preprocess"), "--update")
    return pipeline


NUMBERS = {
    "new": 1,
    "new_hours": round(2 * CALM_S / 3600, 4),
    "changed": 1,
    "changed_hours": round(CALM_S / 3600, 4),
    "gone": 1,
    "gone_hours": round(CALM_S / 3600, 4),
    "relabelled": 1,
}
WORDS = (
    f"1 new ({2 * CALM_S / 3600:.3g}",
    "1 with another signal",
    "1 gone",
    "1 with other labels",
)


def told(text: str, artifact: Path) -> str:
    """The one sentence about an artifact, that holds all numbers."""
    joined = " ".join(text.split())
    assert joined.count(f"{artifact} (") == 1, joined
    sentence = joined[joined.index(f"{artifact} (") :]
    for words in (BEFORE, *WORDS, "have signal and labels as before", "makes it anew"):
        assert words in sentence
    return sentence


def commands(p: Pipeline) -> dict[str, tuple[list[object], Path, str]]:
    """A command, what it opens beside the recordings, and what it says of its use."""
    config = ("--config", p.settings, "--out", p.root / "elsewhere", "--dry-run")
    task = ("--task", "seizure-detection")
    reconstruct = ("--objective", "reconstruct")
    return {
        "tokenize": (
            ["tokenize", p.recordings, "--tokenizer", p.tokens, *config],
            p.tokens,
            "stay valid",
        ),
        "init_from": (
            ["pretrain", p.recordings, "--init-from", p.encoder, *reconstruct, *config],
            *(p.encoder, "weights can be used"),
        ),
        "finetune": (
            ["finetune", p.recordings, "--encoder", p.encoder, *task, *config],
            *(p.encoder, "--init-from"),
        ),
        "evaluate": (
            ["evaluate", p.model, p.recordings, "--allow-leak", *config],
            p.model,
            "threshold",
        ),
        "probes": (
            ["evaluate", p.encoder, p.recordings, "--probes", "--allow-leak", *config[2:]],
            *(p.encoder, "eegssl pretrain"),
        ),
        "folds": (
            [
                *("finetune", p.recordings, "--encoder", p.encoder, *task, *config),
                *("--folds", "3", "--allow-leak"),
            ],
            *(p.encoder, "eegssl pretrain"),
        ),
    }


@pytest.mark.parametrize(
    "name", ["tokenize", "init_from", "finetune", "evaluate", "probes", "folds"]
)
def test_a_stage_says_what_has_changed(grown: Pipeline, name: str) -> None:
    command, artifact, words = commands(grown)[name]
    ran = eegssl(*command)
    assert ran.code == 0, ran.err
    assert words in told(ran.err, artifact)


def test_tokens_of_older_recordings_are_refused_with_what_has_changed(grown: Pipeline) -> None:
    ran = eegssl(*grown.command("pretrain", grown.root / "elsewhere"))
    assert ran.code == 4
    assert "--tokenizer" in told(ran.err, grown.tokens)


def test_what_stands_in_the_output_is_told_too(grown: Pipeline) -> None:
    before = files_of(grown.tokens)
    ran = eegssl(*grown.command("tokenize"))
    assert ran.code == 2
    assert "--overwrite" in ran.err
    told(ran.err, grown.tokens)
    assert files_of(grown.tokens) == before


@pytest.mark.parametrize("name", ["tokens", "encoder", "model", "evaluation"])
def test_info_and_check_tell_it_of_every_artifact(grown: Pipeline, name: str) -> None:
    path = grown.root / name
    for command in (("info", path), ("info", path, "--check"), ("check", path)):
        ran = eegssl(*command)
        assert ran.code == 0
        told(ran.err, path)
    (numbers,) = done("info", path)["grown"]
    assert {key: numbers[key] for key in NUMBERS} == NUMBERS
    n_before = manifest_of(grown.recordings)["facts"]["recordings"]
    assert numbers["unchanged"] == n_before - 3
    moved = Path(shutil.copytree(path, grown.root / "far" / name))
    assert "grown" not in done("info", moved)
    (numbers,) = done("info", moved, "--recordings", grown.recordings)["grown"]
    assert numbers["new"] == 1
    refused = eegssl("info", moved, "--recordings", path)
    assert refused.code == 2
    assert "holds" in refused.err


def test_nothing_is_told_where_nothing_has_changed(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl(
        *("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection"),
        *("--config", tiny.settings, "--out", tmp_path / "model", "--dry-run"),
    )
    assert ran.code == 0
    assert BEFORE not in ran.err
    assert "grown" not in done("info", tiny.encoder)
    assert eegssl("check", tiny.recordings).code == 0


def test_an_update_that_finds_nothing_keeps_no_state_and_older_ones_stay(grown: Pipeline) -> None:
    states = sorted(path.name for path in (grown.recordings / "earlier").iterdir())
    done(*grown.command("preprocess"), "--update")
    assert sorted(path.name for path in (grown.recordings / "earlier").iterdir()) == states
    assert len(states) == 1
    assert eegssl("check", grown.recordings).code == 0


def test_a_damaged_state_costs_the_numbers_alone(grown: Pipeline, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(grown.root, tmp_path / "run"))
    next((copy / "recordings" / "earlier").iterdir()).write_bytes(b"PAR1")
    command, _, _ = commands(Pipeline(copy, grown.edf, grown.settings))["finetune"]
    ran = eegssl(*command)
    assert ran.code == 0
    assert "can't be counted" in ran.err
    for verb in ("info", "check"):
        ran = eegssl(verb, copy / "encoder")
        assert ran.code == 0
        assert "can't be counted" in ran.err


def makes_of_recordings(source: str) -> bool:
    """Whether code begins an artifact whose inputs are recordings and something made of them."""
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
    }
    return "inputs" in called and bool({"begin", "begin_together"} & called)


def test_every_stage_that_reads_recordings_and_what_is_made_of_them_calls_it() -> None:
    root = Path(package.__file__).parent
    sources = {path: path.read_text() for path in sorted(root.rglob("*.py"))}
    makers = [path.name for path, text in sources.items() if makes_of_recordings(text)]
    assert {"tokenize.py", "pretrain.py", "base.py", "run_probes.py", "benchmark.py"} <= {*makers}
    silent = [
        path.name
        for path, text in sources.items()
        if makes_of_recordings(text) and "tell_growth(" not in text
    ]
    assert silent == []


def test_packed_recordings_know_it_too(grown: Pipeline, tmp_path: Path) -> None:
    done("pack", grown.recordings, "--out", tmp_path / "packed")
    command = ("--task", "seizure-detection", "--config", grown.settings, "--dry-run")
    encoder, out = grown.encoder, tmp_path / "model"
    packed = tmp_path / "packed"
    ran = eegssl("finetune", packed, "--encoder", encoder, "--out", out, *command)
    assert ran.code == 0
    assert "weights can be used" in told(ran.err, encoder)
