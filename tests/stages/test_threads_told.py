"""What is trained tells its number of threads, and whether it went on with another."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from resigned import sign_manifest

from eegssl.stages import pretrain


@pytest.fixture(scope="module")
def draft(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretraining that was interrupted once its steps were done, on one thread."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    out = tmp_path_factory.mktemp("draft") / "encoder"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain, "save_module", interrupted)
        assert eegssl(*tiny.command("pretrain", out)).code == 130
    return out


def test_what_is_trained_records_its_threads(tiny: Pipeline) -> None:
    for folder in (tiny.tokens, tiny.encoder, tiny.model):
        assert manifest_of(folder)["facts"]["threads"] == [1]
    assert "threads" not in manifest_of(tiny.recordings)["facts"]


@pytest.mark.parametrize("threads", [[], [-3], [2, "x"], None])
@pytest.mark.parametrize("name", ["tokens", "encoder", "model"])
def test_numbers_of_threads_that_are_none_are_refused(
    copied: Callable[[str], Path], name: str, threads: object
) -> None:
    bad = copied(name)
    sign_manifest(bad, lambda manifest: manifest["facts"].update(threads=threads))
    checked = eegssl("check", bad)
    assert checked.code == 4
    assert "facts.threads" in checked.err


def test_the_same_number_goes_on_to_the_same_bytes(
    tiny: Pipeline, draft: Path, tmp_path: Path
) -> None:
    shutil.copytree(draft, tmp_path / "out")
    document = done(*tiny.command("pretrain", tmp_path / "out"))
    assert not [w for w in document["warnings"] if "thread" in w]
    assert files_of(tmp_path / "out") == files_of(tiny.encoder)


def test_another_number_is_told_and_recorded(
    tiny: Pipeline, draft: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(draft, tmp_path / "out")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    document = done(*tiny.command("pretrain", tmp_path / "out"))
    assert [w for w in document["warnings"] if "with 1 thread(s) and goes on with 2" in w]
    assert document["facts"]["threads"] == [1, 2]
    assert eegssl(*tiny.command("pretrain", tmp_path / "out")).code == 0
