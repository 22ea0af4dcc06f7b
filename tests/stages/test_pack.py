"""Packed recordings are the same recordings, in fewer files."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, files_of
from safetensors.numpy import load_file

from eegssl.artifacts.files import packs
from eegssl.artifacts.manifest import is_beside
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.stages.preprocessing import packing

HASHED = re.compile(r"[frs]-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def packed(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus in packs of at most a megabyte; read only."""
    out = tmp_path_factory.mktemp("packed") / "recordings"
    assert done("pack", tiny.recordings, "--out", out, "--pack-mb", 1)["packs"] > 1
    return out


@pytest.fixture
def own(packed: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(packed, tmp_path / "packed"))


def signals(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "signals").iterdir())}


def n_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def read_all(corpus: Corpus) -> list[np.ndarray]:
    return [corpus.read_uv(one, 0, one.n_samples) for one in corpus.recordings]


def test_all_but_the_signals_is_the_same_to_the_byte(tiny: Pipeline, packed: Path) -> None:
    before, after = files_of(tiny.recordings), files_of(packed)
    assert {n: h for n, h in after.items() if not n.startswith("signals/")} == {
        n: h for n, h in before.items() if not n.startswith("signals/") and not is_beside(n)
    }
    ids = json.loads((packed / "manifest.json").read_text())["id"]
    assert done("info", tiny.recordings)["id"] == ids
    assert not any(HASHED.search(name) for name in signals(packed))


def test_packs_are_the_files_as_they_are_and_the_index_says_where(
    tiny: Pipeline, packed: Path
) -> None:
    files, within = signals(tiny.recordings), signals(packed)
    index = within.pop("packs.parquet")
    assert b"".join(within.values()) == b"".join(files[name] for name in sorted(files))
    assert all(len(pack) <= 1_000_000 for pack in within.values())
    assert index
    for row in pq.read_table(packed / "signals" / "packs.parquet").to_pylist():
        file = files[f"{row['recording']}.safetensors"]
        pack = within[f"{row['pack']:05d}.pack"]
        assert pack[row["offset"] : row["offset"] + len(file)] == file


def test_the_lines_of_the_page_that_open_a_packed_signal_do_so(
    tiny: Pipeline, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "artifacts.md").read_text()
    (block,) = [part for part in page.split("```") if "pack.seek(" in part]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "packed").symlink_to(packed)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(block.removeprefix("python"), names)
    alone = tiny.recordings / "signals" / f"{names['places'][0]['recording']}.safetensors"
    for name, values in load_file(alone).items():
        np.testing.assert_array_equal(names["stored"][name], values)


def test_every_sample_and_flag_is_the_same(tiny: Pipeline, packed: Path) -> None:
    one, other = open_corpus([tiny.recordings]), open_corpus([packed])
    assert one.inputs() == other.inputs()
    for left, right in zip(one.recordings, other.recordings, strict=True):
        n = left.n_samples
        np.testing.assert_array_equal(one.read_uv(left, 0, n), other.read_uv(right, 0, n))
        np.testing.assert_array_equal(one.quality(left), other.quality(right))


def test_a_corpus_opens_each_pack_once(packed: Path) -> None:
    corpus, before = open_corpus([packed]), n_open()
    read_all(corpus)
    assert n_open() == before + len(list((packed / "signals").glob("*.pack")))


def test_what_is_made_of_them_is_the_same_artifact(
    tiny: Pipeline, packed: Path, tmp_path: Path
) -> None:
    """Tokens of the packed recordings have the bytes of those of the others, and either fits."""
    out = tmp_path / "tokens"
    done("tokenize", packed, "--out", out, "--config", tiny.settings)
    assert files_of(out) == files_of(tiny.tokens)
    with_tokens = ("--tokens", tiny.tokens, "--config", tiny.settings, "--dry-run")
    again = done("pretrain", packed, *with_tokens, "--out", tiny.encoder)
    assert again["state"] == "already made"
    scored = ("evaluate", tiny.model, packed, "--config", tiny.settings, "--dry-run")
    assert done(*scored, "--out", tiny.evaluation)["state"] == "already made"


def test_they_are_listed_and_found_sound(tiny: Pipeline, packed: Path) -> None:
    listed = [eegssl("ls", folder, "--csv") for folder in (tiny.recordings, packed)]
    assert listed[0] == listed[1]
    assert done("check", packed)["problems"] == []
    assert eegssl("info", packed, "--check").code == 0


def test_packing_again_does_nothing_and_another_size_is_refused(tiny: Pipeline, own: Path) -> None:
    before = files_of(own)
    again = done("pack", tiny.recordings, "--out", own, "--pack-mb", 1)
    assert again["state"] == "already made"
    other = eegssl("pack", tiny.recordings, "--out", own)
    assert (other.code, files_of(own)) == (2, before)
    assert "packs of another size" in other.err
    replaced = done("pack", tiny.recordings, "--out", own, "--overwrite")
    assert replaced["packs"] == 1
    assert list(signals(own)) == ["00000.pack", "packs.parquet"]


def test_what_can_not_be_packed_or_written_over_is_refused_by_name(
    tiny: Pipeline, packed: Path, tmp_path: Path, copied: Callable[[str], Path]
) -> None:
    unpacked = copied("recordings")
    refusals = {
        "is packed already": (packed, tmp_path / "x"),
        "lie in each other": (tiny.recordings, tiny.recordings / "x"),
        "these recordings, not packed": (tiny.recordings, unpacked),
        "holds tokens, not recordings": (tiny.recordings, tiny.tokens),
    }
    for words, (recordings, out) in refusals.items():
        ran = eegssl("pack", recordings, "--out", out, "--pack-mb", 1)
        assert ran.code == 2, ran.err
        assert words in ran.err.replace("\n", " ")
    assert not (tmp_path / "x").exists()
    (unpacked / "manifest.json").unlink()
    (unpacked / "eegssl-plan.json").write_text("{}")
    unfinished = eegssl("pack", tiny.recordings, "--out", unpacked)
    assert unfinished.code == 2
    assert "not packed" in unfinished.err


def test_packed_recordings_are_not_updated(tiny: Pipeline, own: Path) -> None:
    before = files_of(own)
    ran = eegssl("preprocess", tiny.edf, "--out", own, "--config", tiny.settings, "--update")
    assert (ran.code, files_of(own)) == (2, before)
    assert "update the folder that it was packed from" in ran.err.replace("\n", " ")


def test_preprocess_knows_them_and_replaces_them_when_told(tiny: Pipeline, own: Path) -> None:
    command = ("preprocess", tiny.edf, "--out", own, "--config", tiny.settings)
    assert done(*command, "--dry-run")["state"] == "already made"
    done(*command, "--overwrite")
    assert files_of(own) == files_of(tiny.recordings)


def test_info_tells_packed_recordings_from_others(tiny: Pipeline, packed: Path) -> None:
    assert "more in signals/ (in packs)" in eegssl("info", packed).out
    assert "(in packs)" not in eegssl("info", tiny.recordings).out


def test_what_it_takes_of_the_disk_is_said_before(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    ran = eegssl("pack", tiny.recordings, "--out", tmp_path / "x")
    assert ran.code == 2
    assert re.search(r"takes [\d,]+ bytes more in .*1,000 are free", ran.err.replace("\n", " "))
    assert not (tmp_path / "x").exists()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 7)


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[-1000] ^= 1
    path.write_bytes(raw)


def swap(path: Path) -> None:
    """Exchange the places of two recordings in the index."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[0]["offset"], rows[1]["offset"] = rows[1]["offset"], rows[0]["offset"]
    pq.write_table(type(table).from_pylist(rows, table.schema), path)


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (cut, "00001.pack"),
        (Path.unlink, "00001.pack"),
        (link, "00001.pack"),
        (cut, "packs.parquet"),
        (swap, "packs.parquet"),
    ],
)
def test_damaged_packs_are_named_when_they_are_opened(
    own: Path, tmp_path: Path, damage: Callable[[Path], None], name: str
) -> None:
    damage(own / "signals" / name)
    ran = eegssl("tokenize", own, "--out", tmp_path / "tokens")
    assert ran.code == 4
    assert name in ran.err


def test_an_altered_sample_is_named_when_hashes_are_checked(own: Path) -> None:
    flip(own / "signals" / "00000.pack")
    ids = pq.read_table(own / "signals" / "packs.parquet").to_pylist()
    last = [row["recording"] for row in ids if row["pack"] == 0][-1]
    ran = eegssl("info", own, "--check")
    assert ran.code == 4
    assert "00000.pack" in ran.err
    assert last in ran.err
    (problem,) = done_with(4, "check", own)["problems"]
    assert "00000.pack" in problem


def done_with(code: int, *arguments: object) -> dict[str, object]:
    ran = eegssl(*arguments, "--json")
    assert ran.code == code
    return ran.document


def test_damaged_recordings_are_not_packed(copied: Callable[[str], Path], tmp_path: Path) -> None:
    bad = copied("recordings")
    path = sorted((bad / "signals").iterdir())[-1]
    flip(path)
    ran = eegssl("pack", bad, "--out", tmp_path / "x", "--pack-mb", 1)
    assert ran.code == 4
    assert path.name in ran.err
    assert "unfinished" in eegssl("info", tmp_path / "x").err
    assert not list((tmp_path / "x").rglob("*.partial"))


@pytest.mark.parametrize("first_mb", [1, 1000])
def test_an_interrupted_packing_goes_on_and_leaves_nothing_of_another_size(
    tiny: Pipeline,
    packed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first_mb: int,
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    out, written = tmp_path / "x", packs.hash_part
    monkeypatch.setattr(packing, "write_index", stop)
    assert eegssl("pack", tiny.recordings, "--out", out, "--pack-mb", first_mb).code == 130
    assert "unfinished" in eegssl("info", out).err
    monkeypatch.undo()
    copies = []
    monkeypatch.setattr(packing, "hash_part", lambda *a: copies.append(a) or written(*a))
    again = done("pack", tiny.recordings, "--out", out, "--pack-mb", 1)
    assert (again["state"], files_of(out)) == ("resumed", files_of(packed))
    n_files = len(json.loads((out / "manifest.json").read_text())["files"])
    n_signals = len(list((tiny.recordings / "signals").iterdir()))
    assert len(copies) == n_files + (0 if first_mb == 1 else n_signals)
