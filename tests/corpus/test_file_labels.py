"""Labels of files that were predicted count as those of recordings do."""

from pathlib import Path

import pytest
from tinycorpus import write_recording

from eegssl.corpus.new_files.cleaned_as import CleanedAs, differences
from eegssl.corpus.new_files.file_labels import read_labels
from eegssl.corpus.preprocessing.source_files import Naming, find_sources
from eegssl.io.config import ReadSettings
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.signal.config import ChannelSettings, FilterConfig, MontageConfig, QualityConfig


@pytest.mark.parametrize(
    ("rows", "listed"),
    [
        ("0\t40\tbckg\n", True),
        ("8\t16\tsz\n", True),
        ("8\t16\tartf\n", False),
        ("8\t16\tsleep_n2\n", False),
        ("8\t16\tartf\n20\t2\tsz\n", True),
        ("", True),
    ],
)
def test_artifacts_and_sleep_alone_say_nothing_of_seizures(
    tmp_path: Path, rows: str, listed: bool
) -> None:
    write_recording(tmp_path / "a_eeg.edf", 1, 40, None, labelled=False)
    (tmp_path / "a_events.tsv").write_text(f"onset\tduration\teventType\n{rows}")
    naming = Naming(Pseudonyms(), "")
    (source,) = find_sources([tmp_path], naming)[0]
    labels = read_labels(tmp_path, {source.id: 40.0}, naming, jobs=1)
    assert labels.of[source.id].listed == listed


def test_limits_of_flags_decide_no_samples() -> None:
    parts = {"filter": FilterConfig(), "montage": MontageConfig(), "read": ReadSettings()}
    one = CleanedAs(**parts, quality=QualityConfig(), channels=ChannelSettings())
    other = one.model_copy(update={"quality": QualityConfig(window_s=2.0)})
    assert differences(one, other) == []
    causal = one.model_copy(update={"filter": FilterConfig(phase="causal")})
    assert differences(one, causal) == ["filter.phase"]
