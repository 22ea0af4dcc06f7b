"""What an interrupted run left is checked before it is gone on with: the same bytes, or anew."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clirun import Pipeline, eegssl, files_of

from eegssl.stages import preprocess, tokenize

Damage = Callable[[Path], object]


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\0")


DAMAGES: dict[str, Damage] = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "grown": grow,
    "gone": lambda path: path.unlink(),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


def stop(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Have a stage interrupted where it would call a function."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, interrupted)


@pytest.fixture(scope="module")
def drafts(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Recordings and tokens whose files were all made, and no table yet."""
    outs = {}
    with pytest.MonkeyPatch.context() as patch:
        stop(patch, preprocess, "join_tables")
        stop(patch, tokenize, "write_tables")
        for stage in ("preprocess", "tokenize"):
            outs[stage] = tmp_path_factory.mktemp("draft") / stage
            assert eegssl(*tiny.command(stage, outs[stage])).code == 130
    return outs


@pytest.mark.parametrize(
    ("stage", "pattern"),
    [
        ("preprocess", "signals/*.safetensors"),
        ("preprocess", "work/rows/*.json"),
        ("preprocess", "work/look/*.npz"),
        ("tokenize", "codes/*.npy"),
        ("tokenize", "entropies/*.npy"),
        ("tokenize", "work/checkpoint.safetensors"),
    ],
)
def test_a_damaged_file_of_a_draft_is_made_anew(
    tiny: Pipeline, drafts: dict[str, Path], tmp_path: Path, stage: str, pattern: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(drafts[stage], out)
    files = sorted(out.glob(pattern))
    for path, damage in zip(files, DAMAGES.values(), strict=False):
        damage(path)
    ran = eegssl(*tiny.command(stage, out))
    assert ran.code == 0, ran.err
    assert files_of(out) == files_of(tiny.out(stage))
    assert "anew" in ran.err or "damaged" in ran.err
