"""What an interrupted run left is checked before it is gone on with: the same bytes, or anew."""

import shutil
from pathlib import Path

import pytest
from clirun import Pipeline, eegssl, files_of
from damagedfiles import DAMAGES, stop

from eegssl.stages.preprocessing import finishing_recordings
from eegssl.stages.tokenizing import encoded_recordings


@pytest.fixture(scope="module")
def drafts(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Recordings and tokens whose files were all made, and no table yet; and whole ones."""
    outs = {}
    for stage in ("preprocess", "tokenize"):
        outs[f"whole {stage}"] = tmp_path_factory.mktemp("whole") / stage
        assert eegssl(*tiny.command(stage, outs[f"whole {stage}"])).code == 0
    with pytest.MonkeyPatch.context() as patch:
        stop(patch, finishing_recordings, "join_tables")
        stop(patch, encoded_recordings, "write_tables")
        for stage in ("preprocess", "tokenize"):
            outs[stage] = tmp_path_factory.mktemp("draft") / stage
            assert eegssl(*tiny.command(stage, outs[stage])).code == 130
    return outs


@pytest.mark.parametrize(
    ("stage", "pattern"),
    [
        ("preprocess", "signals/*.safetensors"),
        ("preprocess", "work/rows/*.json"),
        ("preprocess", "clips/*.npz"),
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
    assert files_of(out) == files_of(drafts[f"whole {stage}"])
    assert "anew" in ran.err or "damaged" in ran.err
