"""Models that were fitted on the beginning of the very recordings that they are to be scored on.

That is what a split in time is for, and no leak; what is upstream of the model still may be one,
and so are other recordings of the same people.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.audits.leaks import Leak, audit
from eegssl.corpus.store import Corpus, Recording
from eegssl.signal.waveform import Sketches

SEEN_BY_ENCODER = (
    "the encoder was fitted on recordings that are split in time: evaluate will refuse them. Take "
    "one that was pretrained on other subjects, or random weights (--set encoder_weights=random)"
)
IN_TIME = "in_time"
"""The fact of a model's manifest that holds `own_past`."""


def own_past(
    encoder: Artifact | None, corpus: Corpus, recordings: Sequence[Recording]
) -> dict[str, Any]:
    """What a model has to remember of ``recordings`` that it is fitted on in part.

    Their ids and lengths, and what its encoder (None for random weights) has seen of them.
    """
    leaks = audit(encoder, corpus, recordings) if encoder is not None else []
    return {
        "recordings": {r.id: r.n_samples for r in recordings},
        "leaks": [{"kind": leak.kind, "what": leak.what, "n": leak.n} for leak in leaks],
    }


def audit_model(
    model: Artifact, corpus: Corpus, recordings: Sequence[Recording]
) -> tuple[Leak, ...]:
    """`audit`, but that a model may be scored on the end of recordings that it began with.

    Only on the same ones, by length and waveform: a recording that was cut anew has other parts.
    And only where no other one that it began with holds the same signal.
    """
    past = model.manifest.facts.get(IN_TIME)
    if past is None:
        return tuple(audit(model, corpus, recordings))
    fitted = model.manifest.fitted_on.sketches
    own = [r for r in recordings if past["recordings"].get(r.id) == r.n_samples]
    own = [r for r in own if r.id not in fitted or np.array_equal(fitted[r.id], r.sketch)]
    begun = {r.id for r in own}
    others = [r for r in recordings if r.id not in begun]
    upstream = [Leak(**found) for found in past["leaks"]] if own else []
    return (*audit(model, corpus, others), *_copies(fitted, own), *upstream)


def _copies(fitted: Mapping[str, NDArray[np.uint32]], own: Sequence[Recording]) -> Iterator[Leak]:
    """Recordings whose signal, or part of it, another one holds that was trained on."""
    index = Sketches(fitted)
    found = [(r.id, like) for r in own for like in index.like(r.sketch) if like != r.id]
    if found:
        yield Leak(
            "waveform",
            f"of {len(own)} recordings to score have signal of another one that was trained on "
            f"({found[0][0]} = {found[0][1]})",
            len({name for name, _ in found}),
        )
