"""Files are UTF-8, and printing never fails, whatever the locale and UTF-8 mode."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from clirun import Pipeline, files_of

from eegssl.cli.terminal import Terminal

C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LATIN = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}


def run(locale: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """``eegssl`` in a process of its own, under this locale."""
    environment = {k: v for k, v in os.environ.items() if k not in ("LANG", "PYTHONUTF8")}
    command = [sys.executable, "-m", "eegssl", *map(os.fspath, map(str, arguments))]
    return subprocess.run(command, capture_output=True, env=environment | locale, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "locale",
    [pytest.param(C_LOCALE, id="C"), pytest.param(LATIN, id="latin-1", marks=pytest.mark.slow)],
)
def test_settings_and_tables_in_utf_8_are_read(tmp_path: Path, locale: dict[str, str]) -> None:
    task = tmp_path / "task.toml"
    task.write_text('name = "α"\nkind = "labels"\n"µ" = 1\n', encoding="utf-8")
    ran = run(locale, "info", "--task", task, "--json")
    assert ran.returncode == 2, ran.stderr
    assert "µ" in json.loads(ran.stdout.decode("ascii"))["error"]


@pytest.mark.slow
def test_results_are_printed_where_the_locale_has_no_such_letters(tiny: Pipeline) -> None:
    for words in ([], ["--json"]):
        ran = run(C_LOCALE, "info", tiny.recordings, *words)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout


def test_printing_ends_nothing_where_the_locale_has_no_such_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for codec in ("ascii", "latin-1", "utf-8"):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, codec))
        terminal = Terminal()
        terminal.table("5 µV ≥ \udcff", {"ä": "α"})
        terminal.document({"α": "µ \udcff"})
        sys.stdout.flush()
        text = raw.getvalue().decode(codec)
        assert json.loads(text[text.index("{") :]) == {"α": "µ \udcff"}, codec


@pytest.mark.slow
def test_recordings_are_the_same_bytes_in_every_locale(tiny: Pipeline, tmp_path: Path) -> None:
    command = tiny.command("preprocess", tmp_path / "out")
    ran = run(C_LOCALE, *command)
    assert ran.returncode == 0, ran.stderr
    made, other = files_of(tmp_path / "out"), files_of(tiny.recordings)
    assert made["recordings.parquet"] == other["recordings.parquet"]
    assert made["events.parquet"] == other["events.parquet"]
