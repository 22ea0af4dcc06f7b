"""Audit models that trained on the beginning of the recordings scored.

A split in time allows that. Anything upstream of the model may still leak, and so may other
recordings of the same people.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.audits.leaks import Leak, Upstream, audit
from eegssl.corpus.store import Corpus, Recording
from eegssl.signal.waveform import Sketches

SEEN_BY_ENCODER = (
    "the encoder was fitted on recordings that are split in time: evaluate will refuse them. Take "
    "one that was pretrained on other subjects, or random weights (--set encoder_weights=random)"
)
IN_TIME = "in_time"
"""The fact of a model's manifest that holds `temporal_facts`."""


def temporal_facts(
    encoder: Artifact | None, corpus: Corpus, recordings: Sequence[Recording]
) -> dict[str, Any]:
    """The facts of a model that is fitted on the beginning of ``recordings``.

    Their ids and lengths, and their leaks into its encoder (None for random weights).
    """
    leaks = audit(encoder, corpus, recordings) if encoder is not None else []
    return {
        "recordings": {r.id: r.n_samples for r in recordings},
        "leaks": [{"kind": leak.kind, "what": leak.what, "n": leak.n} for leak in leaks],
    }


def audit_model(
    model: Artifact, corpus: Corpus, recordings: Sequence[Recording]
) -> tuple[Leak, ...]:
    """The leaks of recordings into one model (`ModelAudit`)."""
    return ModelAudit(model).leaks(corpus, recordings)


@dataclass(frozen=True)
class ModelAudit:
    """Looks again and again for what a model was fitted on; its waveforms are indexed once."""

    model: Artifact

    @cached_property
    def _upstream(self) -> Upstream:
        return Upstream.of([self.model])

    def leaks(self, corpus: Corpus, recordings: Sequence[Recording]) -> tuple[Leak, ...]:
        """As of `audit`, but the end of recordings may be scored whose beginning was fitted on.

        Only of the same ones, by length and waveform, since a recording that was cut anew has
        other parts, and only where no other recording that the model was fitted on holds the same
        signal.
        """
        past = self.model.manifest.facts.get(IN_TIME)
        if past is None:
            return tuple(self._upstream.leaks(corpus, recordings))
        fitted = self.model.manifest.fitted_on.sketches
        same = [r for r in recordings if past["recordings"].get(r.id) == r.n_samples]
        same = [r for r in same if r.id not in fitted or np.array_equal(fitted[r.id], r.sketch)]
        begun = {r.id for r in same}
        others = [r for r in recordings if r.id not in begun]
        upstream = [Leak(**leak) for leak in past["leaks"]] if same else []
        leaks = self._upstream.leaks(corpus, others)
        return (*leaks, *_copies(self._upstream.sketches, same), *upstream)


def _copies(index: Sketches, recordings: Sequence[Recording]) -> Iterator[Leak]:
    """Recordings whose signal, or part of it, is in another one that was trained on."""
    copies = [(r.id, like) for r in recordings for like in index.like(r.sketch) if like != r.id]
    if copies:
        yield Leak(
            "waveform",
            f"of {len(recordings)} recordings to score have signal of another one that was "
            f"trained on ({copies[0][0]} = {copies[0][1]})",
            len({name for name, _ in copies}),
        )
