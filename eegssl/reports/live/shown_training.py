"""Show a training while it runs, by its log, picture and trackers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Context
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.training.live.live_log import LiveLog
from eegssl.training.live.trackers import trackers_of

OnRow = Callable[[Mapping[str, Any], Mapping[str, Any]], None]
"""Gets each row of ``metrics.jsonl`` and the speed since the one before."""


@contextmanager
def shown(writer: ArtifactWriter | None, context: Context) -> Iterator[OnRow | None]:
    """Log, draw and track the rows of a training in this block; none where another rank writes.

    What fails in that is told and stands in no artifact: it depends on the clock and the machine.
    """
    if writer is None:
        yield None
        return
    plan = writer.plan()
    trackers = trackers_of(context.trackers, writer.path, writer.kind, writer.config, plan)
    log = LiveLog(writer.path, draw=_draw, trackers=trackers, warn=context.progress.warn)
    try:
        yield log.on_row
    finally:
        log.close()


def _draw(folder: Path) -> None:
    """Draw the picture; the library of figures is loaded with the first one."""
    from eegssl.reports.live.progress_figure import write_progress

    write_progress(folder)
