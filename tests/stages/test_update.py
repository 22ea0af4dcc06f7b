"""An updated folder has the bytes of a fresh one, and just what depends on a change is redone."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from clirun import Ran, done, eegssl, files_of
from tinycorpus import noise_uv, write_corpus

from eegssl.corpus.inventory.planned_files import ingest_known
from eegssl.corpus.processes.engine import Pool
from eegssl.io.edf.edf_writer import write_edf
from eegssl.stages.preprocessing import finishing_recordings, updating

LABELS = ["EEG Fp1-REF", "EEG O2-REF"]
EVENT = "onset\tduration\teventType\n10\t5\tsz\n"
NO_PAGES = ("--set", "look.recordings=0")
NOTHING = {"new": 0, "changed": 0, "vanished": 0, "labels_changed": 0, "settings": []}


def one_file(path: Path, seed: int) -> None:
    path.parent.mkdir(exist_ok=True)
    write_edf(path, noise_uv(2, 40, 200, seed), LABELS, 200)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Ten files of five people, one of which is no EDF, and the recordings made of them."""
    root = tmp_path_factory.mktemp("updated")
    edf = write_corpus(root / "edf", range(3))
    one_file(edf / "sub-miller" / "one.edf", 1)
    one_file(edf / "sub-miller" / "two.edf", 2)
    (edf / "sub-miller" / "one.tsv").write_text(EVENT)
    (edf / "sub-01" / "broken.edf").write_bytes(b"0" * 400)
    assert preprocess(edf, root / "out").code == 0
    return edf, root / "out"


@pytest.fixture
def place(corpus: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copies of both, with the times of the files."""
    edf, out = corpus
    return shutil.copytree(edf, tmp_path / "edf"), shutil.copytree(out, tmp_path / "out")


def preprocess(edf: Path, out: Path, *more: object) -> Ran:
    return eegssl("preprocess", edf, "--out", out, "--jobs", 1, *NO_PAGES, *more)


def updated(edf: Path, out: Path, *more: object) -> dict[str, Any]:
    numbers = done("preprocess", edf, "--out", out, "--jobs", 1, *NO_PAGES, "--update", *more)[
        "update"
    ]
    assert isinstance(numbers, dict)
    return numbers


def fresh(edf: Path, out: Path, *more: object) -> dict[str, str]:
    """The files of recordings that are made from nothing."""
    place = out.with_name("fresh")
    ran = preprocess(edf, place, *more)
    assert ran.code == 0, ran.err
    return files_of(place)


def new_file(edf: Path) -> None:
    one_file(edf / "sub-07" / "new.edf", 7)


def changed_file(edf: Path) -> None:
    one_file(edf / "sub-miller" / "two.edf", 8)


def gone_file(edf: Path) -> None:
    (edf / "sub-miller" / "two.edf").unlink()


def new_labels(edf: Path) -> None:
    (edf / "sub-miller" / "two.tsv").write_text(EVENT)


def changed_labels(edf: Path) -> None:
    (edf / "sub-miller" / "one.tsv").write_text(EVENT + "20\t4\tsz\n")


def gone_labels(edf: Path) -> None:
    (edf / "sub-miller" / "one.tsv").unlink()


def new_name(edf: Path) -> None:
    """A BIDS-like table cannot be told from the size of the recording."""
    path = edf / "sub-miller" / "two.edf"
    path.rename(path.with_name("three.edf"))


def all_of_it(edf: Path) -> None:
    for change in (new_file, changed_file, changed_labels):
        change(edf)
    shutil.rmtree(edf / "sub-00")


CHANGES: dict[str, tuple[Callable[[Path], None], dict[str, int], int]] = {
    "new file": (new_file, {"new": 1}, 1),
    "changed file": (changed_file, {"changed": 1}, 1),
    "gone file": (gone_file, {"vanished": 1}, 0),
    "new labels": (new_labels, {"labels_changed": 1}, 0),
    "changed labels": (changed_labels, {"labels_changed": 1}, 0),
    "gone labels": (gone_labels, {"labels_changed": 1}, 0),
    "another name": (new_name, {"new": 1, "vanished": 1}, 1),
    "all": (all_of_it, {"new": 1, "changed": 1, "vanished": 2, "labels_changed": 1}, 2),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_files_ends_in_the_bytes_of_a_fresh_run(
    place: tuple[Path, Path], name: str
) -> None:
    edf, out = place
    change, expected, n_made = CHANGES[name]
    change(edf)
    numbers = updated(edf, out)
    assert {key: numbers[key] for key in NOTHING} == NOTHING | expected
    assert numbers["made"] == n_made
    assert numbers["labelled"] == expected.get("labels_changed", 0)
    assert numbers["kept"] >= 4
    assert files_of(out) == fresh(edf, out)


SETTINGS: dict[str, tuple[str, str]] = {
    "signals": ("montage.reference=average", "signals"),
    "look": ("filter.high_hz=60", "signals"),
    "events": ('events.words={ "sz" = "bckg" }', "labels"),
    "splits": ("splits.val=0.4", "nothing"),
    "subjects": ("subjects.unknown=file", "nothing"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_redoes_what_depends_on_it(place: tuple[Path, Path], name: str) -> None:
    edf, out = place
    setting, redone = SETTINGS[name]
    numbers = updated(edf, out, "--set", setting)
    assert setting.partition("=")[0] in numbers["settings"]
    n_files = 8
    counts = {"made": 0, "labelled": 0, "kept": 0}
    key = {"signals": "made", "labels": "labelled", "nothing": "kept"}[redone]
    assert {name: numbers[name] for name in counts} == counts | {key: n_files}
    assert files_of(out) == fresh(edf, out, "--set", setting)


def test_a_table_of_channels_counts_as_part_of_the_file(place: tuple[Path, Path]) -> None:
    edf, out = place
    path = edf / "sub-08" / "sub-08_task-rest_eeg.edf"
    one_file(path, 9)
    table = path.with_name("sub-08_task-rest_channels.tsv")
    rows = ["name\ttype\tunits", "EEG Fp1-REF\tEEG\tuV", "EEG O2-REF\tEEG\tuV\n"]
    table.write_text("\n".join(rows))
    assert updated(edf, out)["new"] == 1
    table.write_text("\n".join(rows).replace("EEG O2-REF\tEEG", "EEG O2-REF\tECG"))
    numbers = updated(edf, out)
    assert (numbers["changed"], numbers["made"], numbers["kept"]) == (1, 1, 8)
    assert files_of(out) == fresh(edf, out)


def test_what_shards_made_is_updated(place: tuple[Path, Path], tmp_path: Path) -> None:
    edf, out = place[0], tmp_path / "joined"
    for part in (("--plan",), ("--shard", "0/1"), ("--finalize",)):
        assert preprocess(edf, out, *part).code == 0
    assert updated(edf, out) == NOTHING
    new_file(edf)
    assert updated(edf, out)["made"] == 1
    assert files_of(out) == fresh(edf, out)


def test_kept_text_comes_and_goes(place: tuple[Path, Path]) -> None:
    edf, out = place
    before = files_of(out)
    assert updated(edf, out, "--keep-text")["made"] == 0
    assert files_of(out) == fresh(edf, out, "--keep-text")
    assert updated(edf, out)["made"] == 0
    assert files_of(out) == before


def test_where_nothing_has_changed_nothing_is_written(place: tuple[Path, Path]) -> None:
    edf, out = place
    before = files_of(out)
    ran = preprocess(edf, out, "--update")
    assert (ran.code, "no file and no setting has changed" in ran.err) == (0, True), ran.err
    assert files_of(out) == before
    touched = edf / "sub-miller" / "two.edf"
    os.utime(touched, ns=(1, touched.stat().st_mtime_ns + 1))
    assert updated(edf, out) == NOTHING
    assert files_of(out) == fresh(edf, out)


def test_a_dry_run_tells_what_would_be_redone(place: tuple[Path, Path]) -> None:
    edf, out = place
    new_file(edf)
    before = files_of(out)
    document = done("preprocess", edf, "--out", out, *NO_PAGES, "--update", "--dry-run")
    assert (document["state"], document["update"]["new"]) == ("would update", 1)
    assert files_of(out) == before


def other_bytes(path: Path) -> None:
    """Other samples in a file whose size and time stay."""
    time_ns = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x02")
    os.utime(path, ns=(time_ns, time_ns))


def test_verify_sees_other_bytes_of_the_same_time(place: tuple[Path, Path]) -> None:
    edf, out = place
    other_bytes(edf / "sub-miller" / "two.edf")
    assert updated(edf, out) == NOTHING
    numbers = updated(edf, out, "--verify")
    assert (numbers["changed"], numbers["made"]) == (1, 1)
    assert files_of(out) == fresh(edf, out)


def stop(patch: pytest.MonkeyPatch, where: str) -> None:
    """Stop the next run after its first recording, or where it would draw the pages."""
    each = Pool.each

    def first(pool: Pool, function: Callable[..., Any], *args: Any) -> Iterator[Any]:
        for answer in each(pool, function, *args):
            yield answer
            if function is ingest_known:
                raise KeyboardInterrupt

    def no_pages(*_: object) -> None:
        raise KeyboardInterrupt

    if where == "making":
        patch.setattr(Pool, "each", first)
    else:
        patch.setattr(finishing_recordings, "_draw_pages", no_pages)


@pytest.mark.parametrize("where", ["making", "finishing"])
def test_one_that_was_stopped_goes_on(place: tuple[Path, Path], where: str) -> None:
    edf, out = place
    all_of_it(edf)
    with pytest.MonkeyPatch.context() as patch:
        stop(patch, where)
        assert preprocess(edf, out, "--update").code == 130
    assert not (out / "manifest.json").exists()
    ran = preprocess(edf, out, "--update", "--json")
    assert ran.document["state"] == "resumed"
    assert ran.document["update"]["made"] == (1 if where == "making" else 0)
    assert files_of(out) == fresh(edf, out)


def test_files_put_back_after_a_stop_are_made_again(place: tuple[Path, Path]) -> None:
    """The signal that lies there is that of the changed file, in the same number of bytes."""
    edf, out = place
    path = edf / "sub-miller" / "two.edf"
    kept = shutil.copy2(path, edf.parent / "kept.edf")
    before = files_of(out)
    changed_file(edf)
    with pytest.MonkeyPatch.context() as patch:
        stop(patch, "making")
        assert preprocess(edf, out, "--update").code == 130
    shutil.copy2(kept, path)
    assert updated(edf, out)["made"] == 1
    assert files_of(out) == before


def test_another_update_that_ends_in_between_is_seen(place: tuple[Path, Path]) -> None:
    """One looks, another replaces a signal and ends, and the file is put back."""
    edf, out = place
    path = edf / "sub-miller" / "two.edf"
    kept = shutil.copy2(path, edf.parent / "kept.edf")
    new_file(edf)
    look_again = updating.look_again

    def with_another(*args: Any, **more: Any) -> Any:
        look = look_again(*args, **more)
        patch.undo()
        changed_file(edf)
        assert updated(edf, out)["changed"] == 1
        shutil.copy2(kept, path)
        return look

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(updating, "look_again", with_another)
        updated(edf, out)
    assert files_of(out) == fresh(edf, out)


def test_other_bytes_that_a_setting_brings_to_light_are_an_error(place: tuple[Path, Path]) -> None:
    """No scan depends on the notch: files are read again, and one is not as it was scanned."""
    edf, out = place
    notch = ("--set", "filter.notch=50")
    other_bytes(edf / "sub-miller" / "two.edf")
    ran = preprocess(edf, out, "--update", *notch)
    assert (ran.code, "--verify" in ran.err) == (4, True), ran.err
    assert updated(edf, out, "--verify", *notch)["made"] == 1
    assert files_of(out) == fresh(edf, out, *notch)


REFUSALS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "nothing there": (("--update",), 4, "no recordings were finished there"),
    "older": (("--update",), 4, "older version"),
    "another corpus": (("--update", "--set", "corpus=other"), 2, "another name of the corpus"),
    "another folder": (("--update",), 2, "none of the 9 files"),
    "a shard": (("--update", "--shard", "0/2"), 2, "--update keeps what stands there"),
    "anew": (("--update", "--overwrite"), 2, "--update keeps what stands there"),
    "alone": (("--verify",), 2, "--verify is how --update"),
    "damaged": (("--update",), 4, "rows.parquet"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_updated_is_refused_and_left_alone(
    place: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    edf, out = place
    if name == "another folder":
        edf = write_corpus(tmp_path / "another" / "edf", range(4, 7))
    if name == "older":
        (out / "rows.parquet").unlink()
    if name == "damaged":
        (out / "rows.parquet").write_bytes(b"PAR1")
    out = tmp_path / "empty" if name == "nothing there" else out
    flags, code, words = REFUSALS[name]
    before = files_of(out)
    ran = preprocess(edf, out, *flags)
    assert (ran.code, words in ran.err) == (code, True), ran.err
    assert files_of(out) == before


def test_the_rows_name_nobody(corpus: tuple[Path, Path]) -> None:
    text = pq.read_table(corpus[1] / "rows.parquet").to_pylist()
    assert not [word for word in ("miller", "sub-0", "1985") if word in str(text).lower()]
