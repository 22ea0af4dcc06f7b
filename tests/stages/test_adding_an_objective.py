"""Adding an objective: one file, and one line where objectives are listed.

Quick tests of the switch are in ``test_objectives_switch.py``.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clirun import Pipeline, manifest_of

import eegssl

pytestmark = pytest.mark.slow

LOUDNESS = '''"""Tell how loud each window is."""

import torch
from pydantic import Field
from torch import Tensor, nn

from eegssl.encoder.encoder import Encoder
from eegssl.objectives.grain import Grain
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput
from eegssl.config.objective_settings import ObjectiveSettings


class LoudnessConfig(ObjectiveSettings):
    """Predict the log power of a window."""

    built_by = "eegssl.objectives.loudness:Loudness"
    constant = "constant_loss"
    constant_words = "that of a power of 1"

    least_uv: float = Field(0.1, gt=0)
    """A deviation that counts as none."""


class Loudness(Objective):
    """A linear head on the mean embedding."""

    def __init__(self, encoder: Encoder, config: LoudnessConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.config = config
        self.head = nn.Linear(encoder.config.width, 1)

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Mean squared error."""
        truth = (grain["signal_uv"].square().mean(dim=(1, 2)) + self.config.least_uv**2).log()
        error = self.head(grain.whole.mean(dim=(1, 2)))[:, 0] - truth
        return ObjectiveOutput(error.square().mean(), {"constant_loss": truth.square().mean()})
'''
LISTED = "    loudness: LoudnessConfig = LoudnessConfig()\n"
IMPORTED = "from eegssl.objectives.loudness import LoudnessConfig\n"
TERMS = "    terms: tuple[str, ...] = "


def test_one_file_and_one_line_make_an_objective(tiny: Pipeline, tmp_path: Path) -> None:
    package = tmp_path / "package" / "eegssl"
    shutil.copytree(Path(eegssl.__file__).parent, package)
    (package / "objectives" / "loudness.py").write_text(LOUDNESS)
    listed = package / "objectives" / "config.py"
    text = listed.read_text()
    anchor = "from eegssl.config.objective_settings"
    assert text.count(anchor) == text.count(TERMS) == 1
    text = text.replace(anchor, f"{IMPORTED}{anchor}").replace(TERMS, f"{LISTED}{TERMS}")
    listed.write_text(text)

    def pretrain(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        out = tmp_path / name
        command = [sys.executable, "-m", "eegssl", "pretrain", str(tiny.recordings), "--json"]
        short = ["--config", str(tiny.settings), "--set", "training.steps=4", "--out", str(out)]
        world = os.environ | {"PYTHONPATH": str(package.parent)}
        return subprocess.run(
            [*command, *short, *more], capture_output=True, text=True, env=world, cwd=tmp_path
        )

    ran = pretrain("alone", "--objective", "loudness", "--set", "objective.loudness.least_uv=1")
    assert ran.returncode == 0, ran.stderr
    facts = json.loads(ran.stdout)["facts"]
    assert facts["objective"] == ["loudness"]
    assert facts["val"]["loss"] < facts["val"]["constant_loss"]
    assert manifest_of(tmp_path / "alone")["config"]["objective"]["loudness"]["least_uv"] == 1

    ran = pretrain("sum", "--objective", "loudness,reconstruct")
    assert ran.returncode == 0, ran.stderr
    assert "loudness_loss_block" in json.loads(ran.stdout)["facts"]["val"]

    ran = pretrain("none", "--objective", "loudnes")
    assert ran.returncode == 2
    assert "did you mean 'loudness'?" in ran.stderr
