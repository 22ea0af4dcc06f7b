"""The entrypoint answers with one whole table, or with an error and none, whatever lies where.

A stand-in for ``eegssl`` answers here by the content of the file; with a model and EEG it runs in
``tests/stages/test_container.py``.
"""

import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from eegssl.container.folder_texts import folder_texts

HEADER = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n"
TABLE = f"{HEADER}3.00\t9.00\tsz\t0.90\tn/a\t1985-01-01 00:00:00\t60.00\n"
STALE = f"{HEADER}0.00\t9.00\tbckg\tn/a\tn/a\t1985-01-01 00:00:00\t9.00\n"
STAND_IN = f"""
import json, os, sys, time
from pathlib import Path
words = sys.argv[1:]
edf, out = Path(words[1]), Path(words[words.index("--out") + 1])
text = edf.read_text()
text = text[:236].strip() if len(text) > 236 else text
home = [os.environ[name] for name in ("HOME", "EEGSSL_PRIVATE", "MPLCONFIGDIR", "XDG_CACHE_HOME")]
for folder in home:
    Path(folder, "left").write_text("x")
if text == "killed":
    os.kill(os.getpid(), 9)
if text == "refused":
    error = "none of 1 file(s) can be used:\\n\\x1b[31mtruncated"
    print(json.dumps({{"error": error, "exit_code": 3}}))
    print("progress", file=sys.stderr)
    sys.exit(3)
if text == "crash":
    raise ValueError("first line\\nlast line")
tables = {{"two": 2, "none": 0}}.get(text, 1)
for k in range(tables):
    path = out / "detections" / f"{{k}}_events.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("nothing" if text == "strange" else {TABLE!r})
code = {{"unread": "no-eeg", "shorter": "too-short"}}.get(text, "")
reason = f"stretch 2 can't be used, {{code}}: all is flat" if code else "n/a"
(out / "files.tsv").write_text(f"file\\treason\\tmissing\\nf-1\\t{{reason}}\\tF7,F8\\n")
if text == "slow":
    (out / "begun").touch()
    Path(os.environ["SZCORE_OUTPUT"], "..", "begun").touch()
    time.sleep(600)
setting = "EEGSSL_" + str("EEGSSL_SEED" in os.environ)
print(json.dumps({{"warnings": [setting, "1 file(s) lack channels (files.tsv)"]}}))
"""


@dataclass
class Root:
    """A virtual root: a folder for each of /data and /output, the script, and a stand-in."""

    path: Path
    output: Path = field(init=False)
    data: Path = field(init=False)

    def __post_init__(self) -> None:
        self.data, self.output = self.path / "data", self.path / "output"
        self.scratch = self.path / "tmp"
        package = self.path / "stand-in" / "eegssl"
        for folder in (self.data, self.output, self.scratch, package):
            folder.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(STAND_IN)
        script = folder_texts("python:3.12-slim", "x.whl", "seizures", "0")["entrypoint"]
        (self.path / "entrypoint").write_text(script)

    def start(
        self, name: str | None = "eeg.edf", output: str | None = "out.tsv", **more: str
    ) -> subprocess.Popen[str]:
        """The entrypoint, begun."""
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.path / "stand-in"),
            "HOME": "/nonexistent",
            "TMPDIR": str(self.scratch),
            "SZCORE_DATA": str(self.data),
            "SZCORE_OUTPUT": str(self.output),
            **({} if name is None else {"INPUT": name}),
            **({} if output is None else {"OUTPUT": output}),
            **more,
        }
        command = [sys.executable, str(self.path / "entrypoint")]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=variables, cwd=self.path, text=True, **pipes)

    def run(self, *names: str | None, **more: str) -> subprocess.CompletedProcess[str]:
        """The entrypoint, ended."""
        process = self.start(*names, **more)
        out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def files(self) -> dict[str, str]:
        """What lies in /output: path -> text."""
        paths = [path for path in self.output.rglob("*") if path.is_file()]
        return {path.relative_to(self.output).as_posix(): path.read_text() for path in paths}


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_a_file_gets_one_table_and_nothing_is_left_elsewhere(root: Root) -> None:
    (root.data / "eeg.edf").write_text("good")
    ran = root.run("eeg.edf", "sub-01/eeg/out.tsv", EEGSSL_SEED="3")
    assert ran.returncode == 0, ran.stderr
    assert root.files() == {"sub-01/eeg/out.tsv": TABLE}
    assert list(root.scratch.iterdir()) == []
    assert "EEGSSL_False" in ran.stderr  # no setting came along
    assert "more channels: F7,F8" in ran.stderr
    assert "files.tsv" not in ran.stderr
    mode = (root.output / "sub-01/eeg/out.tsv").stat().st_mode
    assert mode & stat.S_IRUSR
    assert mode & 0o666 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    "content", ["refused", "crash", "killed", "two", "none", "strange", "unread"]
)
def test_a_file_that_predict_does_not_answer_gets_a_reason_and_no_table(
    root: Root, content: str
) -> None:
    (root.data / "eeg.edf").write_text(content)
    (root.output / "out.tsv").write_text(STALE)
    ran = root.run()
    assert ran.returncode not in (0, 120)
    assert root.files() == {}
    assert ran.stderr.startswith("error: ")
    assert len(ran.stderr.splitlines()) == 1
    assert "\x1b" not in ran.stderr
    assert list(root.scratch.iterdir()) == []
    if content == "refused":
        assert ran.returncode == 3
        assert "truncated" in ran.stderr
    if content == "unread":
        assert ran.returncode == 3
        assert "1 stretch(es) between gaps of the file can't be used (no-eeg)" in ran.stderr


def test_a_stretch_shorter_than_the_model_reads_costs_no_table(root: Root) -> None:
    (root.data / "eeg.edf").write_text("shorter")
    assert root.run().returncode == 0
    assert root.files() == {"out.tsv": TABLE}


@pytest.mark.parametrize(
    ("name", "output"),
    [
        (None, "out.tsv"),
        ("", "out.tsv"),
        ("missing.edf", "out.tsv"),
        (".", "out.tsv"),
        ("../data/eeg.edf", "out.tsv"),
        ("/etc/hostname", "out.tsv"),
        ("folder", "out.tsv"),
        ("pipe", "out.tsv"),
        ("eeg.edf", None),
        ("eeg.edf", ""),
        ("eeg.edf", "../out.tsv"),
        ("eeg.edf", "taken"),
    ],
)
def test_names_that_lead_nowhere_are_refused(
    root: Root, name: str | None, output: str | None
) -> None:
    (root.data / "eeg.edf").write_text("good")
    (root.data / "folder").mkdir()
    os.mkfifo(root.data / "pipe")
    (root.output / "taken").mkdir()
    ran = root.run(name, output)
    assert ran.returncode in (2, 3)
    assert len(ran.stderr.splitlines()) == 1
    assert root.files() == {}
    assert not (root.path / "out.tsv").exists()


@pytest.mark.parametrize(
    ("records", "seconds", "good"),
    [
        *(("60", "1", True), ("600", "0.1", True), ("61", "1", True), ("-1", "1", True)),
        *(("x", "1", True), ("120", "1", False), ("6", "20.5", False)),
    ],
)
def test_a_file_shorter_than_its_header_says_gets_no_table(
    root: Root, records: str, seconds: str, good: bool
) -> None:
    (root.data / "eeg.edf").write_text(f"{'good':236}{records:8}{seconds:8}")
    ran = root.run()
    assert ran.returncode == (0 if good else 3), ran.stderr
    assert root.files() == ({"out.tsv": TABLE} if good else {})
    assert good or "cut short" in ran.stderr


def test_a_signal_ends_it_and_all_that_it_began(root: Root) -> None:
    (root.data / "eeg.edf").write_text("slow")
    process = root.start()
    while not (root.path / "begun").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=600)
    assert process.returncode == 128 + signal.SIGTERM
    assert root.files() == {}
    assert list(root.scratch.iterdir()) == []


def test_one_file_is_not_both_input_and_output(root: Root) -> None:
    (root.data / "eeg.edf").write_text("good")
    ran = root.run("eeg.edf", "eeg.edf", SZCORE_OUTPUT=str(root.data))
    assert ran.returncode == 2
    assert (root.data / "eeg.edf").read_text() == "good"


class TestFolderThatCannotBeWritten:
    """As SzCORE's runner has it: an empty table lies there, which others may write."""

    @pytest.fixture
    def locked(self, root: Root) -> Root:
        if os.geteuid() == 0:  # root may write anywhere: a name as long as names can be stands in
            (root.output / LONG).touch()
            return root
        (root.output / LONG).touch()
        root.output.chmod(0o555)
        return root

    @pytest.mark.parametrize("content", ["good", "refused"])
    def test_the_table_is_filled_in_place_or_stays_empty(self, locked: Root, content: str) -> None:
        (locked.data / "eeg.edf").write_text(content)
        (locked.output / LONG).write_text(STALE)
        ran = locked.run("eeg.edf", LONG)
        locked.output.chmod(0o755)
        assert ran.returncode == (0 if content == "good" else 3)
        assert locked.files() == {LONG: TABLE if content == "good" else ""}

    def test_without_a_table_it_is_an_error_before_anything_is_read(self, locked: Root) -> None:
        (locked.data / "eeg.edf").write_text("good")
        (locked.output / LONG).unlink() if os.geteuid() == 0 else None
        other = "b" * 255
        ran = locked.run("eeg.edf", other)
        locked.output.chmod(0o755)
        assert ran.returncode == 2
        assert "nothing can be written" in ran.stderr


LONG = "a" * 251 + ".tsv"
