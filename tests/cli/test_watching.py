"""``eegssl watch`` shows a training from its files, needs no torch, and changes nothing."""

import functools
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from clirun import Pipeline, done, eegssl
from livefolders import ROWS, SPEEDS, running

from eegssl.cli.watching import sparkline


def test_one_table_tells_what_a_training_does(tmp_path: Path) -> None:
    ran = eegssl("watch", running(tmp_path / "e"), "--once")
    assert ran.code == 0, ran.err
    words = " ".join(ran.out.split())
    for part in (
        *("encoder, running", "steps 60 of 100 (60%)", "time left about 20 s", "ago"),
        *("loss 1.5 █▃▁", "accuracy 30.0%", "validation loss region 2.5", "skipped steps 1"),
        *("learning rate 0.0008", "gradient norm 0.4", "windows a second 800", "ranks 2"),
        *("hours of EEG a second 2.2", "waits for data 2.0% of a step", "memory 9,000 MB"),
    ):
        assert part in words, (part, words)
    assert "MFU" not in words


def test_where_there_is_no_terminal_it_prints_once_and_ends(tmp_path: Path) -> None:
    ran = eegssl("watch", running(tmp_path / "e", boot="another start"))
    assert ran.code == 0
    assert "stopped: run the same command to go on" in ran.out


def test_a_trained_one_that_is_still_written_says_so(tmp_path: Path) -> None:
    rows = [*ROWS, {"step": 100, "train_loss": 1.0}]
    ran = eegssl("watch", running(tmp_path / "e", kind="tokens", rows=rows), "--once")
    assert "trained; what else the artifact holds is being made" in ran.out
    assert "about" not in ran.out


def test_a_finished_one_is_told_as_finished(tiny: Pipeline) -> None:
    ran = eegssl("watch", tiny.encoder)
    assert ran.code == 0, ran.err
    assert "encoder, finished" in ran.out
    assert "time left" not in ran.out


def test_json_is_one_document(tmp_path: Path) -> None:
    document = done("watch", running(tmp_path / "e"))
    assert document["state"] == "running"
    assert (document["step"], document["steps"]) == (60, 100)
    assert document["speed"]["mfu"] is None


def test_no_training_ends_with_4(tiny: Pipeline, tmp_path: Path) -> None:
    for folder in (tiny.recordings, tmp_path / "none", tiny.settings):
        ran = eegssl("watch", folder, "--once")
        assert ran.code == 4
        assert "expected" in ran.err or "watch takes the --out" in ran.err


def test_names_in_the_files_are_no_markup_and_move_no_cursor(tmp_path: Path) -> None:
    rows = [*ROWS, {"step": 80, "val_[bold]x\x1b[2J": 1.0, "val_[/red]": 1.0}]
    folder = running(tmp_path / "[red]e", rows=rows, host="[bold]h\x1b[2J")
    ran = eegssl("watch", folder, "--once")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert "[red]e" in ran.out
    assert "val_" not in ran.out


def test_torch_is_not_imported(tmp_path: Path) -> None:
    folder = running(tmp_path / "e", rows=ROWS, speeds=SPEEDS)
    code = (
        "import sys\nfrom eegssl.cli.commands import app\n"
        f"sys.argv = ['eegssl', 'watch', {str(folder)!r}, '--once']\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(sorted({'torch', 'mne', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_on_a_terminal_it_looks_again_until_ctrl_c_which_ends_it_well(tmp_path: Path) -> None:
    folder = running(tmp_path / "e")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "eegssl", "watch", str(folder), "--every", "0.2"]
    hears = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(
        command, stdout=theirs, stderr=theirs, stdin=theirs, preexec_fn=hears
    )  # a shell's background job would be deaf to it
    os.close(theirs)
    seen = bytearray()
    reader = threading.Thread(target=read_all, args=(ours, seen), daemon=True)
    reader.start()
    wait_for(b"running", seen)
    with (folder / "metrics.jsonl").open("a") as stream:
        stream.write(json.dumps({"step": 90, "train_loss": 1.0}) + "\n")
    wait_for(b"90 of 100", seen)
    process.send_signal(signal.SIGINT)
    assert process.wait(600) == 0
    reader.join(600)
    os.close(ours)
    assert b"90 of 100" in seen


def read_all(terminal: int, seen: bytearray) -> None:
    """Read what is written to a terminal, until it is closed."""
    with suppress(OSError):
        while some := os.read(terminal, 4096):
            seen += some


def wait_for(words: bytes, seen: bytearray) -> None:
    """Wait for words, on a busy machine for minutes."""
    end_s = time.monotonic() + 600
    while words not in seen and time.monotonic() < end_s:
        time.sleep(0.05)


def test_a_sparkline_is_short_and_goes_from_low_to_high() -> None:
    assert sparkline([1.0, 2.0, 3.0], "_-^") == "_-^"
    assert sparkline([2.0, 2.0], "_-^") == "__"
    assert sparkline([], "_-^") == ""
    assert len(sparkline([float(k) for k in range(1000)])) == 48
