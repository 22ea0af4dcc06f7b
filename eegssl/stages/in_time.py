"""What fitting on the beginning of recordings, to be tested on their end, adds to a manifest."""

from typing import Any

from eegssl.artifacts import Artifact
from eegssl.corpus.own_past import IN_TIME, own_past
from eegssl.corpus.store import Corpus
from eegssl.forecasting.config import ForecastConfig
from eegssl.forecasting.in_time import TESTED
from eegssl.stages.run import Run


def past_facts(
    config: ForecastConfig, encoder: Artifact | None, corpus: Corpus, run: Run
) -> dict[str, Any]:
    """The fact `IN_TIME`, nothing where subjects are apart; warns of what an encoder has seen.

    ``encoder`` is None where its weights are random.
    """
    if config.in_time is None:
        return {}
    past = own_past(encoder, corpus, corpus.of_split(TESTED))
    if past["leaks"]:
        run.warn(
            "the encoder was fitted on recordings that are split in time: evaluate will refuse "
            "them. Take one that was pretrained on other subjects, or random weights (--set "
            "encoder_weights=random)"
        )
    return {IN_TIME: past}
