from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from tests.listings import labelled, listed, splits, told, write_tree

ALL = ("train", "eval", "test")


def _tree(root: Path, *folders: str) -> Path:
    return write_tree(
        root, [f"{folder}/{label}/{folder}.jpg" for folder in folders for label in ("cat", "dog")]
    )


@pytest.mark.parametrize(
    "folders",
    [
        ("train", "val", "test"),
        ("Training", "VALIDATION", "testing"),
        ("trn", "dev", "holdout"),
        ("train", "eval", "test"),
        ("train", "valid", "Test"),
    ],
)
def test_every_usual_name(tmp_path: Path, folders: tuple[str, str, str]) -> None:
    listing = listed(_tree(tmp_path, *folders))
    assert (listing.layout, listing.open_splits, listing.labels) == ("split_folders", (), ("cat", "dog"))
    assert splits(listing) == {
        f"{folder}/{label}/{folder}.jpg": split
        for folder, split in zip(folders, ALL, strict=True)
        for label in ("cat", "dog")
    }


@pytest.mark.parametrize(
    ("folders", "given", "open_splits"),
    [
        (("train",), set(), ALL),
        (("train", "val"), {"eval"}, ("train", "test")),
        (("train", "test"), {"test"}, ("train", "eval")),
    ],
)
def test_missing_splits_come_out_of_train(
    tmp_path: Path, folders: tuple[str, ...], given: set[str], open_splits: tuple[str, ...]
) -> None:
    listing = listed(_tree(tmp_path, *folders))
    assert listing.open_splits == open_splits
    for path, split in splits(listing).items():
        assert (split is None) == path.startswith("train/")
        assert split is None or split in given


def test_a_class_may_lack_in_a_split(tmp_path: Path) -> None:
    _tree(tmp_path, "train", "test")
    write_tree(tmp_path, ["val/cat/1.jpg"])
    (tmp_path / "val" / "dog").mkdir()
    listing = listed(tmp_path)
    assert listing.labels == ("cat", "dog") and labelled(listing)["val/cat/1.jpg"] == "cat"


def test_what_lies_beside_class_folders(tmp_path: Path) -> None:
    write_tree(_tree(tmp_path, "train"), ["readme.txt", "train/1.jpg", "train/.cache/1.jpg"])
    assert told(listed(tmp_path)) == {
        "readme.txt": ("other_file", "set aside"),
        "train/1.jpg": ("unlabelled", "set aside"),
        "train/.cache/": ("hidden_file", "set aside"),
    }


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            ["val/a/1.jpg", "Valid/a/1.jpg", "train/a/1.jpg"],
            "'Valid' and 'val' in .* stand for the same split, eval",
        ),
        (["val/a/1.jpg", "test/b/1.jpg"], "gives splits .*but none to train on"),
        (["train/a/1.jpg", "train/b/1.jpg", "test/a/x.txt"], "split folder 'test' .* holds no image file"),
        (
            ["train/a/1.jpg", "train/b/x.txt", "test/b/x.txt", "test/a/1.jpg"],
            "class folder 'b' .* no image file",
        ),
        (["train/a/1.jpg", "test/a/1.jpg"], "one class only, 'a'"),
    ],
)
def test_split_folders_that_make_no_sense(tmp_path: Path, files: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        listed(write_tree(tmp_path, files))


def test_one_folder_that_is_no_split_makes_all_of_them_classes(tmp_path: Path) -> None:
    write_tree(tmp_path, ["train/1.jpg", "train/steam/2.jpg", "plane/1.jpg"])
    listing = listed(tmp_path)
    assert (listing.layout, listing.labels) == ("class_folders", ("plane", "train"))
    with pytest.raises(DataError, match="'plane' in .* is not called like a split"):
        listed(tmp_path, layout="split_folders")


def test_folders_called_like_splits_without_class_folders_are_unclear(tmp_path: Path) -> None:
    write_tree(tmp_path, ["train/cat/1.jpg", "test/1.jpg"])
    with pytest.raises(ConfigError, match=r"called like splits \(test, train\).*data.layout=class_folders"):
        listed(tmp_path)
    assert listed(tmp_path, layout="class_folders").labels == ("test", "train")
