"""Of several ranks the first prints; another one says only why it ends, and which it is."""

from pathlib import Path

import pytest
import typer
from clirun import Ran, eegssl
from rank_runs import variables

from eegssl.cli import running
from eegssl.cli.running import guarded
from eegssl.cli.terminal import Terminal
from eegssl.errors import ConfigError, OtherRankFailed, OtherRankLost, Preempted


@pytest.fixture(params=[0, 1])
def rank(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """One of two ranks, which this process is for the length of a test."""
    number = int(request.param)
    for name, value in variables("torchrun", number, 2, 29500).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(running, "_FIRST_WORD_S", 0)
    return number


def lines(ran: Ran) -> list[str]:
    return ran.err.splitlines()


def ended_by(error: BaseException) -> int:
    """The exit code of the command ``pretrain`` that an error ends."""

    @guarded
    def pretrain() -> None:
        raise error

    with pytest.raises(typer.Exit) as caught:
        pretrain()
    return caught.value.exit_code


@pytest.mark.parametrize("command", [("evaluate", "-o", "x"), ("check", "x"), ("doctor",)])
def test_a_command_for_one_process_is_refused_once(rank: int, command: tuple[str, ...]) -> None:
    ran = eegssl(*command)
    assert (ran.code, ran.out) == (2, "")
    if rank:
        assert lines(ran) == []
    else:
        (line,) = lines(ran)
        assert f"{command[0]} was started in 2 processes by torchrun; expected one" in line


def test_a_usage_error_is_printed_once(rank: int) -> None:
    ran = eegssl("pretrain", "A", "--tokenz", "T", "--out", "E")
    assert (ran.code, ran.out) == (2, "")
    assert bool(ran.err) == (rank == 0)


def test_an_error_with_json_is_one_document(rank: int, tmp_path: Path) -> None:
    ran = eegssl("tokenize", "A", "--out", tmp_path / "T", "--set", "trainin.steps=3", "--json")
    assert ran.code == 2
    if rank:
        assert ran.out == ""
        assert ran.err.startswith("rank 1: error: ")
    else:
        assert ran.document["exit_code"] == 2


def test_half_set_variables_matter_to_what_ranks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert eegssl("doctor", "--json").code == 0
    ran = eegssl("pretrain", "A", "--tokens", "T", "--out", "E")
    assert ran.code == 2
    assert "RANK set, but not WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE" in ran.err


@pytest.mark.parametrize(
    ("error", "code", "words", "of_another"),
    [
        (ConfigError("no GPU"), 2, "error: no GPU", "rank 1: error: no GPU"),
        (OtherRankFailed(4), 4, "", ""),
        (OtherRankLost("gone"), 1, "error: gone", "rank 1: error: gone"),
        (Preempted("after step 7"), 75, "error: after step 7", ""),
        (KeyboardInterrupt(), 130, "error: interrupted; the same command goes on from here", ""),
    ],
)
def test_errors_by_rank(
    rank: int,
    error: BaseException,
    code: int,
    words: str,
    of_another: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended_by(error) == code
    shown = capsys.readouterr()
    assert (shown.out, shown.err.strip()) == ("", of_another if rank else words)


def test_what_a_rank_alone_has_met_is_said_at_once(
    rank: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the others see it gone, and a launcher ends it."""
    monkeypatch.setattr(running, "_is_joined", lambda: True)
    monkeypatch.setattr(running, "_FIRST_WORD_S", 1e6)
    assert ended_by(ConfigError("disk")) == 2
    assert capsys.readouterr().err.strip() == ("rank 1: error: disk" if rank else "error: disk")


@pytest.mark.parametrize("number", [0, 1])
def test_news_and_results_are_of_the_first(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(rank=number)
    terminal.say("news")
    terminal.warn("careful")
    terminal.track("files", 1)(1)
    terminal.train("encoder", 1)(1, 0.5)
    terminal.table("title", {"a": 1})
    terminal.grid("grid", ["a"], [[1]])
    terminal.line("line")
    terminal.document({"a": 1})
    shown = capsys.readouterr()
    if number:
        assert (shown.out, shown.err) == ("", "")
    else:
        assert all(word in shown.err for word in ("news", "careful", "files", "encoder"))
        assert all(word in shown.out for word in ("title", "grid", "line", '"a"'))
