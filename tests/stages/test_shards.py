"""Plan, shards and finalize make what one run makes, and refuse what does not belong together."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clirun import Ran, done, eegssl, files_of, manifest_of
from tinycorpus import noise_uv, write_corpus

from eegssl.io.edf.edf_writer import write_edf

HOLDER = """
import sys
from pathlib import Path
from eegssl.artifacts.locks.draft_lock import take
lock = take(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""
DATE = datetime(2017, 3, 9, 21, 14, 5)


def study_in_two_files(folder: Path) -> None:
    """Recordings of one person, and a label of the first that falls into the second."""
    folder.mkdir()
    for name, minute in (("one", 0), ("two", 1)):
        start = DATE.replace(minute=14 + minute)
        labels = ["EEG Fp1-REF", "EEG O2-REF"]
        write_edf(folder / f"{name}.edf", noise_uv(2, 60, 200, minute), labels, 200, start=start)
    (folder / "one.tsv").write_text("onset\tduration\teventType\n10\t5\tsz\n70\t5\tsz\n")


@pytest.fixture(scope="module")
def edf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_corpus(tmp_path_factory.mktemp("corpus") / "edf", range(3))
    study_in_two_files(root / "sub-miller")
    (root / "sub-01" / "broken.edf").write_bytes(b"0" * 400)
    (root / "sub-01" / "Anfallsliste.csv").write_text("Beginn;Ende\n3;9\n")
    return root


def preprocess(edf: Path, out: Path, *more: object) -> Ran:
    return eegssl("preprocess", edf, "--out", out, "--jobs", 1, *more)


@pytest.fixture(scope="module")
def whole(edf: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files that one run makes."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert preprocess(edf, out).code == 0
    concerns = (out / "concerns.tsv").read_text()
    assert {"labels-in-next-file", "labels-unread", "refused"} <= set(concerns.split())
    return files_of(out)


@pytest.fixture(scope="module")
def plan(edf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("planned") / "out"
    assert preprocess(edf, out, "--plan").code == 0
    return out


@pytest.fixture
def out(plan: Path, tmp_path: Path) -> Path:
    """A folder with a plan alone."""
    return Path(shutil.copytree(plan, tmp_path / "out"))


def shards(edf: Path, out: Path, *words: str) -> None:
    for word in words:
        ran = preprocess(edf, out, "--shard", word)
        assert ran.code == 0, ran.err


def test_shards_in_any_order_end_in_the_bytes_of_one_run(
    edf: Path, out: Path, whole: dict[str, str]
) -> None:
    shards(edf, out, "2/3", "0/3", "1/3", "0/3")
    document = done("preprocess", edf, "--out", out, "--finalize")
    assert (document["kind"], document["state"]) == ("recordings", "made")
    assert files_of(out) == whole
    assert eegssl("check", out).code == 0
    again = preprocess(edf, out, "--shard", "0/3", "--json")
    assert again.document["state"] == "already made"


def test_each_file_is_of_one_shard(edf: Path, out: Path) -> None:
    accepted = [
        preprocess(edf, out, "--shard", f"{k}/3", "--json").document["accepted"] for k in range(3)
    ]
    ids = [id_ for some in accepted for id_ in some]
    rows = pq.read_table(out / "inventory.parquet").to_pylist()
    usable = [row["file"] for row in rows if row["subject"]]
    assert sorted(ids) == sorted(usable)
    assert accepted == [sorted(usable[k::3]) for k in range(3)]
    assert [row["bytes"] for row in rows] == sorted((row["bytes"] for row in rows), reverse=True)


def test_one_run_goes_on_with_what_shards_made(edf: Path, out: Path, whole: dict[str, str]) -> None:
    shards(edf, out, "1/3")
    assert preprocess(edf, out).code == 0
    assert files_of(out) == whole


def test_the_inventory_names_nobody_and_no_date(plan: Path) -> None:
    table = pq.read_table(plan / "inventory.parquet")
    text = f"{table.to_pylist()} {table.schema.metadata}".lower()
    assert not [word for word in ("miller", "sub-0", "anfalls", "2017") if word in text]


def test_the_inventory_keeps_intervals_and_no_clock(plan: Path) -> None:
    rows = pq.read_table(plan / "inventory.parquet").to_pylist()
    looks = [(row["subject"], json.loads(row["look"])) for row in rows if row["subject"]]
    (person,) = {subject for subject, look in looks if look["late_s"]}
    one, two = sorted(look["start_us"] for subject, look in looks if subject == person)
    assert two - one == 60_000_000
    true_us = (DATE - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert abs(one - true_us) > 86_400_000_000
    others = {look["start_us"] for subject, look in looks if subject != person}
    assert len(others) == 3  # all of 1985 by their headers; a shift for each person


def test_another_process_writes_the_same_plan(edf: Path, plan: Path, tmp_path: Path) -> None:
    """Whose sets come in another order."""
    words = ["preprocess", str(edf), "--out", str(tmp_path / "out"), "--jobs", "1", "--plan"]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-m", "eegssl", *words], env=environment, check=True)
    assert files_of(tmp_path / "out") == files_of(plan)


def test_labels_by_the_thousand_fit_into_the_inventory(edf: Path, tmp_path: Path) -> None:
    own = tmp_path / "edf"
    (own / "one").mkdir(parents=True)
    shutil.copy(edf / "sub-miller" / "one.edf", own / "one" / "x.edf")
    late = "".join(f"{k}.125\t1\tsz\n" for k in range(100, 9000))
    (own / "one" / "x.tsv").write_text(f"onset\tduration\teventType\n10\t5\tsz\n{late}")
    assert preprocess(own, tmp_path / "out", "--plan").code == 0
    shards(own, tmp_path / "out", "0/1")


def test_a_file_that_changed_since_the_plan_is_refused_and_tried_again(
    edf: Path, tmp_path: Path, plan: Path, whole: dict[str, str]
) -> None:
    own = Path(shutil.copytree(edf, tmp_path / "edf"))
    out = tmp_path / "out"
    preprocess(own, out, "--plan")
    changed, labels = own / "sub-miller" / "two.edf", own / "sub-miller" / "one.tsv"
    before = changed.read_bytes(), labels.read_bytes()
    changed.write_bytes(before[0][:-2] + b"\x01\x02")
    labels.write_bytes(before[1] + b"90\t2\tsz\n")
    ran = preprocess(own, out, "--shard", "0/1", "--json")
    assert ran.code == 0, ran.err
    refused = ran.document["refused"]
    assert [row["code"] for row in refused] == ["changed", "changed"]
    assert "--plan" in refused[0]["reason"]
    assert len(ran.document["accepted"]) == 6
    changed.write_bytes(before[0])
    labels.write_bytes(before[1])
    shards(own, out, "0/1")
    done("preprocess", own, "--out", out, "--finalize")
    made = files_of(out)
    assert {name for name in made if made[name] != whole[name]} <= {"inventory.parquet"}


def test_a_file_that_is_gone_since_the_plan_costs_itself(edf: Path, tmp_path: Path) -> None:
    own, out = Path(shutil.copytree(edf, tmp_path / "edf")), tmp_path / "out"
    preprocess(own, out, "--plan")
    (own / "sub-miller" / "two.edf").unlink()
    (own / "sub-02" / "new.edf").write_bytes((own / "sub-miller" / "one.edf").read_bytes())
    shards(own, out, "0/2", "1/2")
    ran = preprocess(own, out, "--finalize", "--json")
    assert ran.code == 0, ran.err
    assert "1 file(s) have come since the plan" in ran.err
    assert manifest_of(out)["facts"]["refused_by_code"] == {"changed": 1, "not-edf": 1}


REFUSALS = {
    "no plan": (("--shard", "0/2"), 4, "--plan in place of --shard 0/2"),
    "nothing to join": (("--finalize",), 4, "--shard 0/N"),
    "number beyond": (("--shard", "2/2"), 2, "expected I/N"),
    "no number": (("--shard", "one"), 2, "expected I/N"),
    "of none": (("--shard", "0/0"), 2, "expected I/N"),
    "both": (("--shard", "0/2", "--plan"), 2, "--plan and --shard exclude"),
    "all": (("--shard", "0/2", "--finalize"), 2, "exclude"),
    "dry": (("--shard", "0/2", "--dry-run"), 2, "--dry-run"),
    "anew": (("--finalize", "--overwrite"), 2, "--overwrite"),
    "another look": (("--shard", "0/2", "--set", "filter.high_hz=60"), 2, "filter.high_hz"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_belong_together_is_refused(
    edf: Path, out: Path, tmp_path: Path, name: str
) -> None:
    flags, code, words = REFUSALS[name]
    place = tmp_path / "new" if name == "no plan" else out
    before = files_of(place)
    ran = preprocess(edf, place, *flags)
    assert (ran.code, words in ran.err) == (code, True), ran.err
    assert files_of(place) == before


def test_shards_of_two_numbers_or_plans_are_not_mixed(edf: Path, out: Path) -> None:
    shards(edf, out, "0/2")
    other = preprocess(edf, out, "--shard", "1/3")
    assert (other.code, "expected I/2" in other.err) == (2, True), other.err
    for more in (("--set", "montage.reference=average"), ("--seed", 1)):
        ran = preprocess(edf, out, "--shard", "1/2", *more)
        assert (ran.code, "another plan" in ran.err) == (2, True), ran.err
    ran = preprocess(edf, out, "--finalize")
    assert (ran.code, "1 of 2 shards" in ran.err, "--shard 1/2" in ran.err) == (4, True, True)


def test_an_edited_plan_is_given_to_every_part(edf: Path, out: Path, tmp_path: Path) -> None:
    """What the look does not depend on may be edited after it."""
    text = (out / "plan.toml").read_text()
    edited = tmp_path / "edited.toml"
    edited.write_text(text.replace('reference = "keep"', 'reference = "average"'))
    for part in (("--shard", "0/1"), ("--finalize",)):
        ran = preprocess(edf, out, "--config", edited, *part)
        assert ran.code == 0, ran.err
    assert preprocess(edf, tmp_path / "one", "--config", edited).code == 0
    assert files_of(out) == files_of(tmp_path / "one")


def test_a_shard_whose_file_was_lost_is_named(edf: Path, out: Path) -> None:
    shards(edf, out, "0/2", "1/2")
    sorted((out / "signals").iterdir())[0].unlink()
    ran = preprocess(edf, out, "--finalize")
    assert (ran.code, "1 of 2 shards are not done" in ran.err) == (4, True), ran.err


def test_another_key_is_refused(
    edf: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "private"))
    ran = preprocess(edf, out, "--shard", "0/2")
    assert (ran.code, "another private key" in ran.err) == (2, True), ran.err


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Another process makes a shard."""
    folder.mkdir()
    words = [sys.executable, "-c", HOLDER, str(folder)]
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout
    assert other.stdout.readline() == b"ready\n"
    yield
    other.kill()
    other.communicate()


def test_a_shard_that_is_being_made_is_left_alone(edf: Path, out: Path) -> None:
    shards(edf, out, "1/2")
    with held(out / "work" / "shards" / "0-of-2"):
        for part in (("--shard", "0/2"), ("--finalize",), ()):
            ran = preprocess(edf, out, *part)
            assert (ran.code, "0-of-2 is being written by" in ran.err) == (2, True), ran.err
        shards(edf, out, "1/2")
    shards(edf, out, "0/2")


def test_a_new_plan_drops_what_was_made_by_the_old_one_only_when_told_to(
    edf: Path, out: Path, tmp_path: Path
) -> None:
    more = ("--set", "filter.high_hz=60")
    shards(edf, out, "0/2")
    before = files_of(out)
    refused = preprocess(edf, out, "--plan", *more)
    assert (refused.code, "--overwrite" in refused.err) == (2, True), refused.err
    assert files_of(out) == before
    assert preprocess(edf, out, "--plan", "--overwrite", *more).code == 0
    assert preprocess(edf, tmp_path / "fresh", "--plan", *more).code == 0
    assert files_of(out) == files_of(tmp_path / "fresh")
    (out / "mine.txt").touch()
    assert preprocess(edf, out, "--plan", "--overwrite", *more).code == 2
    assert (out / "mine.txt").exists()
