"""Hours of EEG in place of steps, and validation on some windows."""

import numpy as np
import pytest
from clirun import Pipeline, done

from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import tile
from eegssl.training.config import CorpusTraining
from eegssl.training.eeg_seen import eeg_seen, for_hours


@pytest.mark.parametrize(
    ("hours", "batch_size", "steps"), [(1.0, 36, 10), (1.01, 36, 11), (0.001, 64, 1)]
)
def test_hours_of_eeg_become_steps(hours: float, batch_size: int, steps: int) -> None:
    training = for_hours(CorpusTraining(hours=hours, batch_size=batch_size), window_s=10.0)
    assert training.steps == steps
    assert eeg_seen(steps, batch_size, 100, 10.0).hours >= hours * (1 - 1e-9)
    assert for_hours(CorpusTraining(), 10.0) == CorpusTraining()


def test_some_windows_are_in_order_and_always_the_same(tiny: Pipeline) -> None:
    corpus = open_corpus([tiny.recordings])
    windows = tile(corpus, corpus.recordings, 1.0)
    some, again = windows.some(20), windows.some(20)
    assert len(some) == 20
    assert np.array_equal(some.start, again.start)
    assert len(set(some.owner.tolist())) > 1
    assert (np.diff(some.owner) >= 0).all()
    assert windows.some(len(windows)) is windows


def test_a_pretraining_takes_hours_and_some_windows(tiny: Pipeline, tmp_path) -> None:
    """Both are settings of the plan; the facts say what came of them."""
    source = [tiny.recordings, "--tokens", tiny.tokens, "--config", tiny.settings]
    sets = ["training.hours=0.04", "training.validate_windows=3", "training.batch_size=8"]
    more = [word for one in sets for word in ("--set", one)]
    document = done("pretrain", *source, *more, "--out", tmp_path / "e")
    facts = document["facts"]
    assert facts["windows"]["val"] == 3
    assert facts["eeg_seen"]["hours"] == pytest.approx(0.04, rel=0.2)
