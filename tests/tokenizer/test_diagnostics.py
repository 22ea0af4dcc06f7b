"""Codebook usage, on codebooks whose entropy is known."""

import numpy as np
import pytest

from eegssl.errors import InputError
from eegssl.tokenizer.diagnostics import (
    codebook_usage,
    fitting_codebook,
    oversized_message,
    perplexity_floor,
    starving_message,
)


def test_equal_use_has_the_perplexity_of_its_number():
    usage = codebook_usage(np.array([5, 0, 5, 5, 5, 0], dtype=np.int64))
    assert usage.perplexity == pytest.approx(4)
    assert usage.entropy_bits == pytest.approx(2)
    assert (usage.used, usage.n_codes, usage.n_patches) == (4, 6, 20)
    assert usage.share_of_most_frequent == 0.25


def test_one_code_for_all_starves_and_the_message_says_what_to_do():
    usage = codebook_usage(np.eye(1, 512, 7, dtype=np.int64)[0] * 46_000)
    assert usage.perplexity == 1
    assert usage.entropy_bits == 0
    assert usage.most_frequent == 7
    assert "perplexity 1.0 over 46000 patches, expected at least 128.0" in starving_message(usage)


def test_the_limit_is_a_quarter_of_what_the_corpus_feeds():
    def spread_over(n):  # 3000 patches, which feed 100 codes
        counts = np.zeros(512, dtype=np.int64)
        counts[:n] = 3000 // n
        return codebook_usage(counts)

    assert starving_message(spread_over(26)) is None
    assert "expected at least 25.0" in starving_message(spread_over(24))


@pytest.mark.parametrize(
    ("codes", "patches", "floor"), [(8192, 10**9, 2048), (8192, 30_000, 250), (128, 30, 0.25)]
)
def test_the_floor_is_of_the_codes_or_of_what_the_patches_feed(codes, patches, floor):
    assert perplexity_floor(codes, patches) == floor


@pytest.mark.parametrize(("patches", "codes"), [(46_000, 512), (100, 16), (10**9, 8192), (0, 16)])
def test_a_corpus_gets_the_codebook_it_can_feed(patches, codes):
    assert fitting_codebook(patches) == codes
    assert oversized_message(codes, patches) is None
    assert str(codes) in oversized_message(2 * codes, patches)


def test_no_patches_have_no_usage():
    with pytest.raises(InputError, match="at least one patch"):
        codebook_usage(np.zeros(4, dtype=np.int64))
