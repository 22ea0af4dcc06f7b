"""An artifact says what it is, is complete when its manifest is there, and is checked when read."""

import json
from pathlib import Path
from typing import Any

import pytest
from clirun import files_of, stamps_of
from hypothesis import given
from hypothesis import strategies as st

from eegssl.artifacts.atomic import atomic_path, canonical_json, hash_json
from eegssl.artifacts.manifest import Artifact, FittedOn, inputs_of
from eegssl.artifacts.output_state import output_state
from eegssl.artifacts.reading import load, read_manifest, require_parent
from eegssl.artifacts.writer import ArtifactWriter, begin
from eegssl.errors import ArtifactError, ConfigError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def start(out: Path, steps: int = 1, **more: Any) -> ArtifactWriter:
    """The writer of an encoder that was trained for some steps."""
    options: dict[str, Any] = {"config": {"training": {"steps": steps}}, "seed": 0} | more
    return begin(out, "encoder", **options)


def make(out: Path, steps: int = 1, text: str = "weights", **more: Any) -> Artifact:
    """A finished encoder."""
    writer = start(out, steps, **more)
    writer.write("encoder.txt", text)
    (writer.work / "checkpoint").write_text("scratch")
    return writer.finish({"n": steps}, FittedOn(("s-1",), ("r-1",)))


def test_a_finished_artifact_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    read = load(tmp_path / "a", "encoder")
    assert read.manifest == made.manifest
    assert read.manifest.facts == {"n": 1}
    assert read.manifest.fitted_on == FittedOn(("s-1",), ("r-1",))
    assert set(read.manifest.files) == {"encoder.txt"}
    assert (read / "encoder.txt").read_text() == "weights"


def test_only_the_manifest_and_its_files_are_left(tmp_path: Path) -> None:
    make(tmp_path / "a")
    assert set(files_of(tmp_path / "a")) == {"manifest.json", "encoder.txt"}
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["encoder.txt", "manifest.json"]


def test_the_same_makes_the_same_bytes_and_id_wherever_it_lies(tmp_path: Path) -> None:
    one, two = make(tmp_path / "a"), make(tmp_path / "elsewhere" / "b")
    assert files_of(one.path) == files_of(two.path)
    assert one.manifest.id == two.manifest.id


@pytest.mark.parametrize(
    "change",
    [{"steps": 2}, {"seed": 1}, {"text": "other"}, {"inputs": [("tokens", "ab")]}],
    ids=str,
)
def test_anything_else_is_another_id(tmp_path: Path, change: dict[str, Any]) -> None:
    assert make(tmp_path / "a").manifest.id != make(tmp_path / "b", **change).manifest.id


def test_an_unfinished_artifact_is_not_read_and_is_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "a"
    start(out).write("first.txt", "kept")
    with pytest.raises(ArtifactError, match="unfinished"):
        load(out, "encoder")
    writer = start(out)
    assert writer.resumed
    assert writer.made is None
    assert (out / "first.txt").read_text() == "kept"


def test_a_finished_one_is_recognised_and_not_touched(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    before = stamps_of(made.path)
    writer = start(made.path)
    assert writer.made == made.manifest
    assert stamps_of(made.path) == before


def test_what_a_kill_left_beside_the_manifest_is_cleared(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    wanted = files_of(made.path)
    (made.path / "work").mkdir()
    (made.path / "work" / "checkpoint").write_text("scratch")
    (made.path / "eegssl-plan.json").write_text(canonical_json(made.manifest.plan()))
    assert start(made.path).made
    assert files_of(made.path) == wanted


def test_half_written_files_of_a_kill_are_removed(tmp_path: Path) -> None:
    out = tmp_path / "a"
    start(out).write("first.txt", "kept")
    (out / "second.txt.77.partial").write_text("ha")
    writer = start(out)
    writer.finish({})
    assert set(files_of(out)) == {"manifest.json", "first.txt"}


def test_a_folder_with_nothing_but_a_half_written_plan_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "eegssl-plan.json.77.partial").write_text("{")
    assert make(tmp_path / "a").manifest.kind == "encoder"


@pytest.mark.parametrize("finished", [True, False])
def test_other_settings_are_refused_and_named(tmp_path: Path, finished: bool) -> None:
    out = tmp_path / "a"
    _ = make(out) if finished else start(out)
    before = files_of(out)
    with pytest.raises(ConfigError, match=r"training\.steps 1 -> 2.*--overwrite"):
        start(out, steps=2)
    assert files_of(out) == before


@pytest.mark.parametrize("finished", [True, False])
def test_overwrite_makes_it_as_if_nothing_had_been_there(tmp_path: Path, finished: bool) -> None:
    out = tmp_path / "a"
    _ = make(out) if finished else start(out).write("encoder.json", "old")
    again = make(out, steps=2, overwrite=True)
    assert files_of(out) == files_of(make(tmp_path / "b", steps=2).path)
    assert again.manifest.facts == {"n": 2}


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_ours_is_refused_and_left(tmp_path: Path, overwrite: bool) -> None:
    out = tmp_path / "a"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    before = stamps_of(out)
    with pytest.raises(ConfigError, match="did not make"):
        start(out, overwrite=overwrite)
    assert stamps_of(out) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_another_kind_is_refused_and_left(tmp_path: Path, overwrite: bool) -> None:
    make(tmp_path / "a")
    before = stamps_of(tmp_path / "a")
    with pytest.raises(ConfigError, match="holds encoder, not tokens"):
        begin(tmp_path / "a", "tokens", config={}, seed=0, overwrite=overwrite)
    assert stamps_of(tmp_path / "a") == before


def test_a_file_of_somebody_else_within_is_refused_even_to_overwrite(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    (made.path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        start(made.path, steps=2, overwrite=True)
    assert (made.path / "notes.txt").read_text() == "mine"
    assert load(made.path, "encoder").manifest == made.manifest


def test_a_folder_says_itself_which_files_are_its_own(tmp_path: Path) -> None:
    """Its manifest, its plan, and those of artifacts below it; nobody keeps a list for all."""
    out = make(tmp_path / "a").path
    _ = make(out / "folds" / "fold0" / "model")
    unfinished = begin(out / "folds/fold1/model", "model", config={}, seed=0, names=["base/*.bin"])
    (unfinished.path / "base").mkdir()
    (unfinished.path / "base" / "linear.bin").write_text("weights")
    (unfinished.path / "base" / "mine.doc").write_text("mine")
    with pytest.raises(ConfigError, match=r"folds/fold1/model/base/mine\.doc"):
        start(out, steps=2, overwrite=True)
    (unfinished.path / "base" / "mine.doc").unlink()
    assert start(out, steps=2, overwrite=True).made is None
    assert files_of(out).keys() == {"eegssl-plan.json"}


def test_a_leftover_of_a_kill_is_not_taken_for_a_file_of_somebody_else(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    (made.path / "eegssl-plan.json.77.partial").write_text("{")
    assert start(made.path, steps=2, overwrite=True).made is None


def test_an_update_keeps_the_parts_and_retires_the_manifest(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    writer = start(made.path, steps=2, update=True)
    assert not (made.path / "manifest.json").exists()
    assert (made.path / "encoder.txt").read_text() == "weights"
    assert not writer.resumed
    assert writer.finish({}).manifest.config == {"training": {"steps": 2}}


def test_survey_says_what_begin_would_do_and_does_nothing(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    unfinished = start(tmp_path / "b").path
    (tmp_path / "empty").mkdir()
    same = made.manifest.plan()
    other = same | {"seed": 5}
    before = stamps_of(tmp_path)

    def state(name: str, plan: dict[str, Any], **how: bool) -> str:
        return output_state(tmp_path / name, "encoder", plan, **{"overwrite": False, **how})

    assert state("nothing", same) == "new"
    assert state("empty", same) == "new"
    assert state("a", same) == "made"
    assert state("a", same, overwrite=True) == "overwrite"
    assert state("a", other, update=True) == "update"
    assert state(unfinished.name, same) == "resume"
    assert state(unfinished.name, other, overwrite=True) == "overwrite"
    assert stamps_of(tmp_path) == before


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(ConfigError, match="is a file"):
        start(tmp_path / "a")


def test_damage_to_a_finished_artifact_is_not_taken_for_made(tmp_path: Path) -> None:
    made = make(tmp_path / "a")
    (made / "encoder.txt").write_text("weighed")
    with pytest.raises(ArtifactError, match=r"encoder\.txt is damaged"):
        start(made.path)


def test_bulk_files_are_left_to_their_table(tmp_path: Path) -> None:
    writer = start(tmp_path / "a")
    writer.write("codes/r-1.npy", b"\x00")
    writer.write("codes.tsv", "table")
    manifest = writer.finish({}, bulk={"codes": "codes.tsv"}).manifest
    assert set(manifest.files) == {"codes.tsv"}
    assert manifest.bulk == {"codes": "codes.tsv"}


@given(facts=st.dictionaries(st.text(), JSON, max_size=4), seed=st.integers(0, 2**31 - 1))
def test_any_manifest_survives_writing_and_reading(
    tmp_path_factory: pytest.TempPathFactory, facts: dict[str, Any], seed: int
) -> None:
    out = tmp_path_factory.mktemp("any") / "a"
    made = begin(out, "encoder", config={"x": facts}, seed=seed).finish(facts)
    assert read_manifest(out) == made.manifest
    assert read_manifest(out).facts == facts


@given(field=st.sampled_from(["kind", "seed", "config", "facts", "bulk", "eegssl_version"]))
def test_any_edited_field_is_seen(tmp_path_factory: pytest.TempPathFactory, field: str) -> None:
    out = make(tmp_path_factory.mktemp("edited") / "a").path
    raw = json.loads((out / "manifest.json").read_text())
    raw[field] = {"x": 1} if isinstance(raw[field], dict) else ["x"] if field == "bulk" else "7"
    (out / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(ArtifactError, match="edited or damaged"):
        read_manifest(out)


def test_a_parent_is_required_by_id(tmp_path: Path) -> None:
    one, two = make(tmp_path / "one"), make(tmp_path / "two", steps=2)
    child = begin(tmp_path / "c", "model", config={}, seed=0, inputs=inputs_of(one)).finish({})
    require_parent(child, [one], "encoder")
    for others in ([two], [], [one, two]):
        with pytest.raises(ArtifactError) as caught:
            require_parent(child, others, "encoder")
        assert str(child.path) in str(caught.value)
        assert one.manifest.id[:12] in str(caught.value)


@given(
    *[st.lists(st.sampled_from(["s-1", "s-2", "s-3"]), unique=True).map(tuple)] * 3,
)
def test_whom_something_was_fitted_on_only_grows(
    a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...]
) -> None:
    one, two, three = (FittedOn(x, x) for x in (a, b, c))
    assert set((one | two).subjects) == {*a, *b}
    assert (one | two) == (two | one)
    assert ((one | two) | three) == (one | (two | three))


@given(value=JSON)
def test_equal_values_have_one_text_and_one_hash(value: Any) -> None:
    again = json.loads(canonical_json(value))
    assert canonical_json(again) == canonical_json(value)
    assert hash_json(again) == hash_json(value)


def test_no_number_that_json_lacks_is_written() -> None:
    with pytest.raises(ValueError, match=r"[Oo]ut of range"):
        canonical_json({"x": float("nan")})


def test_processes_of_one_number_on_several_nodes_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_path(path) as one:  # in one process: equal numbers
        one.write_text("first")
        with atomic_path(path) as other:
            other.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
