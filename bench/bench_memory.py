"""Memory and time of preprocess and evaluate on long recordings: flat in their length.

Run ``python bench/bench_memory.py [hours ...]``; prints a Markdown table, for 1 and 4 hours unless
told otherwise. The recordings are noise: 23 channels at 256 Hz, to the common average; the model
has the sizes of ``epilepsyfm``, reads windows of 10 s without overlap and has learned nothing. Each
command runs in a process of its own that looks at its memory every 10 ms: what it took itself
(anonymous), pages of mapped files, and both, over what the imports take.
"""

# ruff: noqa: E402  (helpers of the tests are beside this folder)
import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from longfiles import memory_mb, write_long_edf

KINDS = {"RssAnon": "anonymous", "RssFile": "mapped files", "VmRSS": "both"}
OF_MODEL = ("--set", "training.steps=1", "--set", "training.batch_size=2")
ON_CPU = ("--set", "training.device=cpu")


def command(*arguments: object) -> None:
    """Run an eegssl command; what it prints is shown only where it fails."""
    line = [sys.executable, "-m", "eegssl", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(line)} ended with {done.returncode}: {done.stderr}")


def make_model(root: Path) -> Path:
    """A classifier of untrained weights of the full size, by the commands that make one."""
    os.environ["EEGSSL_PRIVATE"] = str(root / "private")
    command("synth", "--out", root / "edf", "--preset", "tiny")
    command("preprocess", root / "edf", "--out", root / "recordings", "--jobs", 1)
    command("tokenize", root / "recordings", "--out", root / "tokens", "--preset", "tiny",
            "--set", "training.steps=1", *ON_CPU)  # fmt: skip
    command("pretrain", root / "recordings", "--tokens", root / "tokens", "--out", root / "encoder",
            "--preset", "epilepsyfm", *OF_MODEL, *ON_CPU)  # fmt: skip
    command("finetune", root / "recordings", "--encoder", root / "encoder", "--adapt", "full",
            "--task", "seizure-detection", "--set", "task.window_s=10", "--out", root / "model",
            *OF_MODEL, *ON_CPU)  # fmt: skip
    return root / "model"


def measured(*arguments: object) -> dict[str, float]:
    """Seconds and peaks of memory of a command in a process of its own."""
    line = [sys.executable, __file__, "measure", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(line)} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(what: str, *arguments: str) -> None:
    """In that process: do the work in the main thread and look at the memory in another."""
    work = {"preprocess": preprocess, "evaluate": evaluate}[what](*arguments)
    before = {kind: memory_mb(kind) for kind in KINDS}
    peak, done = dict(before), threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak.update({kind: max(peak[kind], memory_mb(kind)) for kind in KINDS})

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    print(json.dumps({"seconds": seconds} | {kind: peak[kind] - before[kind] for kind in KINDS}))


def preprocess(edf: str, out: str) -> Callable[[], None]:
    """All that is done with one file, in this process; imports what it needs."""
    import bench_preprocess

    return partial(bench_preprocess.whole_stage, Path(edf), Path(out), "average")


def evaluate(model: str, recordings: str, out: str) -> Callable[[], None]:
    """The command on one recordings folder; imports what it needs."""
    for name in ("matplotlib.pyplot", "sklearn.metrics", "timescoring", "eegssl.stages.evaluate"):
        importlib.import_module(name)
    from eegssl.cli.commands import main

    sys.argv = ["eegssl", "evaluate", model, recordings, "--out", out, "--set", "device=cpu"]

    def work() -> None:
        with contextlib.suppress(SystemExit):
            main()

    return work


def main() -> None:
    """Make a model, and for each length a recording; measure both commands on it."""
    if sys.argv[1:2] == ["measure"]:
        measure(*sys.argv[2:])
        return
    lengths_h = [float(word) for word in sys.argv[1:]] or [1.0, 4.0]
    print("| command | hours | s | × real time |", *(f"{name} MB |" for name in KINDS.values()))
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        model = make_model(root)
        for hours in lengths_h:
            edf = root / f"{hours:g}" / "night.edf"
            edf.parent.mkdir()
            write_long_edf(edf, round(hours * 3600))
            recordings = edf.with_name("recordings")
            command("preprocess", edf, "--out", recordings, "--set", "montage.reference=average")
            for work in (
                ("preprocess", edf, edf.parent),
                ("evaluate", model, recordings, edf.with_name("evaluation")),
            ):
                seen = measured(*work)
                ratio = hours * 3600 / seen["seconds"]
                numbers = " | ".join(f"{seen[kind]:.0f}" for kind in KINDS)
                print(
                    f"| {work[0]} | {hours:g} | {seen['seconds']:.1f} | {ratio:.0f} | {numbers} |"
                )
            shutil.rmtree(edf.parent)


if __name__ == "__main__":
    main()
