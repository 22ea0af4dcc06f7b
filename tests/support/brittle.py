"""Work for worker processes that goes wrong in every way in which reading a file can."""

import os
import signal
import time
from pathlib import Path

import numpy as np


def work(how: str, scratch: str) -> str:
    """Do what is asked for; each call leaves a mark in ``scratch``."""
    with Path(scratch, "calls").open("a") as log:
        log.write(f"{how}\n")
    if how == "hang":
        time.sleep(600)
    elif how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "exit":
        os._exit(3)
    elif how == "bug":
        raise IndexError("Smith, John")
    elif how == "greedy":
        np.ones(1 << 30)
    elif how == "full disk":
        raise OSError(28, "No space left on device")
    return how


def killed_at_start(*_: object) -> None:
    """Serve as a worker that the system kills before it can say that it is there."""
    os.kill(os.getpid(), signal.SIGKILL)


def gone_at_start(*_: object) -> None:
    """Serve as a worker that ends by itself at once."""
    os._exit(7)
