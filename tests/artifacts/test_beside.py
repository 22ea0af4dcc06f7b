"""Logs and pictures that depend on the clock lie beside an artifact, and are no part of it."""

from pathlib import Path

import pytest
from clirun import Pipeline, eegssl, files_of

from eegssl.artifacts.files.bulk_files import count_unlisted_files
from eegssl.artifacts.manifest import INVENTORY, PROGRESS, SPEED, TRACKERS, is_beside
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter, begin
from eegssl.errors import ConfigError, EegsslError

BESIDE = (SPEED, PROGRESS, INVENTORY, f"{TRACKERS}/tensorboard/events.1")


def draft(out: Path, steps: int = 1, overwrite: bool = False) -> ArtifactWriter:
    config = {"training": {"steps": steps}}
    writer = begin(out, "encoder", config=config, seed=0, overwrite=overwrite)
    writer.write("metrics.jsonl", "{}\n")
    return writer


def with_beside(writer: ArtifactWriter, text: str = "12:00") -> ArtifactWriter:
    for name in BESIDE:
        writer.write(name, text)
    return writer


def test_they_change_neither_id_nor_manifest_and_survive(tmp_path: Path) -> None:
    plain = draft(tmp_path / "a").finish({})
    made = with_beside(draft(tmp_path / "b")).finish({})
    assert made.manifest == plain.manifest
    assert all((made.path / name).read_text() == "12:00" for name in BESIDE)
    (made.path / SPEED).write_text("13:00")
    assert load(made.path, "encoder").manifest.id == made.manifest.id
    assert count_unlisted_files(made) == 0


def test_such_a_name_further_down_is_an_ordinary_file(tmp_path: Path) -> None:
    writer = draft(tmp_path / "a")
    writer.write(f"history/{SPEED}", "old")
    assert f"history/{SPEED}" in writer.finish({}).manifest.files
    assert not is_beside(f"history/{SPEED}")


def test_a_draft_with_them_is_gone_on_with(tmp_path: Path) -> None:
    with_beside(draft(tmp_path / "a"))
    again = draft(tmp_path / "a")
    assert again.resumed
    assert (tmp_path / "a" / SPEED).read_text() == "12:00"


@pytest.mark.parametrize("finished", [True, False])
def test_overwriting_clears_them(tmp_path: Path, finished: bool) -> None:
    writer = with_beside(draft(tmp_path / "a"))
    if finished:
        writer.finish({})
    made = draft(tmp_path / "a", steps=2, overwrite=True).finish({})
    assert set(files_of(made.path)) == {"manifest.json", "metrics.jsonl"}
    assert not (made.path / SPEED).exists()


def test_a_file_of_the_users_own_is_still_refused(tmp_path: Path) -> None:
    made = with_beside(draft(tmp_path / "a")).finish({})
    (made.path / "speed.txt").write_text("mine")
    assert count_unlisted_files(made) == 1
    with pytest.raises(ConfigError, match=r"speed\.txt"):
        draft(made.path, steps=2, overwrite=True)


def test_links_within_the_trackers_are_their_own_affair(tmp_path: Path) -> None:
    writer = with_beside(draft(tmp_path / "a"))
    (tmp_path / "a" / TRACKERS / "latest").symlink_to(tmp_path)
    writer.finish({})
    assert draft(tmp_path / "a", steps=2, overwrite=True).finish({})
    assert tmp_path.exists()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "eegssl.lock").touch()
    (tmp_path / "b" / TRACKERS).symlink_to(tmp_path)
    with pytest.raises(EegsslError):
        draft(tmp_path / "b")


def test_check_does_not_complain_of_them(tiny: Pipeline) -> None:
    path = tiny.encoder / PROGRESS
    path.write_bytes(b"a picture")
    try:
        assert eegssl("check", tiny.encoder).code == 0
    finally:
        path.unlink()
