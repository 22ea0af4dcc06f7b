"""Tell the peak rate of known GPUs, as MFU needs it."""

import re

import torch

_TERA = 1e12
DENSE_BF16 = (
    (r"\bH200 NVL\b", 835.5),
    (r"\bH200\b", 989.5),
    (r"\bH100 NVL\b", 835.5),
    (r"\bH100 PCIe\b", 756.0),
    (r"\bH100\b", 989.5),
    (r"\bA100\b", 312.0),
    (r"\bRTX 4090$", 165.2),
)
"""Pattern of a device's name -> 10^12 operations a second, of matrix products in bfloat16 with sums
in float32 and without sparsity, by NVIDIA's data sheets; the first that fits counts."""
_PARTS = re.compile(r"\bMIG\b")  # a slice of a GPU


def peak_flops(device: torch.device, precision: str) -> float | None:
    """Operations a second that a device reaches at most; None where that is not known."""
    if device.type != "cuda" or precision != "bfloat16":
        return None
    return peak_of_name(torch.cuda.get_device_name(device))


def peak_of_name(name: str) -> float | None:
    """The peak of the GPU that torch calls so, in bfloat16; None for one that is not listed."""
    if _PARTS.search(name):
        return None
    rates = (rate for pattern, rate in DENSE_BF16 if re.search(pattern, name))
    rate = next(rates, None)
    return None if rate is None else rate * _TERA
