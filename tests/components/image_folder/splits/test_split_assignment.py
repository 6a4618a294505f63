from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from components.image_folder.settings import SplitFractions
from components.image_folder.splits.split_assignment import assign_split

FRACTIONS = SplitFractions(train=0.8, eval=0.1, test=0.1)


@pytest.mark.parametrize(
    ("digest", "split"),
    [
        ("0" * 64, "train"),
        ("cccccccc" + "0" * 56, "train"),  # just below 0.8
        ("cccccccd" + "0" * 56, "eval"),  # just above
        ("e6666666" + "0" * 56, "eval"),  # just below 0.9
        ("e6666667" + "0" * 56, "test"),
        ("f" * 64, "test"),
    ],
)
def test_counts_the_digest_off_against_the_fractions(digest: str, split: str) -> None:
    assert assign_split(digest, FRACTIONS) == split


def test_a_bound_belongs_to_the_split_above_it_and_eight_bytes_decide() -> None:
    fractions = SplitFractions(train=0.5, eval=0.25, test=0.25)
    assert assign_split("7" + "f" * 12 + "0" * 51, fractions) == "train"
    assert assign_split("8" + "0" * 63, fractions) == "eval"
    # A bound that the first four bytes alone do not tell apart.
    fractions = SplitFractions(train=0.5 + 2**-40, eval=0.25, test=0.25 - 2**-40)
    assert assign_split("80000000" + "00" + "0" * 54, fractions) == "train"
    assert assign_split("80000000" + "01" + "0" * 54, fractions) == "eval"
    # And one so low that the last of the eight bytes tells.
    fractions = SplitFractions(train=2**-62, eval=0.5, test=0.5)
    assert assign_split("0" * 15 + "3" + "f" * 48, fractions) == "train"
    assert assign_split("0" * 15 + "4" + "0" * 48, fractions) == "eval"


def test_shares_come_out_as_asked() -> None:
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(20_000)]
    shares = Counter(assign_split(digest, FRACTIONS) for digest in digests)
    assert shares["train"] / 20_000 == pytest.approx(0.8, abs=0.01)
    assert shares["eval"] / 20_000 == pytest.approx(0.1, abs=0.01)


def test_a_known_image_keeps_its_split_for_ever() -> None:
    """Changing these lines would move images between splits of models in production."""
    digests = [hashlib.sha256(name).hexdigest() for name in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h")]
    assert [assign_split(digest, FRACTIONS) for digest in digests] == [
        "train", "train", "train", "train", "train", "train", "eval", "train",
    ]  # fmt: skip


def test_fractions_have_to_add_up() -> None:
    with pytest.raises(ValueError, match="add up to 1.1"):
        SplitFractions(train=0.8, eval=0.2, test=0.1)


def test_open_splits_share_what_there_is() -> None:
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(20_000)]
    shares = Counter(assign_split(digest, FRACTIONS, ("train", "test")) for digest in digests)
    assert set(shares) == {"train", "test"}
    assert shares["test"] / 20_000 == pytest.approx(0.1 / 0.9, abs=0.01)
