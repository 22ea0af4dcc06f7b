"""One step of learning a codebook."""

from torch import Tensor

from eegssl.tokenizer.codebook import books_of
from eegssl.tokenizer.quantizer import Quantized, Quantizer


def learn(quantizer: Quantizer, vectors: Tensor) -> Quantized:
    """Quantize vectors, then move the codes by them."""
    quantized: Quantized = quantizer(vectors, learn=True)
    for book in books_of(quantizer):
        book.settle()
    return quantized
