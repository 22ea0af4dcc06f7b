"""tokenize in parts: training, shards and finalize make what one run makes, or are refused."""

import shutil
from pathlib import Path

import pytest
from clirun import Pipeline, Ran, done, eegssl, files_of, manifest_of


def tokenize(tiny: Pipeline, out: Path, *more: object) -> Ran:
    return eegssl(*tiny.command("tokenize", out), *more)


@pytest.fixture(scope="module")
def trained(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a tokenizer is trained and nothing is encoded."""
    out = tmp_path_factory.mktemp("trained") / "tokens"
    document = done(*tiny.command("tokenize", out), "--train-only")
    assert (document["kind"], document["state"]) == ("tokenizer", "made")
    assert not (out / "codes").exists()
    return out


@pytest.fixture(scope="module")
def whole(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files that one run makes."""
    out = tmp_path_factory.mktemp("whole") / "tokens"
    assert tokenize(tiny, out).code == 0
    return files_of(out)


@pytest.fixture
def out(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "out"))


def test_shards_in_any_order_end_in_the_bytes_of_one_run(
    tiny: Pipeline, out: Path, whole: dict[str, str]
) -> None:
    ids = []
    for word in ("2/3", "0/3", "1/3", "0/3"):
        before = {path.stem for path in (out / "codes").glob("*.npy")}
        assert tokenize(tiny, out, "--shard", word).code == 0
        ids.append({path.stem for path in (out / "codes").glob("*.npy")} - before)
    all_ids = sorted(set().union(*ids))
    assert [sorted(some) for some in ids] == [all_ids[2::3], all_ids[0::3], all_ids[1::3], []]
    document = done(*tiny.command("tokenize", out), "--finalize")
    assert (document["kind"], document["state"]) == ("tokens", "made")
    assert files_of(out) == whole
    assert eegssl("check", out).code == 0


def test_shards_with_a_given_tokenizer_are_one_run_with_it(tiny: Pipeline, tmp_path: Path) -> None:
    given = "--tokenizer", tiny.tokens
    for part in (("--shard", "1/2"), ("--shard", "0/2"), ("--finalize",)):
        ran = tokenize(tiny, tmp_path / "parts", *given, *part)
        assert ran.code == 0, ran.err
    assert tokenize(tiny, tmp_path / "one", *given).code == 0
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "one")


def test_shards_in_bfloat16_tell_how_many_codes_are_others(tiny: Pipeline, tmp_path: Path) -> None:
    given = "--tokenizer", tiny.tokens, "--set", "encode_precision=bfloat16"
    for part in (("--shard", "0/1"), ("--finalize",)):
        ran = tokenize(tiny, tmp_path / "parts", *given, *part)
        assert ran.code == 0, ran.err
    share = manifest_of(tmp_path / "parts")["facts"]["codes_unlike_float32"]
    assert f"in bfloat16 {share:.2%} of some validation patches" in ran.err
    assert 0 <= share < 0.1
    assert tokenize(tiny, tmp_path / "one", *given).code == 0
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "one")
    assert "codes_unlike_float32" not in manifest_of(tiny.tokens)["facts"]


def test_one_run_goes_on_with_what_parts_made(
    tiny: Pipeline, out: Path, whole: dict[str, str]
) -> None:
    assert tokenize(tiny, out, "--shard", "1/3").code == 0
    assert tokenize(tiny, out).code == 0
    assert files_of(out) == whole


def test_a_shard_makes_what_a_kill_left_undone(
    tiny: Pipeline, out: Path, whole: dict[str, str]
) -> None:
    assert tokenize(tiny, out, "--shard", "0/1").code == 0
    lost, cut, *_ = sorted((out / "codes").iterdir())
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    ran = tokenize(tiny, out, "--finalize")
    assert (ran.code, "1 of 1 shards are not done" in ran.err) == (4, True), ran.err
    ran = tokenize(tiny, out, "--shard", "0/1")
    assert f"codes of {cut.stem} are not whole" in ran.err
    assert tokenize(tiny, out, "--finalize").code == 0
    assert files_of(out) == whole


REFUSALS = {
    "untrained": (("--shard", "0/2"), 4, "--train-only in place of --shard 0/2"),
    "nothing to join": (("--finalize",), 4, "--shard 0/N"),
    "number beyond": (("--shard", "2/2"), 2, "expected I/N"),
    "both": (("--train-only", "--finalize"), 2, "--train-only and --finalize exclude"),
    "anew": (("--shard", "0/2", "--overwrite"), 2, "--overwrite is of the whole"),
    "resumed": (("--shard", "0/2", "--resume", "must"), 2, "--resume is of one training"),
    "other settings": (("--shard", "0/2", "--set", "atlas.codes=0"), 2, "atlas.codes"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_belong_together_is_refused(
    tiny: Pipeline, out: Path, tmp_path: Path, name: str
) -> None:
    flags, code, words = REFUSALS[name]
    place = tmp_path / "new" if name == "untrained" else out
    before = files_of(place)
    ran = tokenize(tiny, place, *flags)
    assert (ran.code, words in ran.err) == (code, True), ran.err
    assert files_of(place) == before


def test_shards_of_another_number_or_tokenizer_are_refused(tiny: Pipeline, out: Path) -> None:
    assert tokenize(tiny, out, "--shard", "0/2").code == 0
    other = tokenize(tiny, out, "--shard", "1/3")
    assert (other.code, "expected I/2" in other.err) == (2, True), other.err
    given = tokenize(tiny, out, "--shard", "1/2", "--tokenizer", tiny.tokens)
    assert (given.code, "another plan" in given.err) == (2, True), given.err
    ran = tokenize(tiny, out, "--finalize")
    assert (ran.code, "--shard 1/2" in ran.err) == (4, True), ran.err
    trains = tokenize(tiny, out, "--train-only", "--tokenizer", tiny.tokens)
    assert (trains.code, "leave out one" in trains.err) == (2, True), trains.err


def test_what_is_finished_needs_no_shard(tiny: Pipeline, tmp_path: Path) -> None:
    out = Path(shutil.copytree(tiny.tokens, tmp_path / "tokens"))
    document = done(*tiny.command("tokenize", out), "--shard", "0/2")
    assert (document["state"], document["id"]) == ("already made", manifest_of(out)["id"])
