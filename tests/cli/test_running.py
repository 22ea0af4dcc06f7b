"""A signal ends a command whatever a library does with errors."""

import os
import signal
from contextlib import suppress

import pytest
import typer

from eegssl.cli.running import guarded
from eegssl.cli.terminal import Terminal
from eegssl.training.fitting.preemption import on_sigterm

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_not_lost_where_every_error_is_caught(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    steps: list[str] = []

    @guarded
    def command() -> None:
        with suppress(Exception):
            os.kill(os.getpid(), number)
            steps.append("after the signal")
        steps.append("after the library")

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 75
    assert steps == []
    assert "run the same command to go on" in capsys.readouterr().err


def swallowed() -> None:
    """Send SIGTERM where Python ignores every exception: while an object is deleted."""

    class Held:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(100):
                pass

    Held()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("point", ["say", "warn", "track", "files", "train"])
def test_sigterm_whose_answer_is_swallowed_is_answered_at_the_next_report(point: str) -> None:
    terminal = Terminal()
    points = {
        "say": lambda: terminal.say("news"),
        "warn": lambda: terminal.warn("news"),
        "track": lambda: terminal.track("files", 3)(1),
        "files": lambda: terminal.files("recordings", 3, 1.0)(1, 0.5, 0),
        "train": lambda: terminal.train("steps", 3)(1, 0.5),
    }
    steps: list[str] = []

    @guarded
    def command() -> None:
        swallowed()
        steps.append("after the signal")
        points[point]()
        steps.append("after the report")

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 75
    assert steps == ["after the signal"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_comes_as_a_loop_ends_is_passed_on(number: signal.Signals) -> None:
    """The loop's own answer is to stop after its step; it had none left."""
    steps: list[str] = []

    @guarded
    def command() -> None:
        with on_sigterm(lambda: steps.append("heard")):
            os.kill(os.getpid(), number)
            steps.append("the loop's last step")
        steps.append("after the loop")

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 75
    assert steps == ["heard", "the loop's last step"]


def test_a_report_without_a_signal_stops_nothing() -> None:
    steps: list[str] = []

    @guarded
    def command() -> None:
        Terminal().say("news")
        steps.append("done")

    command()
    assert steps == ["done"]


def test_signals_are_ours_only_while_a_command_runs() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with on_sigterm(lambda: None):
        assert all(signal.getsignal(number) not in before for number in SIGNALS)
    assert [signal.getsignal(number) for number in SIGNALS] == before
