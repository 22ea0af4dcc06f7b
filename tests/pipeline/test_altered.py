"""Whoever alters a field of an artifact and signs it anew is refused, or has changed nothing.

By ``check`` and by the next stage alike, with exit 4 (2 where it is the user's own): never a bug,
never a hang, and no result that is not that of the artifact as it was made.
"""

import json
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from alterations import Alteration, alterations, altered
from clirun import Pipeline, done, eegssl, files_of
from smallmatrix import as_interrupted, write_matrix

NEXT: dict[str, Callable[[Pipeline, Path], list[object]]] = {
    "recordings": lambda tiny, bad: ["tokenize", bad, "--config", tiny.settings],
    "tokens": lambda tiny, bad: [
        *("pretrain", tiny.recordings, "--tokens", bad, "--config", tiny.settings)
    ],
    "encoder": lambda tiny, bad: [
        *("finetune", tiny.recordings, "--encoder", bad, "--task", "seizure-detection"),
        *("--config", tiny.settings),
    ],
    "model": lambda tiny, bad: ["evaluate", bad, tiny.recordings, "--config", tiny.settings],
    "evaluation": lambda tiny, bad: ["evaluate", "--rescore", bad],
}
"""Artifact -> the command that reads it next."""
MADE_FROM = ("manifest.json", "report.html", "atlas.html")
"""Files of a result that name what it was made from, or repeat its warnings."""
HANDED_ON = {"evaluation": "predictions.parquet"}
"""Artifact -> its part that the next command scores and copies as it is."""
MOST_S = 300.0
QUICK, SLOW, RUN = 130, 6, 6
"""One in so many alterations is tried in ``make test``, and in ``make test-all``: about 950 of
6,200; so many harmless ones run to the end."""
EVERY = pytest.mark.parametrize(
    "every", [pytest.param(SLOW, marks=pytest.mark.slow), QUICK], ids=["many", "some"]
)


def some(folder: Path, every: int) -> list[Alteration]:
    """One in so many alterations of an artifact, always the same ones."""
    return [one for one in alterations(folder) if zlib.crc32(one[0].encode()) % every == 0]


def is_refused(bad: Path, command: list[object]) -> bool:
    """Whether the next command refuses an artifact; check has to say nothing worse."""
    start = time.monotonic()
    checked = eegssl("check", bad)
    ran = eegssl(*command, "--out", bad.parent / "next", "--dry-run")
    assert time.monotonic() - start < MOST_S
    assert checked.code in (0, 4), checked.err
    assert ran.code in (0, 2, 4), ran.err
    assert checked.code == 0 or str(bad) in checked.err or "not part of it" in checked.err
    return ran.code != 0


def results_of(folder: Path, handed_on: str | None = None) -> dict[str, str]:
    """Hashes of the files that follow from what an artifact holds, but one that is copied."""
    files = files_of(folder)
    return {
        name: digest
        for name, digest in files.items()
        if Path(name).name not in (*MADE_FROM, handed_on) and not name.startswith("history/")
    }


@pytest.mark.parametrize("name", NEXT)
@EVERY
def test_an_altered_field_is_refused_or_changes_nothing(
    tiny: Pipeline, tmp_path: Path, undrawn: None, name: str, every: int
) -> None:
    source, tries, harmless = tiny.root / name, some(tiny.root / name, every), []
    for k, alteration in enumerate(tries):
        bad = Path(shutil.copytree(source, tmp_path / str(k) / name))
        altered(bad, alteration)
        if is_refused(bad, NEXT[name](tiny, bad)):
            shutil.rmtree(bad.parent)
        else:
            harmless.append(bad)
    assert len(harmless) < len(tries)
    if every == QUICK or not harmless:
        return
    done(*NEXT[name](tiny, source), "--out", tmp_path / "expected")
    expected = results_of(tmp_path / "expected", HANDED_ON.get(name))
    for bad in harmless[:: max(1, len(harmless) // RUN)]:
        out = bad.parent / "next"
        ran = eegssl(*NEXT[name](tiny, bad), "--out", out)
        assert ran.code in (0, 2, 4), f"{bad}: {ran.err}"
        assert ran.code or results_of(out, HANDED_ON.get(name)) == expected


@pytest.mark.slow
@EVERY
def test_an_altered_benchmark_is_refused_or_changes_nothing(
    tiny: Pipeline, tmp_path: Path, undrawn: None, every: int
) -> None:
    """Its table, and the cells that the next run takes up."""
    matrix = write_matrix(tmp_path / "matrix.toml", tiny, "[0]")
    made, cell = tmp_path / "made", Path("cells/seizure/pretrained/probe/seed0/evaluation")
    done("benchmark", matrix, "--out", made)
    expected = (made / "results.json").read_bytes()
    for part in (Path(), cell):
        for k, alteration in enumerate(some(made / part, 4 * every if part == cell else every)):
            out = Path(shutil.copytree(made, tmp_path / f"{part.name}{k}"))
            altered(out / part, alteration)
            checked = eegssl("check", out)
            if part == cell:
                as_interrupted(out)  # the table is made anew from the cells
            ran = eegssl("benchmark", matrix, "--out", out)
            assert checked.code in (0, 4), checked.err
            assert ran.code in (0, 2, 4), f"{alteration[0]}: {ran.err}"
            codes = {checked.code, ran.code}
            if codes == {0} or (part != cell and 0 in codes):
                assert json.loads((out / "results.json").read_bytes()) == json.loads(expected)
            shutil.rmtree(out)
