"""The codebook: nearest by cosine, straight-through, moved by averages, kept alive."""

import pytest
import torch
from learnedcodes import learn
from sklearn.cluster import KMeans
from torch.nn.functional import normalize

from eegssl.errors import InputError
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.kmeans import count_codes, draw_far, kmeans, sums_in_order, sums_per_code
from eegssl.tokenizer.lookup import nearest_codes
from eegssl.tokenizer.quantizer import CosineQuantizer


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def quantizer(n_codes, code_dim=2, codebook=None, **settings):
    torch.manual_seed(0)
    made = CosineQuantizer(TokenizerConfig(n_codes=n_codes, code_dim=code_dim, **settings))
    if codebook is not None:
        made.book.codebook.copy_(codebook)
        made.book.mean_sum.copy_(codebook / n_codes)
    return made


def clusters(n, dims, n_clusters, spread, seed):
    centres = normalize(torch.randn(n_clusters, dims, generator=generator(99)), dim=-1)
    which = torch.randint(n_clusters, (n,), generator=generator(seed))
    noise = spread * torch.randn(n, dims, generator=generator(seed + 1))
    return normalize(centres[which] + noise, dim=-1)


def distortion(vectors, centres):
    unit = normalize(centres, dim=-1)
    return (vectors - unit[nearest_codes(vectors, unit)]).square().sum(-1).mean().item()


def test_lookup_is_the_nearest_by_euclid_too_and_blocks_change_nothing(monkeypatch):
    vectors = torch.randn(500, 8, generator=generator())
    codebook = normalize(torch.randn(64, 8, generator=generator(1)), dim=-1)
    codes = nearest_codes(vectors, codebook)
    brute = torch.cdist(normalize(vectors, dim=-1), codebook).argmin(-1)
    assert torch.equal(codes, brute)
    monkeypatch.setattr("eegssl.tokenizer.lookup._MOST_ROWS", 7)
    monkeypatch.setattr("eegssl.tokenizer.lookup._ROWS", {})
    assert torch.equal(codes, nearest_codes(vectors, codebook))


def test_moving_averages_of_two_codes_as_computed_by_hand():
    made = quantizer(2, codebook=torch.eye(2), decay=0.5)
    vectors = torch.tensor([[0.6, 0.8], [0.0, 3.0], [5.0, 0.0]])
    out = learn(made, vectors)
    assert out.codes.tolist() == [1, 1, 0]
    torch.testing.assert_close(made.book.mean_share, torch.tensor([0.25 + 1 / 6, 0.25 + 1 / 3]))
    # half of the old [1, 0] / 2 and [0, 1] / 2, half of the new sums [1, 0] / 3 and [.6, 1.8] / 3
    torch.testing.assert_close(made.book.mean_sum, torch.tensor([[5 / 12, 0.0], [0.1, 0.55]]))
    expected = normalize(torch.tensor([[1.0, 0.0], [0.1, 0.55]]), dim=-1)
    torch.testing.assert_close(made.codebook, expected)
    assert out.commitment.item() == pytest.approx((0.6**2 + 0.2**2) / 3, abs=1e-6)


def test_evaluation_moves_nothing():
    made = quantizer(4)
    before = {name: value.clone() for name, value in made.state_dict().items()}
    made(torch.randn(20, 2, generator=generator()))
    made.encode(torch.randn(20, 2, generator=generator()))
    assert all(torch.equal(before[name], value) for name, value in made.state_dict().items())


def test_gradient_passes_straight_through_to_the_unit_vectors():
    made = quantizer(4)
    weights = torch.randn(6, 2, generator=generator(1))
    vectors = torch.randn(6, 2, generator=generator(), requires_grad=True)
    (made(vectors).vectors * weights).sum().backward()
    plain = vectors.detach().clone().requires_grad_()
    (normalize(plain, dim=-1) * weights).sum().backward()
    torch.testing.assert_close(vectors.grad, plain.grad)


def test_what_is_passed_on_is_the_code_itself():
    made = quantizer(4)
    out = made(torch.randn(6, 2, generator=generator()))
    torch.testing.assert_close(out.vectors, made.decode(out.codes))


def test_a_code_that_nobody_chooses_is_revived_from_the_batch_the_same_way_each_time():
    def run():
        codebook = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
        made = quantizer(2, codebook=codebook, revive_after=3)
        vectors = normalize(torch.tensor([[1.0, 0.1], [1.0, -0.1], [0.2, 1.0]]), dim=-1)
        for _ in range(2):
            assert set(learn(made, vectors).codes.tolist()) == {0}
        learn(made, vectors)
        return made, vectors

    made, vectors = run()
    assert (made.codebook[1] == vectors).all(-1).any()
    assert set(made.encode(vectors).tolist()) == {0, 1}
    assert torch.equal(run()[0].codebook, made.codebook)


def test_vectors_are_drawn_as_torch_draws_them():
    vectors, own = clusters(500, 8, 4, 0.5, 0), clusters(500, 8, 4, 0.5, 1)
    distance = (vectors - own).square().sum(dim=-1) / 2 + 1e-6
    drawn = torch.multinomial(distance, 40, generator=generator(3))
    assert torch.equal(draw_far(vectors, own, 40, generator(3)), drawn)


def test_sums_of_sorted_vectors_are_those_of_the_codes():
    """On a GPU sums are in this order, so that they are the same each time."""
    vectors, codes = clusters(500, 8, 4, 0.5, 0), torch.randint(30, (500,), generator=generator())
    counts = count_codes(codes, 40)
    assert torch.equal(counts, torch.bincount(codes, minlength=40))
    sums = sums_in_order(vectors, codes, counts)
    torch.testing.assert_close(sums, sums_per_code(vectors, codes, 40)[0])


@pytest.mark.parametrize("n_dead", [3, 30])
def test_as_many_codes_are_revived_as_there_are_vectors(n_dead: int) -> None:
    """The first dead codes take vectors of the batch, each another one; the others wait."""
    codebook = normalize(torch.randn(32, 4, generator=generator()), dim=-1)
    made = quantizer(32, 4, codebook=codebook, revive_after=1)
    made.book.idle_steps[:n_dead] = 1
    used = codebook[30:].repeat(10, 1)
    vectors = normalize(used + 0.01 * torch.randn(20, 4, generator=generator(1)), dim=-1)
    made.book.idle_steps[n_dead:] = -100
    learn(made, vectors)
    off = (made.codebook[:, None] - vectors).abs().amax(dim=-1).amin(dim=-1)
    revived = (off < 1e-6).nonzero().flatten().tolist()
    assert revived == list(range(min(n_dead, 20)))
    assert len(made.codebook[revived].unique(dim=0)) == len(revived)


def test_training_goes_on_from_saved_buffers_bit_by_bit():
    batches = [clusters(64, 4, 8, 0.3, seed) for seed in range(12)]
    straight = quantizer(32, 4, revive_after=2)
    for batch in batches:
        learn(straight, batch)
    first = quantizer(32, 4, revive_after=2)
    for batch in batches[:6]:
        learn(first, batch)
    resumed = quantizer(32, 4, revive_after=2)
    resumed.load_state_dict(first.state_dict())
    for batch in batches[6:]:
        learn(resumed, batch)
    for name, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_start_quantizes_unseen_vectors_about_as_well_as_sklearn_kmeans():
    train, held_out = clusters(4000, 16, 64, 0.15, 0), clusters(1000, 16, 64, 0.15, 7)
    ours = kmeans(train, 64, generator(), unit=True)[0]
    theirs = KMeans(64, n_init=1, random_state=0).fit(train.numpy()).cluster_centers_
    peer = distortion(held_out, torch.from_numpy(theirs))
    assert distortion(held_out, ours) < 1.1 * peer
    assert distortion(held_out, train[:64]) > 1.4 * peer  # the test can fail


def test_start_uses_every_code_and_depends_on_the_seed_alone():
    vectors = clusters(2000, 8, 4, 0.5, 0)
    first, same, other = (kmeans(vectors, 32, generator(s), unit=True)[0] for s in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    _, shares = kmeans(vectors, 32, generator(1), unit=True)
    assert (shares > 0).all()
    assert shares.sum().item() == pytest.approx(1)


def test_fewer_vectors_than_codes_still_give_a_codebook():
    centres, shares = kmeans(clusters(5, 8, 5, 0.1, 0), 16, generator(), unit=True)
    torch.testing.assert_close(centres.norm(dim=-1), torch.ones(16))
    assert (shares > 0).sum() == 5


def test_codes_of_another_tokenizer_are_refused():
    with pytest.raises(InputError, match="from 0 to 3; got 1 to 9"):
        quantizer(4).decode(torch.tensor([1, 9]))
