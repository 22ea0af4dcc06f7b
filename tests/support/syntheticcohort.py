"""Make a synthetic cohort of patients and the command that analyses it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clirun import done

from eegssl.artifacts.context import Context
from eegssl.stages import synth
from eegssl.synth.config import SynthConfig

PATIENTS = 14


QUICK = (
    *("--set", "task.analysis.repeats=2", "--set", "task.analysis.permutations=50"),
    *("--set", "task.analysis.costs=[1.0]", "--set", "task.analysis.bootstrap_resamples=200"),
    *("--set", "task.window_s=4", "--set", "training.device=cpu"),
)


@dataclass(frozen=True)
class Cohort:
    """A cohort as preprocess left it, with its table; ``kind`` is asm or rftc."""

    kind: str
    root: Path

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def table(self) -> Path:
        return self.root / "Haagse_participants.tsv"

    def command(self, encoder: Path, out: Path, *more: object, table: Path | None = None) -> list:
        """The whole analysis as one command."""
        task = {"asm": "asm-efficacy", "rftc": "rftc-outcome"}[self.kind]
        words = ["finetune", self.recordings, "--encoder", encoder, "--task", task, "--out", out]
        return [*words, "--set", f"task.table={table or self.table}", *QUICK, *more]


def write_corpus(config: SynthConfig, out: Path, *, overwrite: bool = False) -> int:
    """Run the stage; the number of recordings that it wrote, by the times of their files."""
    before = _edf_times(out)
    synth.run(config, Context(out, overwrite=overwrite))
    return len(_edf_times(out) - before)


def _edf_times(out: Path) -> set[tuple[Path, int]]:
    return {(path, path.stat().st_mtime_ns) for path in out.rglob("*.edf")}


def made_cohort(kind: str, root: Path) -> Cohort:
    """A synthetic cohort whose subjects go by a name, and a table with a comment."""
    edf = root / "edf"
    config = SynthConfig(
        cohort=kind, n_subjects=PATIENTS, duration_s=30, effect=10.0, sfreqs_hz=(250,), seed=3
    )
    write_corpus(config, edf)
    for path in sorted(edf.rglob("*sub-*"), key=lambda p: -len(p.parts)):
        path.rename(path.with_name(path.name.replace("sub-", "sub-Haagse")))
    rows = (edf / "participants.tsv").read_text().replace("sub-", "sub-Haagse").splitlines()
    rows = [rows[0] + "\tcomment", *(row + "\tmoeder belt" for row in rows[1:])]
    cohort = Cohort(kind, root)
    cohort.table.write_text("\n".join(rows) + "\n")
    (edf / "participants.tsv").unlink()
    done(
        *("preprocess", edf, "--out", cohort.recordings, "--jobs", 1),
        *("--set", "look.recordings=0", "--set", f"corpus={kind}"),
    )
    return cohort


def edited(cohort: Cohort, path: Path, change: Callable[[int, dict[str, str]], object]) -> Path:
    """A copy of the table; ``change`` gets each row's number and cells, and may edit them."""
    head, *lines = cohort.table.read_text().splitlines()
    rows = [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]
    kept = [row for k, row in enumerate(rows) if change(k, row) is not False]
    path.write_text("\n".join([head, *("\t".join(row.values()) for row in kept)]) + "\n")
    return path
