"""Tables of predictions of every kind are written, read, cut, pooled and checked alike."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fewerexamples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from eegssl.corpus.audits.leaks import audit_windows
from eegssl.corpus.labelled import Unit
from eegssl.errors import ArtifactError
from eegssl.tasks.forecast.error_sums import Forecasts
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.patients.left_out import LeftOut, PatientPredictions
from eegssl.tasks.phase.phase_rows import MethodPhases, PhasePredictions
from eegssl.tasks.table import kind_of_table, pool_tables, read_table, rows, write_table
from eegssl.tasks.table_spec import View

FEW = examples(12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _about(spec_keys: tuple[str, ...], **values: Any) -> dict[str, Any]:
    plain = dict.fromkeys(spec_keys, "same") | {"synthetic": True, "leaks": []}
    return plain | values


def _names(prefix: str, n: int) -> list[str]:
    return [f"{prefix}-{k // 4}" for k in range(n)]


OF_LABELS = {"labels": "events", "permuted": False, "within_subject": False}


def windows(n: int, seed: int) -> Predictions:
    """n windows of two classes; words of classes hold what formats and files might trip over."""
    rng = np.random.default_rng(seed)
    classes, p = ("background", "sz {foc}, é"), rng.random(n)
    about = {
        "threshold": {"value": 0.25 + seed / 100},
        "postprocess": {"threshold": 0.5, "smooth": 2 * seed + 1},
    }
    return Predictions(
        subject=_names(f"s{seed}", n),
        recording=_names(f"r{seed}", n),
        start_s=4.0 * np.arange(n),
        duration_s=np.full(n, 4.0),
        truth=rng.integers(-1, 2, n),
        probabilities=np.stack([1 - p, p], axis=1),
        classes=classes,
        split_hash=f"split {seed}",
        references=tuple(
            Reference(name, f"s{seed}-0", 60.0, ((1.0, 2.0, "sz"),), 30.0)
            for name in dict.fromkeys(_names(f"r{seed}", n))
        ),
        about=_about(Predictions.spec.about, **OF_LABELS, **about),
        unit=["u"] * n,
        units=(Unit("u", "r", "s", 0.0, 1.0, "sz"),),
    )


def numbers(n: int, seed: int) -> Predictions:
    """n windows of a task of numbers, one of them unknown."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    truth[0] = np.nan
    return replace(
        windows(n, seed),
        truth=np.full(n, -1),
        classes=(),
        probabilities=np.zeros((n, 0)),
        truth_value=truth,
        value=rng.normal(size=n),
        about=_about(Predictions.spec.about, **OF_LABELS, threshold=None, postprocess=None),
    )


def forecasts(n: int, seed: int) -> Forecasts:
    """n rows of sums."""
    rng = np.random.default_rng(seed)
    words = ("method", "unit", "recording", "subject", "channel", "part")
    keys = {name: np.array(_names(f"{name}{seed}", n), dtype=object) for name in words}
    keys |= {"from_s": np.arange(n) / 8, "to_s": np.arange(n) / 8 + 1}
    order = ("method", "unit", "recording", "subject", "channel", "from_s", "to_s", "part")
    sums = {name: rng.normal(size=n) for name in ("n", "abs")}
    about = _about(Forecasts.spec.about, kind="forecast", methods=["model", "ar"])
    return Forecasts({name: keys[name] for name in order}, sums, f"split {seed}", about)


def phases(n: int, seed: int) -> PhasePredictions:
    """n rows at three lead times, of phases and amplitudes as the file keeps them."""
    rng = np.random.default_rng(seed)

    def rad() -> Any:
        return rng.integers(-3141, 3142, (n, 3)) / 1000

    about = _about(PhasePredictions.spec.about, kind="phase", base=f"base {seed}")
    return PhasePredictions(
        subject=_names(f"s{seed}", n),
        recording=_names(f"r{seed}", n),
        t_s=2.0 * np.arange(n),
        channel=["Fp1"] * n,
        band=["alpha"] * n,
        context_hz=rng.random(n),
        true_hz=rng.random(n),
        oscillates=rng.random(n) < 0.5,
        true_rad=rad(),
        true_uv=rng.integers(0, 99, (n, 3)).astype(np.float64),
        methods={"ar": MethodPhases(rng.random(n), rad())},
        lead_s=np.array([0.1, 0.2, 0.3]),
        split_hash=f"split {seed}",
        about=about,
    )


def patients(n: int, seed: int) -> PatientPredictions:
    """n patients, by two inputs in two repeats and one."""
    rng = np.random.default_rng(seed)
    inputs = {
        name: LeftOut(rng.normal(size=(r, n)), rng.integers(0, 3, (r, n)), rng.random(5))
        for name, r in (("encoder", 2), ("age", 1))
    }
    about = {"kind": "patients"} | _about(PatientPredictions.spec.about[1:], seed=seed)
    return PatientPredictions(
        tuple(f"p{k}" for k in range(n)), rng.integers(0, 2, n), inputs, about
    )


MAKERS: dict[str, Callable[[int, int], View]] = {
    "labels": windows,
    "numbers": numbers,
    "forecast": forecasts,
    "phase": phases,
    "patients": patients,
}
PROBLEMS = (
    *("lacks column", "expected only", "expected double", "not finite", "empty value"),
    *("its kind is 'strange'", "its schema is 2", "lack about.leaks", "expected a list"),
)
POOLED = [name for name in MAKERS if name != "patients"]
sizes, seeds = st.integers(2, 12), st.integers(0, 50)


def assert_same(one: Any, other: Any) -> None:
    """Equal cell by cell, dtypes included but for text."""
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif is_dataclass(one):
        assert type(one) is type(other)
        for part in fields(one):
            assert_same(getattr(one, part.name), getattr(other, part.name))
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key, value in one.items():
            assert_same(value, other[key])
    else:
        assert one == other


@pytest.mark.parametrize("kind", MAKERS)
@given(n=sizes, seed=seeds)
@FEW
def test_a_table_comes_back_as_it_was_written(kind: str, n: int, seed: int, tmp_path: Path) -> None:
    path, view = tmp_path / "predictions.parquet", MAKERS[kind](n, seed)
    write_table(path, view)
    read = read_table(path, type(view))
    assert_same({**vars(view), "about": None}, {**vars(read), "about": None})
    assert vars(view)["about"] == vars(read)["about"]
    assert kind_of_table(path) == view.spec.kind
    before = path.read_bytes()
    write_table(path, read)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", POOLED)
@given(n=sizes, seed=seeds, data=st.data())
@FEW
def test_a_table_cut_in_two_is_pooled_to_the_same_rows(
    kind: str, n: int, seed: int, data: st.DataObject
) -> None:
    view = MAKERS[kind](n, seed)
    first = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    order = np.argsort(~first, kind="stable")
    whole, pooled = view.as_table(), pool_tables([view.subset(first), view.subset(~first)])
    table = pooled.as_table()
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(table.columns[name], values[order])
    assert table.about["folds"] == 2
    assert table.split_hash != whole.split_hash


def test_pooled_windows_keep_the_threshold_of_their_fold(tmp_path: Path) -> None:
    pooled = pool_tables([windows(4, 0), windows(8, 25)])
    write_table(tmp_path / "pooled.parquet", pooled)
    assert read_table(tmp_path / "pooled.parquet", Predictions).references == pooled.references
    assert pooled.thresholds is not None
    assert pooled.thresholds.tolist() == [0.25] * 4 + [0.5] * 8
    rules = [r.postprocess and r.postprocess["smooth"] for r in pooled.references]
    assert rules == [1, 51, 51]
    assert (pooled.about["threshold"], pooled.about["postprocess"]) == (None, None)
    again = pool_tables([pooled, pooled])
    assert again.thresholds is not None
    assert again.thresholds.tolist() == pooled.thresholds.tolist() * 2
    assert again.references[:3] == pooled.references


def test_pooled_tables_have_the_leaks_and_bases_of_all() -> None:
    tables = [phases(3, 1), phases(4, 2)]
    leaky = [replace(t, about=t.about | {"leaks": [f"leak {k}"]}) for k, t in enumerate(tables)]
    about = pool_tables(leaky[::-1]).about
    assert about["leaks"] == ["leak 0", "leak 1"]
    assert about["base"] == ["base 2", "base 1"]


@pytest.mark.parametrize("kind", POOLED)
def test_tables_of_different_tasks_are_not_pooled(kind: str) -> None:
    one, other = MAKERS[kind](4, 0), MAKERS[kind](4, 1)
    strange: Any = other
    strange = replace(strange, about=strange.about | {"task": "another"})
    with pytest.raises(ArtifactError, match="table 1 and table 2 differ in task: 'same' and 'ano"):
        pool_tables([one, strange])


def test_tables_with_other_columns_or_of_patients_are_not_pooled() -> None:
    renamed = replace(windows(4, 0), classes=("background", "other"))
    with pytest.raises(ArtifactError, match=r"differ in classes: .*foc.* and .*other"):
        pool_tables([windows(4, 1), renamed])
    with pytest.raises(ArtifactError, match="patients can't be pooled"):
        pool_tables([patients(4, 0), patients(4, 1)])


@pytest.mark.parametrize("kind", MAKERS)
def test_rows_that_come_twice_are_found(kind: str, tmp_path: Path) -> None:
    view = MAKERS[kind](6, 0)
    assert audit_windows(rows(view)) == []
    if kind != "patients":
        twice = pool_tables([view, view.subset(np.arange(6) < 2)])
        assert [(leak.kind, leak.n) for leak in audit_windows(rows(twice))] == [("twice", 2)]


def _damage(path: Path, change: str) -> None:
    """Rewrite a table with one thing in it wrong."""
    table = pq.read_table(path)
    metadata = json.loads(table.schema.metadata[b"eegssl"])
    floats = next(c for c in ("start_s", "from_s", "t_s", "logit") if c in table.column_names)
    place = table.column_names.index(floats)
    values = table[floats].to_numpy().copy()
    text = next(c for c in ("subject", "recording") if c in table.column_names)
    match change:
        case "lacks column":
            table = table.drop_columns([floats])
        case "expected only":
            table = table.append_column("mine", pa.array(values))
        case "expected double":
            table = table.set_column(place, floats, pa.array(values.astype(np.float32)))
        case "not finite":
            values[1] = np.nan
            table = table.set_column(place, floats, pa.array(values))
        case "empty value":
            names = [None, *table[text].to_pylist()[1:]]
            place = table.column_names.index(text)
            table = table.set_column(place, text, pa.array(names, pa.string()))
        case "its kind is 'strange'":
            metadata["about"]["kind"] = "strange"
        case "its schema is 2":
            metadata["schema"] = 2
        case "lack about.leaks":
            del metadata["about"]["leaks"]
        case "expected a list":
            key = next(iter(set(metadata) & {"classes", "sums", "methods"}))
            metadata[key] = "words"
    document = {b"eegssl": json.dumps(metadata).encode()}
    pq.write_table(table.replace_schema_metadata(document), path)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (kind, problem)
        for kind in MAKERS
        for problem in PROBLEMS
        if (kind, problem) != ("patients", "expected a list")  # no list names its columns
    ],
)
def test_a_damaged_table_is_refused_by_name(kind: str, problem: str, tmp_path: Path) -> None:
    path, view = tmp_path / "predictions.parquet", MAKERS[kind](5, 0)
    write_table(path, view)
    _damage(path, problem)
    with pytest.raises(ArtifactError, match="no predictions table") as caught:
        read_table(path, type(view))
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_table(path, windows(50, 0))
    whole = path.read_bytes()
    for content, problem in (
        (b"words", "can't be read as Parquet"),
        (whole[:-200], "can't be read as Parquet"),
        (b"PAR1" + bytes(99) + whole[103:], "can't be read as Parquet"),
    ):
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match=problem):
            read_table(path, Predictions)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(ArtifactError, match="don't describe predictions"):
        kind_of_table(path)


def test_rows_of_two_splits_or_of_missing_patients_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_table(path, windows(4, 0))
    one = pq.read_table(path)
    write_table(path, windows(4, 1))
    pq.write_table(pa.concat_tables([one, pq.read_table(path)]), path)
    with pytest.raises(ArtifactError, match="rows are of 2 splits"):
        read_table(path, Predictions)
    write_table(path, patients(5, 0))
    pq.write_table(pq.read_table(path).slice(0, 14), path)
    with pytest.raises(ArtifactError, match="4 rows of input 'age'"):
        read_table(path, PatientPredictions)


def test_columns_of_unequal_length_are_not_written(tmp_path: Path) -> None:
    broken = replace(windows(4, 0), start_s=np.arange(3.0))
    with pytest.raises(ValueError, match=r"of lengths \[3, 4\]"):
        write_table(tmp_path / "predictions.parquet", broken)
