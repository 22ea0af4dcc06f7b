"""New files are cleaned as the recordings were that a model learned from, to the last bit."""

from pathlib import Path

from clirun import Pipeline

from eegssl.config.stages import PredictConfig
from eegssl.corpus.new_files.cleaned_alike import settings_like
from eegssl.corpus.preprocessing.file_profile import of_file
from eegssl.corpus.preprocessing.ingest import SIGNALS, ingest
from eegssl.corpus.preprocessing.source_files import Naming, find_sources
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.tasks.one_file.file_reader import open_reader


def test_samples_are_those_that_preprocess_stored(tiny: Pipeline, tmp_path: Path) -> None:
    config, cleaned = PredictConfig(), open_reader(tiny.model).cleaned
    settings = settings_like(cleaned, config.read, config.channels, config.subjects)
    sources, _ = find_sources([tiny.edf], Naming(Pseudonyms(), ""))
    assert len(sources) == 16
    for source in sources:
        _, scanned = of_file(source, settings)
        assert scanned is not None
        row = ingest(source, scanned, "s-000000000000", settings, tmp_path, None)
        for fields in row["kept"]:
            name = f"{SIGNALS}/{fields['recording']}.safetensors"
            assert (tmp_path / name).read_bytes() == (tiny.recordings / name).read_bytes()
