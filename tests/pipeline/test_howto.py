"""The lines of docs/detector.md, run as they stand there on a synthetic ward."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from clirun import eegssl
from tinycorpus import SETTINGS, write_corpus

PAGE = (Path(__file__).parents[2] / "docs" / "detector.md").read_text()
LINES = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL).group(1).splitlines()


def test_the_page_has_seven_commands() -> None:
    assert len(LINES) == 7
    assert all(line.startswith("eegssl ") for line in LINES)


@pytest.mark.slow
def test_its_lines_make_a_detector_that_reads_the_next_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(tmp_path / "ward")
    (tmp_path / "other").mkdir()
    new = write_corpus(tmp_path / "other", range(8, 9))
    shutil.copy(next(new.rglob("*run-1_eeg.edf")), tmp_path / "night.edf")
    shutil.copy(next(new.rglob("*run-1_events.tsv")), tmp_path / "night_events.tsv")
    (tmp_path / "settings.toml").write_text(
        SETTINGS.replace("[evaluate]\ntraces = 2\ntrace_s = 10.0", "")
    )
    monkeypatch.chdir(tmp_path)
    for line in LINES:
        ran = eegssl(*shlex.split(line)[1:], "--config", "settings.toml")
        assert ran.code == 0, f"{line}\n{ran.err}"
    (table,) = Path("run/night/detections").rglob("*.tsv")
    assert table.with_suffix(".html").is_file()
    header, row = table.read_text().splitlines()
    found = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert found["eventType"] in ("sz", "bckg")
    assert Path("run/night-scored/report.html").is_file()
