"""Let several processes make parts of one artifact at the same time.

Each part has a lock of its own, below ``work/shards``. That of the whole folder is held for the
moment in which a part begins; who holds it for longer works alone, and looks for parts that are
being made (`eegssl.artifacts.writer.begin`).
"""

import time
from collections.abc import Callable
from pathlib import Path

from eegssl.artifacts.locks.draft_lock import Lock, take
from eegssl.artifacts.manifest import PLAN
from eegssl.artifacts.output_state import (
    NAMES,
    SHARDS,
    output_state,
    refuse_links,
    require_same_plan,
)
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.errors import ConfigError

PATIENCE_S = 60.0
"""Ours: other parts hold the lock of the whole for milliseconds, also where a hundred begin."""
_POLL_S = 0.2
Say = Callable[[str], object]


def join(
    writer: ArtifactWriter, part: str, check: Callable[[], object], *, wait: bool, say: Say
) -> ArtifactWriter:
    """Begin or go on with one part of an artifact, unless ``check`` raises an error.

    The same ``writer`` comes back, locked; or with ``made``, where the artifact is finished.
    Raises ConfigError where the same part is being made, or another process works on the whole.
    """
    out, kind, plan = writer.path, writer.kind, writer.plan()
    require_same_plan(out, plan)
    output_state(out, kind, plan, overwrite=False)
    out.mkdir(parents=True, exist_ok=True)
    waited = False
    while True:
        whole = _take_soon(out, wait=wait, say=say)
        try:
            require_same_plan(out, plan)
            if output_state(out, kind, plan, overwrite=False) == "made":
                writer.made = load(out, kind).manifest
                return writer
            refuse_links(out)
            check()
            if not (out / PLAN).exists():
                writer.write_json(PLAN, plan | {NAMES: []})
            folder = out / SHARDS / part
            folder.mkdir(parents=True, exist_ok=True)
            try:
                writer.lock = take(folder)
                return writer
            except ConfigError as error:
                if not wait:
                    raise
                busy = str(error).partition(";")[0]
        finally:
            whole.release()
        if not waited:
            say(f"{busy}: waiting for it")
        waited = True
        time.sleep(_POLL_S)


def _take_soon(out: Path, *, wait: bool, say: Say) -> Lock:
    """The lock of the whole, which another part that begins holds for a moment."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return take(out)
        except ConfigError:
            if time.monotonic() > until_s:
                if wait:
                    return take(out, wait=True, say=say)
                raise
        time.sleep(_POLL_S)
