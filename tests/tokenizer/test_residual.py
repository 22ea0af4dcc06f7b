"""Residual codebooks and the frozen random projection, behind the interface of the cosine one."""

from itertools import pairwise

import pytest
import torch
from learnedcodes import learn
from pydantic import ValidationError
from sklearn.cluster import KMeans
from torch import Tensor
from torch.nn.functional import normalize

from eegssl.errors import InputError
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.kmeans import kmeans, sums_per_code
from eegssl.tokenizer.lookup import nearest_codes
from eegssl.tokenizer.quantizer import QUANTIZERS, Quantizer, build_quantizer
from eegssl.tokenizer.tokenizer import build_tokenizer

SMALL = TokenizerConfig(n_codes=32, code_dim=16, width=16, n_codebooks=4)


def vectors(seed: int, n: int = 500, width: int = 16) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


def made(kind: str, **settings: object) -> Quantizer:
    torch.manual_seed(0)
    return build_quantizer(SMALL.model_copy(update={"quantizer": kind} | settings))


def width_of(kind: str) -> int:
    return SMALL.n_bins if kind == "random-projection" else SMALL.code_dim


@pytest.mark.parametrize("kind", QUANTIZERS)
def test_each_kind_keeps_the_promises_of_the_interface(kind):
    quantizer = made(kind)
    given = vectors(0, width=width_of(kind))
    quantizer.start(given, seed=0)
    codes = quantizer.encode(given)
    assert codes.shape == ((500, 4) if kind == "residual" else (500,))
    assert codes.dtype == torch.int64
    assert 0 <= codes.min() <= codes.max() < 32
    out = quantizer(given)
    assert torch.equal(out.codes, codes)
    torch.testing.assert_close(quantizer.decode(codes), out.vectors)
    torch.testing.assert_close(out.unit.norm(dim=-1), torch.ones(500))
    torch.testing.assert_close(quantizer.codebook.norm(dim=-1), torch.ones(32))
    with pytest.raises(InputError, match="another tokenizer"):
        quantizer.decode(codes + 32)


@pytest.mark.parametrize("kind", QUANTIZERS)
def test_evaluation_learns_nothing_and_only_learned_kinds_learn(kind):
    quantizer = made(kind)
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    given = vectors(0, width=width_of(kind))
    quantizer(given)
    quantizer.encode(given)
    assert all(torch.equal(before[name], v) for name, v in quantizer.state_dict().items())
    learn(quantizer, given)
    same = all(torch.equal(before[name], v) for name, v in quantizer.state_dict().items())
    assert same == (kind == "random-projection")


def test_every_further_codebook_brings_the_sum_nearer_to_unseen_vectors():
    quantizer = made("residual", decay=0.9)
    quantizer.start(vectors(0, 4000), seed=0)
    for step in range(20):
        learn(quantizer, vectors(step + 1))
    held_out = vectors(99)
    codes = quantizer.encode(held_out)
    unit = normalize(held_out, dim=-1)
    missed = [(unit - quantizer.decode(codes[:, :q])).square().sum(-1).mean() for q in (1, 2, 3, 4)]
    assert all(later < 0.85 * earlier for earlier, later in pairwise(missed))


def test_the_gradient_of_residual_codes_passes_straight_through():
    quantizer = made("residual")
    given = vectors(0, 6).requires_grad_()
    weights = vectors(1, 6)
    (quantizer(given).vectors * weights).sum().backward()
    plain = given.detach().clone().requires_grad_()
    (normalize(plain, dim=-1) * weights).sum().backward()
    torch.testing.assert_close(given.grad, plain.grad)


def test_codes_that_are_no_directions_are_the_nearest_by_distance_in_any_blocks(monkeypatch):
    given, codebook = vectors(0), vectors(1, 64) * torch.linspace(0.1, 3, 64)[:, None]
    brute = torch.cdist(given, codebook).argmin(-1)
    assert torch.equal(nearest_codes(given, codebook, unit=False), brute)
    monkeypatch.setattr("eegssl.tokenizer.lookup._CODES", 7)
    monkeypatch.setattr("eegssl.tokenizer.lookup._ROWS", {"cpu": 33})
    assert torch.equal(nearest_codes(given, codebook, unit=False), brute)


def test_of_equal_codes_the_first_is_taken_also_across_blocks(monkeypatch):
    codebook = torch.eye(8).repeat(3, 1)
    monkeypatch.setattr("eegssl.tokenizer.lookup._CODES", 6)
    assert torch.equal(nearest_codes(codebook, codebook), torch.arange(8).repeat(3))
    monkeypatch.setattr("eegssl.tokenizer.lookup._CODES", 12)
    for group in (2, 4):  # equal codes within a group, and in several
        monkeypatch.setattr("eegssl.tokenizer.lookup._GROUP", group)
        assert torch.equal(nearest_codes(codebook, codebook), torch.arange(8).repeat(3))


def test_plain_kmeans_is_about_as_good_as_sklearns():
    train, held_out = vectors(0, 3000, 6), vectors(1, 1000, 6)

    def distortion(centres: Tensor) -> float:
        codes = nearest_codes(held_out, centres, unit=False)
        return (held_out - centres[codes]).square().sum(-1).mean().item()

    generator = torch.Generator().manual_seed(0)
    ours = kmeans(train, 48, generator, unit=False)[0]
    theirs = KMeans(48, n_init=1, random_state=0).fit(train.numpy()).cluster_centers_
    assert distortion(ours) < 1.05 * distortion(torch.from_numpy(theirs))


def test_sums_of_codes_are_those_of_adding_one_by_one():
    given, codes = vectors(0, 1000), torch.randint(20, (1000,))
    sums, counts = sums_per_code(given, codes, 24)
    torch.testing.assert_close(sums, torch.zeros(24, 16).index_add_(0, codes, given))
    assert torch.equal(counts, torch.bincount(codes, minlength=24))


@pytest.mark.parametrize("kind", ["residual", "random-projection"])
def test_tokenizers_of_these_kinds_train_and_give_one_token_a_patch(kind):
    tokenizer = build_tokenizer(SMALL.model_copy(update={"quantizer": kind}), 0)
    signal = 30 * torch.randn(8, 3, 600, generator=torch.Generator().manual_seed(0))
    tokenizer.start_codebook(signal, seed=0)
    codes = tokenizer.encode(signal)
    optimizer = torch.optim.Adam(tokenizer.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        losses.append(tokenizer(signal).loss)
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
        tokenizer.settle()
    assert losses[-1] < losses[0]
    tokens = tokenizer.tokens_of(codes)
    assert tokens.shape == (8, 3, 3)
    assert tokenizer.reconstruct(codes).shape == (8, 3, 3, 200)
    assert tokenizer.decode_spectrum(tokenizer.codes_of(tokens)).sine.shape == (8, 3, 3, 68)
    if kind == "random-projection":
        assert torch.equal(tokenizer.encode(signal), codes)


def test_a_random_codebook_is_of_the_seed_alone_and_tells_loud_from_quiet():
    config = SMALL.model_copy(update={"quantizer": "random-projection"})
    first, same, other = (build_tokenizer(config, seed) for seed in (1, 1, 2))
    signal = torch.randn(20, 1, 200, generator=torch.Generator().manual_seed(0))
    signal = torch.cat([5 * signal, 200 * signal])
    for tokenizer in (first, same, other):
        tokenizer.start_codebook(signal, seed=0)
    assert torch.equal(first.encode(signal), same.encode(signal))
    assert not torch.equal(first.encode(signal), other.encode(signal))
    quiet, loud = first.encode(signal).flatten().split(20)
    assert not set(quiet.tolist()) & set(loud.tolist())


@pytest.mark.parametrize(
    "settings", [{"quantizer": "random-projection"}, {"quantizer": "cosine", "code_dim": 8}]
)
def test_waveforms_need_a_learned_codebook_of_some_width(settings):
    with pytest.raises(ValidationError, match="waveform_weight needs"):
        TokenizerConfig(waveform_weight=1.0, **settings)
