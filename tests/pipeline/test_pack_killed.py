"""SIGKILL of ``pack`` at moments leaves nothing that passes for recordings; then the same bytes.

Quick tests of its interruptions are in ``test_pack.py``.
"""

import signal
from pathlib import Path

import killing
import numpy as np
import pytest
from clirun import Pipeline, done, eegssl, files_of
from slowparams import slow_except

from eegssl.artifacts.reading import load

DRAWN, LAST = 3, 3


@pytest.mark.parametrize("k", slow_except(range(DRAWN + LAST), 0))
def test_a_kill_at_any_moment_costs_no_byte(tiny: Pipeline, tmp_path: Path, k: int) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    command = ["pack", str(tiny.recordings), "--pack-mb", "1", "--out"]
    changes = killing.run([*command, str(whole)], whole, tmp_path).changes
    assert "manifest.json" in "".join(changes[-6:])
    drawn = np.random.default_rng(22).choice(len(changes) - LAST, DRAWN, replace=False)
    moment = int(drawn[k]) if k < DRAWN else len(changes) - 1 - (k - DRAWN)
    ended = killing.run([*command, str(out)], out, tmp_path, moment=moment)
    assert ended.code == -signal.SIGKILL, f"{changes[moment]}: {ended.said}"
    if (out / "manifest.json").exists():
        load(out, "recordings")
    else:
        assert eegssl("info", out).code == 4
    assert done(*command, out)["kind"] == "recordings"
    assert files_of(out) == files_of(whole)
