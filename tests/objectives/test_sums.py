"""A sum of objectives has the losses of each, of passes that are made once."""

import torch
from objective_grains import model_of, random_grain

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.objective import Known

TINY = EncoderConfig(layers=2, width=32, heads=2, ffn=64)
KNOWN = Known(n_codes=6)


def test_objectives_of_the_same_masks_share_one_pass() -> None:
    encoder, tensors = build_encoder(TINY, 0), random_grain()
    both = model_of(encoder, known=KNOWN, codes={}, reconstruct={})
    passes: list[int] = []
    encoder.transformer.register_forward_hook(lambda *_: passes.append(1))
    output = both(tensors)
    assert len(passes) == 1
    for name in ("codes", "reconstruct"):
        alone = model_of(encoder, known=KNOWN, **{name: {}})
        alone.heads.load_state_dict(both.heads[name].state_dict(prefix=f"{name}."))
        torch.testing.assert_close(output[f"{name}_loss"], alone(tensors)["loss"])
