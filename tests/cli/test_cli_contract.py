"""The command line keeps its promises: the same options everywhere, one JSON document, codes."""

import getpass
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from clirun import MAKERS, SPINE, Pipeline, commands, done, eegssl, files_of, manifest_of, stamps_of

HELPERS = ("synth", "info", "doctor")
COMMON = (
    "--out",
    "--preset",
    "--config",
    "--set",
    "--seed",
    "--json",
    "--dry-run",
    "--wait",
    "--overwrite",
)


def test_help_shows_the_six_in_order_before_the_helpers() -> None:
    ran = eegssl("--help")
    assert ran.code == 0
    places = [re.search(rf"^\W*{name}\b", ran.out, re.MULTILINE) for name in SPINE + HELPERS]
    assert all(places)
    starts = [place.start() for place in places if place]
    assert starts[:6] == sorted(starts[:6])
    assert max(starts[:6]) < min(starts[6:])


@pytest.mark.parametrize("name", MAKERS)
def test_the_options_are_the_same_everywhere(name: str) -> None:
    ran = eegssl(name, "--help")
    assert ran.code == 0
    words = set(re.findall(r"--[a-z-]+", ran.out))
    assert set(COMMON) <= words


def test_the_version_is_printed() -> None:
    assert re.fullmatch(r"eegssl \d+\.\d+\S*\n", eegssl("--version").out)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--preset", "dmo"], ("'dmo'", "demo")),
        (["--set", "no_such_thing=1"], ("no_such_thing",)),
        (["--set", "seed"], ("key=value",)),
        (["--config", "nowhere.toml"], ("nowhere.toml",)),
        (["--seed", "-1"], ("--seed",)),
        (["--seed", "many"], ("--seed",)),
        (["--no-such-flag"], ("--no-such-flag",)),
    ],
    ids=["preset", "key", "no-value", "no-file", "negative-seed", "seed", "flag"],
)
def test_usage_errors_exit_2_and_make_nothing(
    tiny: Pipeline, tmp_path: Path, name: str, flags: list[str], words: tuple[str, ...]
) -> None:
    command = commands(tiny, tmp_path)[name]
    ran = eegssl(*command, "--out", tmp_path / "out", *flags)
    assert ran.code == 2, ran.err
    assert all(word in ran.err for word in words), ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "item", "near"),
    [
        ("preprocess", "filtre.low_hz=1", "filter"),
        ("preprocess", "filter.low_hertz=1", "low_hz"),
        ("tokenize", "training.stpes=1", "steps"),
        ("tokenize", "tokeniser.n_codes=8", "tokenizer"),
        ("pretrain", "encoder.layer=1", "layers"),
        ("pretrain", "masking.ration=0.5", "ratio"),
        ("finetune", "adaption.kind=probe", "adaptation"),
        ("finetune", "task.windows_s=2", "window_s"),
        ("evaluate", "trace=1", "traces"),
        ("benchmark", "seed=[1]", "seeds"),
        ("synth", "subjects=3", "n_subjects"),
    ],
)
def test_an_unknown_key_names_the_nearest(
    tiny: Pipeline, tmp_path: Path, name: str, item: str, near: str
) -> None:
    command = commands(tiny, tmp_path)[name]
    ran = eegssl(*command, "--out", tmp_path / "out", "--set", item)
    assert ran.code == 2
    assert f"did you mean '{near}'" in ran.err


@pytest.mark.parametrize(
    "item",
    ["training.steps=0", "training.steps=many", "training.device=tpu", "masking.ratio=2"],
)
def test_an_impossible_value_is_named_with_its_key(
    tiny: Pipeline, tmp_path: Path, item: str
) -> None:
    command = commands(tiny, tmp_path)["pretrain"]
    ran = eegssl(*command, "--out", tmp_path / "out", "--set", item)
    key, value = item.split("=")
    assert ran.code == 2
    assert key in ran.err
    assert value in ran.err


def test_a_task_that_does_not_exist_names_the_nearest(tiny: Pipeline, tmp_path: Path) -> None:
    task = ("--task", "seizure-detektion", "--out", tmp_path / "out")
    ran = eegssl("finetune", tiny.recordings, "--encoder", tiny.encoder, *task)
    assert ran.code == 2
    assert "'seizure-detection'" in ran.err


@pytest.mark.parametrize("name", MAKERS)
def test_a_dry_run_says_what_it_would_do_and_writes_nothing(
    tiny: Pipeline, tmp_path: Path, name: str
) -> None:
    command = commands(tiny, tmp_path)[name]
    before = files_of(tmp_path), stamps_of(tiny.root), stamps_of(tiny.edf)
    document = done(*command, "--out", tmp_path / "out", "--dry-run")
    assert document["state"] == "would make"
    assert document["config"]
    assert (files_of(tmp_path), stamps_of(tiny.root), stamps_of(tiny.edf)) == before
    assert not (tmp_path / "out").exists()


def test_a_dry_run_makes_no_key(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "private"))
    done("preprocess", tiny.edf, "--out", tmp_path / "out", "--dry-run")
    assert files_of(tmp_path) == {}


def test_a_dry_run_knows_what_is_there(tiny: Pipeline) -> None:
    command = tiny.command("tokenize")
    assert done(*command, "--dry-run")["state"] == "already made"
    assert done(*command, "--overwrite", "--dry-run")["state"] == "would replace"
    ran = eegssl(*command, "--set", "window_s=2", "--dry-run")
    assert ran.code == 2
    assert "window_s 4.0 -> 2" in ran.err


def test_json_is_one_document_and_news_go_to_stderr(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl(*tiny.command("tokenize", tmp_path / "out"), "--json")
    document = ran.document
    assert ran.code == 0
    assert document["kind"] == "tokens"
    assert document["state"] == "made"
    assert document["id"] == manifest_of(tmp_path / "out")["id"]
    assert document["facts"] == manifest_of(tmp_path / "out")["facts"]
    assert document["config"] == manifest_of(tmp_path / "out")["config"]
    assert ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tokenize", "nowhere", "--out", "out"], 4),
        (["preprocess", "nowhere", "--out", "out"], 3),
        (["preprocess", ".", "--out", "out", "--preset", "x"], 2),
        (["info", "nowhere"], 4),
    ],
)
def test_json_is_one_document_also_for_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = eegssl(*arguments, "--json")
    assert ran.code == code
    assert ran.document["exit_code"] == code
    assert ran.document["error"]
    assert ran.document["error"] in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["tokenize", "nowhere"],
        ["tokenize", "nowhere", "--out", "out", "--seed", "x"],
        ["synth", "--out", "out", "--no-such-flag"],
    ],
    ids=["no-out", "no-number", "no-such-flag"],
)
def test_json_is_one_document_also_for_usage_errors(arguments: list[str]) -> None:
    ran = eegssl(*arguments, "--json")
    assert ran.code == 2
    assert ran.document["exit_code"] == 2


def test_flag_beats_environment_beats_file_beats_default(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[pretrain.training]\nsteps = 11\nbatch_size = 12\nlr = 1e-4\n")
    monkeypatch.setenv("EEGSSL_PRETRAIN__TRAINING__BATCH_SIZE", "22")
    monkeypatch.setenv("EEGSSL_PRETRAIN__TRAINING__LR", "2e-4")
    command = ["pretrain", tiny.recordings, "--tokens", tiny.tokens, "--out", tmp_path / "out"]
    flag = ("--set", "training.lr=3e-4")
    training = done(*command, "--config", file, *flag, "--dry-run")["config"]["training"]
    plain = done(*command, "--dry-run")["config"]["training"]
    assert (training["steps"], training["batch_size"], training["lr"]) == (11, 22, 3e-4)
    assert training["weight_decay"] == plain["weight_decay"]
    preset = done(*command, "--preset", "demo", "--config", file, "--dry-run")["config"]["training"]
    assert preset["steps"] == 11


def test_the_resolved_configuration_stands_beside_the_result(tiny: Pipeline) -> None:
    config = manifest_of(tiny.encoder)["config"]
    assert config["training"]["steps"] == 12
    assert config["training"]["weight_decay"] == 0.05
    assert config["masking"]["kind"] == "region"


@pytest.mark.parametrize("name", ["recordings", "tokens", "encoder", "model", "evaluation"])
def test_info_explains_every_artifact(tiny: Pipeline, name: str) -> None:
    folder = tiny.root / name
    before = stamps_of(folder)
    ran = eegssl("info", folder)
    manifest = manifest_of(folder)
    assert ran.code == 0
    assert manifest["kind"] in ran.out
    assert manifest["id"] in ran.out
    for parent in manifest["inputs"]:
        assert f"{parent['kind']} {parent['id'][:12]}" in ran.out
    assert eegssl("info", folder, "--json").document == manifest
    assert stamps_of(folder) == before


def test_doctor_prints_versions_and_nothing_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "Haagse_Harry"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "Haagse_Harry")
    monkeypatch.setenv("LOGNAME", "Haagse_Harry")
    monkeypatch.setenv("HOSTNAME", "ward-seven")
    monkeypatch.chdir(home)
    for ran in (eegssl("doctor"), eegssl("doctor", "--json")):
        assert ran.code == 0
        said = ran.out + ran.err
        assert "torch" in said
        for private in (str(home), "Haagse_Harry", "ward-seven", socket.gethostname(), os.getcwd()):
            assert private not in said
        assert not re.search(r"(?<![\w.])/\w+/", said)  # no path at all
        assert not re.search(rf"\b{re.escape(getpass.getuser())}\b", said)
    assert {"python", "packages", "devices", "disk_free_gib"} <= set(ran.document)


def test_the_module_and_the_command_are_the_same(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "eegssl", "info", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 4
    assert json.loads(run.stdout)["exit_code"] == 4
