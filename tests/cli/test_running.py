"""A signal ends a command whatever a library does with errors."""

import os
import signal
from contextlib import suppress

import pytest
import typer

from eegssl.cli.running import guarded


def test_sigterm_is_not_lost_where_every_error_is_caught(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps: list[str] = []

    @guarded
    def command() -> None:
        with suppress(Exception):
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("after the signal")
        steps.append("after the library")

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 75
    assert steps == []
    assert "run the same command to go on" in capsys.readouterr().err
