"""By hash an update, shards and a fresh run put a subject where it was, and tell who is where."""

from collections import Counter
from pathlib import Path

import pytest
from clirun import done, eegssl, files_of, manifest_of
from tinycorpus import noise_uv

from eegssl.io.edf.edf_writer import write_edf

HASH = ("--set", "splits.assign=hash")


def add(edf: Path, *subjects: int) -> Path:
    for k in subjects:
        folder = edf / f"sub-{k:02d}"
        folder.mkdir(parents=True)
        write_edf(folder / "a.edf", noise_uv(1, 8, 100, k), ["EEG O2-REF"], 100)
    return edf


def preprocess(edf: Path, out: Path, *more: object) -> dict[str, object]:
    return done(
        *("preprocess", edf, "--out", out, "--jobs", 1, "--set", "look.recordings=0", *more)
    )


def splits_of(out: Path) -> dict[str, str]:
    rows = (out / "splits.tsv").read_text().splitlines()[1:]
    return {row.split("\t")[0]: row.split("\t")[1] for row in rows}


def update_of(edf: Path, out: Path, *more: object) -> tuple[dict[str, int], str]:
    """Numbers of an update, and what it told."""
    ran = eegssl(
        *("preprocess", edf, "--out", out, "--jobs", 1, "--set", "look.recordings=0"),
        *("--update", "--json", *more),
    )
    assert ran.code == 0, ran.err
    return ran.document["update"], ran.err


def test_new_subjects_move_nobody_by_hash_and_a_sentence_says_who_moves_else(
    tmp_path: Path,
) -> None:
    edf = add(tmp_path / "edf", *range(8))
    before = {}
    for name, how in (("hash", HASH), ("stratified", ())):
        preprocess(edf, tmp_path / name, *how)
        before[name] = splits_of(tmp_path / name)
    add(edf, *range(8, 14))
    numbers, told = update_of(edf, tmp_path / "hash", *HASH)
    after = splits_of(tmp_path / "hash")
    assert {id_: after[id_] for id_ in before["hash"]} == before["hash"]
    assert len(after) == 14
    assert numbers["moved"] == 0
    assert "another split" not in told
    preprocess(edf, tmp_path / "fresh", *HASH)
    assert files_of(tmp_path / "hash") == files_of(tmp_path / "fresh")

    numbers, told = update_of(edf, tmp_path / "stratified")
    after = splits_of(tmp_path / "stratified")
    moved = sum(after[id_] != split for id_, split in before["stratified"].items())
    assert moved > 0
    assert numbers["moved"] == moved
    assert f"{moved} subject(s)" in told
    assert "splits.assign=hash" in told


def test_shards_split_by_hash_as_one_run_does(tmp_path: Path) -> None:
    edf, out = add(tmp_path / "edf", *range(6)), tmp_path / "joined"
    for part in (("--plan",), ("--shard", "1/2"), ("--shard", "0/2"), ("--finalize",)):
        preprocess(edf, out, *HASH, *part)
    preprocess(edf, tmp_path / "one", *HASH)
    assert files_of(out) == files_of(tmp_path / "one")


def test_actual_shares_are_told_beside_those_asked_for(tmp_path: Path) -> None:
    edf, out = add(tmp_path / "edf", *range(9)), tmp_path / "out"
    setting = (*HASH, "--set", "splits.folds=3")
    planned = eegssl("preprocess", edf, "--out", out, "--plan", *setting)
    made = eegssl("preprocess", edf, "--out", out, "--jobs", 1, *setting)
    counts = Counter(splits_of(out).values())
    for ran in (planned, made):
        assert ran.code == 0
        line = next(text for text in ran.err.splitlines() if "splits by hash" in text)
        for split, n in counts.items():
            assert f"{split} {n} ({n / 9:.0%} for 33%)" in line
    facts = manifest_of(out)["facts"]["splits_by_hash"]
    assert {split: row["units"] for split, row in facts.items()} == {
        split: counts[split] for split in ("train", "val", "test")
    }
    assert {row["asked"] for row in facts.values()} == {0.3333}
    assert eegssl("check", out).code == 0


@pytest.mark.parametrize("n", [1, 2])
def test_a_split_that_is_empty_is_told_with_the_setting_that_fills_it(
    tmp_path: Path, n: int
) -> None:
    """One file alone is where it stays when others arrive, not in test because it is alone."""
    edf, out = add(tmp_path / "edf", *range(n)), tmp_path / "out"
    preprocess(edf, out, *HASH)
    concerns = manifest_of(out)["facts"]["concerns"]
    empty = {"train", "val", "test"} - set(splits_of(out).values())
    assert concerns["split-empty"]["n"] == len(empty)
    assert all(split in concerns["split-empty"]["text"] for split in empty)
    assert "splits.assign=stratified" in concerns["split-empty"]["cure"]
    assert "one-file" not in concerns
    alone = splits_of(out)
    add(edf, *range(n, n + 6))
    preprocess(edf, tmp_path / "more", *HASH)
    more = splits_of(tmp_path / "more")
    assert {id_: more[id_] for id_ in alone} == alone
