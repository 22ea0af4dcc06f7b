"""Names in a manifest lead to files of its own folder: no way up, no other place, no link."""

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from resigned import sign_files, sign_manifest

from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.files.bulk_files import check_bulk
from eegssl.artifacts.reading import load, read_manifest
from eegssl.artifacts.writer import begin
from eegssl.errors import ArtifactError

SECRET = "outside"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Tokens with one file of codes; beside the folder lies a file that is nobody's business."""
    (tmp_path / "secret.txt").write_text(SECRET)
    out = tmp_path / "a"
    writer = begin(out, "tokens", config={}, seed=0)
    writer.write("note.txt", "note")
    writer.write("codes/r-1.npy", b"codes")
    rows = {"recording": ["r-1"], "bytes": [5], "sha256": [hash_file(out / "codes/r-1.npy")]}
    with writer.writing("codes.parquet") as path:
        pq.write_table(pa.table(rows), path)
    writer.finish({}, bulk={"codes": "codes.parquet"})
    load(out, "tokens")
    return out


def refused(out: Path) -> str:
    """The error of a reader, which repeats nothing of a file outside."""
    with pytest.raises(ArtifactError) as caught:
        check_bulk(out, load(out, "tokens").manifest, hashes=True)
    digest = hash_file(out.parent / "secret.txt")
    assert digest[:6] not in str(caught.value)
    assert SECRET not in str(caught.value).replace("leads out", "")
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.txt", "x/../../secret.txt", "..", "/etc/passwd", "", ".", "./note.txt"),
        *("codes//r-1.npy", "note.txt/", "..\\secret.txt", "note.txt\0", "a/" * 600 + "b"),
    ],
)
def test_a_name_that_leads_out_is_refused(made: Path, name: str) -> None:
    def add(manifest: dict[str, Any]) -> None:
        manifest["files"][name] = {"bytes": len(SECRET), "sha256": "0" * 64}

    sign_manifest(made, add)
    assert "manifest.json was edited or damaged: files" in refused(made)


@pytest.mark.parametrize(
    "bulk",
    [
        {"../b/codes": "codes.parquet"},
        {"codes": "../a/codes.parquet"},
        {"codes": "/etc/passwd"},
        {"codes": "missing.parquet"},
        {"other": "codes.parquet"},
    ],
)
def test_a_bulk_folder_or_table_outside_is_refused(made: Path, bulk: dict[str, str]) -> None:
    sign_manifest(made, lambda manifest: manifest.update(bulk=bulk))
    assert "manifest.json was edited or damaged: bulk" in refused(made)


@pytest.mark.parametrize("id_", ["../../evil/x", "/etc/x", "r-1/..", "", "r-é", "r-1\n"])
def test_a_recording_whose_name_leads_out_is_refused(made: Path, id_: str) -> None:
    table = pq.read_table(made / "codes.parquet")
    table = table.set_column(0, "recording", pa.array([id_]))
    pq.write_table(table, made / "codes.parquet")
    sign_files(made)
    assert "codes.parquet was edited or damaged: column recording" in refused(made)


@pytest.mark.parametrize("name", ["note.txt", "codes.parquet", "codes", "codes/r-1.npy"])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_is_refused_wherever_it_leads(made: Path, name: str, absolute: bool) -> None:
    """Even to the very bytes that the manifest names."""
    path = made / name
    path.rename(made.parent / "moved")
    target = (
        made.parent / "moved" if absolute else os.path.relpath(made.parent / "moved", path.parent)
    )
    path.symlink_to(target)
    assert f"{path} is a link" in refused(made)


def test_a_manifest_that_is_a_link_is_refused_and_a_folder_that_is_one_is_not(made: Path) -> None:
    (made.parent / "b").symlink_to("a")
    assert load(made.parent / "b", "tokens").manifest == read_manifest(made)
    (made / "manifest.json").rename(made.parent / "m.json")
    (made / "manifest.json").symlink_to("../m.json")
    assert "is a link" in refused(made)


def test_a_part_that_the_manifest_does_not_list_is_not_read(made: Path) -> None:
    (made / "planted.json").write_text("{}")
    artifact = load(made, "tokens")
    assert artifact / "note.txt" == made / "note.txt"
    assert artifact / "codes/r-1.npy" == made / "codes/r-1.npy"
    assert "planted.json" not in artifact
    with pytest.raises(ArtifactError, match=r"lists no planted\.json"):
        artifact / "planted.json"
