"""A training by two ranks on the tiny corpus, each with two grains a step."""

from pathlib import Path

from cli_ranks import RankRun
from clirun import Pipeline

SETS = ("sampling.grain=2", "training.batch_size=8", "training.log_every=1")


def training(tiny: Pipeline, stage: str, out: Path) -> RankRun:
    """The command of a stage, as ranks run it into a folder."""
    words = tiny.command(stage, out)
    del words[words.index("--out") : words.index("--out") + 2]
    return RankRun((*words, *(w for s in SETS for w in ("--set", s))), out)
