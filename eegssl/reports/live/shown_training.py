"""Make the live log of a training, with its picture and trackers."""

from pathlib import Path

from eegssl.artifacts.context import Context
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.training.live.live_log import LiveLog
from eegssl.training.live.trackers import trackers_of


def live_log(writer: ArtifactWriter, context: Context) -> LiveLog:
    """The log of a training whose artifact is being made, for its rank 0.

    What fails in it is told and stands in no artifact: it depends on the clock and the machine.
    """
    trackers = trackers_of(context.trackers, writer.path, writer.kind, writer.config, writer.plan())
    return LiveLog(writer.path, draw=_draw, trackers=trackers, warn=context.progress.warn)


def _draw(folder: Path) -> None:
    """Draw the picture; the library of figures is loaded with the first one."""
    from eegssl.reports.live.progress_figure import write_progress

    write_progress(folder)
