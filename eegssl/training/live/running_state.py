"""Tell from its files alone how far a training is."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from eegssl.artifacts.files.part_files import inside
from eegssl.artifacts.json_parts import Count, OpenPart, read_json, validated
from eegssl.artifacts.locks.draft_lock import holder_of
from eegssl.artifacts.manifest import MANIFEST, PLAN, SPEED
from eegssl.artifacts.reading import read_manifest
from eegssl.errors import ArtifactError
from eegssl.training.history import METRICS
from eegssl.training.live.health_concerns import health_concerns
from eegssl.training.live.training_rows import Row, latest, read_rows_so_far

State = Literal["running", "stopped", "finished", "unknown"]
_TRAINED = {"tokens": "tokenize", "encoder": "pretrain", "model": "finetune"}
"""Kind of artifact -> the command that trains it."""
_RECENT = 20  # rows by which the rate of steps is judged


class _Training(OpenPart):
    steps: Count


class _Config(OpenPart):
    training: _Training | None = None


class _Begun(OpenPart):
    kind: str = ""
    config: _Config = _Config()


_BEGUN, _CONFIG = TypeAdapter(_Begun), TypeAdapter(_Config)


@dataclass(frozen=True)
class RunningState:
    """A training as its folder shows it; what is not known is None."""

    folder: Path
    kind: str
    state: State
    """``unknown``: a process of another machine stands in the lock."""
    process: str
    """The process that stands in the lock, in words; empty where none does."""
    steps: int | None
    """Steps of the whole training."""
    rows: Sequence[Row]
    speed: Sequence[Row]
    row_age_s: float | None
    """Seconds since the last row was written."""

    @property
    def step(self) -> int:
        """Steps done, by the last row."""
        ends = [rows[-1]["step"] or 0 for rows in (self.rows, self.speed) if rows]
        return int(max(ends, default=0))

    @property
    def seconds_left(self) -> float | None:
        """Time to the last step at the rate of the last rows."""
        times = [t for row in self.speed[-_RECENT:] if (t := row.get("step_s")) is not None]
        if self.state == "finished" or not times or self.steps is None:
            return None
        return max(0, self.steps - self.step) * sum(times) / len(times)

    @property
    def losses(self) -> list[float]:
        """The training loss, row by row."""
        return [loss for row in self.rows if (loss := row.get("train_loss")) is not None]

    def as_document(self) -> dict[str, Any]:
        """The same as JSON values: of the rows the last value of each number."""
        return {
            "artifact": str(self.folder),
            "kind": self.kind,
            "state": self.state,
            "process": self.process,
            "step": self.step,
            "steps": self.steps,
            "seconds_left": self.seconds_left,
            "seconds_since_row": self.row_age_s,
            "concerns": health_concerns(self.rows),
            "metrics": latest(self.rows),
            "speed": latest(self.speed),
        }


def running_state(folder: Path, now_s: float | None = None) -> RunningState:
    """Look at a training's folder; nothing in it is changed, locked or hashed.

    Raises ArtifactError for a folder of which nothing is trained, or whose logs are damaged.
    """
    kind, config, finished = _begun(folder)
    if kind not in _TRAINED:
        raise ArtifactError(f"{folder} holds {kind or 'no plan'}, {_way_on(folder)}")
    holder = None if finished else holder_of(folder)
    state: State = "finished" if finished else "stopped"
    if holder and holder[1] is not False:
        state = "running" if holder[1] else "unknown"
    paths = [inside(folder, name) for name in (METRICS, SPEED)]
    rows, speed = (read_rows_so_far(path) for path in paths)
    written = [path.stat().st_mtime for path in paths if path.exists()]
    now_s = time.time() if now_s is None else now_s
    return RunningState(
        folder=folder,
        kind=kind,
        state=state,
        process=_printable(holder[0].in_words()) if holder else "",
        steps=config.training.steps if config.training else None,
        rows=rows,
        speed=speed,
        row_age_s=max(0.0, now_s - max(written)) if written and (rows or speed) else None,
    )


def _begun(folder: Path) -> tuple[str, _Config, bool]:
    """Kind and settings of what a folder holds, and whether it is finished."""
    plan = folder / PLAN
    if plan.exists() and not (folder / MANIFEST).exists():
        begun = read_json(inside(folder, PLAN), _BEGUN)
        return begun.kind, begun.config, False
    manifest = read_manifest(folder)
    return manifest.kind, validated(manifest.config, _CONFIG, folder / MANIFEST, "config"), True


def _way_on(folder: Path) -> str:
    """The folders that can be watched; first one within, where a training was begun last."""
    plans = [p for p in folder.rglob(PLAN) if p.parent != folder]
    begun = [p for p in plans if read_json(p, _BEGUN).kind in _TRAINED]
    if begun:
        last = max(begun, key=lambda path: path.stat().st_mtime).parent
        return f"which trains several models; watch one of them: eegssl watch {last}"
    commands = ", ".join(_TRAINED.values())
    return f"of which nothing is trained; watch takes the --out of one of {commands}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
