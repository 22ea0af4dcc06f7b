"""List the settings that each way of adapting an encoder reads."""

from collections.abc import Collection, Mapping

_ALWAYS = ("adaptation.kind", "adaptation.layer", "training.batch_size", "training.device")
_HEAD = ("adaptation.dropout", "adaptation.head_lr_scale", "training")
_PROBE = ("adaptation.probe_c", "adaptation.probe_iterations")
_POOLING = "adaptation.pooling"
_DECAY = "adaptation.layer_decay"
_DROP = "adaptation.drop_path"

READS_OF_WAY: Mapping[str, Collection[str]] = {
    "probe": (*_ALWAYS, _POOLING, *_PROBE),
    "attention": (*_ALWAYS, *_HEAD, "adaptation.attention_heads"),
    "full": (*_ALWAYS, *_HEAD, _POOLING, _DECAY, _DROP),
    "lora": (*_ALWAYS, *_HEAD, _POOLING, _DROP, "adaptation.lora"),
    "two-stage": (*_ALWAYS, *_HEAD, _POOLING, _DECAY, _DROP, *_PROBE),
    "prototypes": (*_ALWAYS, _POOLING, "adaptation.shots"),
    "scratch": (*_ALWAYS, *_HEAD, _POOLING, _DROP),
}
"""Settings of `adaptation` and `training` that each way reads, for tasks of labels; those of steps
belong to ways that train by gradient."""
