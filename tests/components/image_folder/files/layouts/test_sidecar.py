from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import DataError
from tests.listings import labelled, listed, reasons, told, write_tree

PAIRS: dict[str, str | bytes] = {"1.jpg": "", "1.txt": "1.jpg, cat\n", "2.png": "", "2.txt": "2.png, dog\n"}


@pytest.mark.parametrize(
    "text",
    [
        "1.jpg, cat",
        "1.jpg,cat\n",
        "cat",
        " cat \r\n",
        "\ufeff1.jpg, cat\r\n",
        "1.jpg ,  cat\n\n",
        "\n1.jpg, cat",
    ],
)
def test_every_way_to_write_a_sidecar(tmp_path: Path, text: str) -> None:
    listing = listed(write_tree(tmp_path, {**PAIRS, "1.txt": text}))
    assert (listing.layout, listing.labels) == ("sidecar", ("cat", "dog"))
    assert labelled(listing) == {"1.jpg": "cat", "2.png": "dog"}
    assert listing.findings == () and listing.open_splits == ("train", "eval", "test")


def test_commas_in_names_and_labels(tmp_path: Path) -> None:
    files = {"a,b.jpg": "", "a,b.txt": "a,b.jpg, shark, white", "c.jpg": "", "c.txt": "shark, gray"}
    assert labelled(listed(write_tree(tmp_path, files))) == {
        "a,b.jpg": "shark, white",
        "c.jpg": "shark, gray",
    }


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        ('{"10": "cat", "2": "dog"}', ("dog", "cat")),
        ('{"cat": 10, "dog": 2}', ("dog", "cat")),
        ('\ufeff["ant", "bee", "dog", "cow", "e", "f", "g", "h", "i", "j", "cat"]', ("dog", "cat")),
    ],
)
@pytest.mark.parametrize("file", ["label.json", "labels.json"])
def test_ids_follow_the_label_file(tmp_path: Path, names: str, labels: tuple[str, str], file: str) -> None:
    files = {**PAIRS, "1.txt": "1.jpg, 10", "2.txt": "2", "3.jpg": "", "3.txt": "dog", file: names}
    listing = listed(write_tree(tmp_path, files))
    assert labelled(listing) == {"1.jpg": "cat", "2.png": "dog", "3.jpg": "dog"}
    assert (listing.labels, listing.findings) == (labels, ())


def test_bare_numbers_are_labels_in_order_of_value(tmp_path: Path) -> None:
    assert listed(write_tree(tmp_path, {**PAIRS, "1.txt": "1.jpg, 10", "2.txt": "2"})).labels == ("2", "10")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "its text file has 0 lines instead of one"),
        (b"3.jpg, cat\n3.jpg, dog", "its text file has 2 lines instead of one"),
        (b"3.jpg,", "its text file gives no label"),
        (b"3.jpg\n", "its text file gives no label"),
        (b"other.jpg, cat", "its text file names another file, other.jpg"),
        (b"3.JPG", "its text file names another file, 3.JPG"),
        (b"3.jpg, caf\xe9", "3.txt is not UTF-8"),
        (b"3.jpg, c\x07t", "its text file gives a label with characters that cannot be printed"),
        (b"x" * 5000, "3.txt is too long to be a label"),
        (b"3.jpg, 7", "its label, '7', is not in the label file"),
        (None, "no text file of the same name"),
    ],
)
def test_images_without_a_proper_sidecar(tmp_path: Path, text: bytes | None, reason: str) -> None:
    write_tree(tmp_path, {**PAIRS, "3.jpg": "", "label.json": '["cat", "dog"]'})
    if text is not None:
        (tmp_path / "3.txt").write_bytes(text)
    listing = listed(tmp_path)
    assert set(labelled(listing)) == {"1.jpg", "2.png"}
    assert told(listing) == {"3.jpg": ("unlabelled", "set aside")}
    assert reasons(listing) == {"3.jpg": reason}
    assert told(listed(tmp_path, policies={"unlabelled": "fail"})) == {"3.jpg": ("unlabelled", "refused")}


def test_a_sidecar_without_its_image(tmp_path: Path) -> None:
    listing = listed(write_tree(tmp_path, {**PAIRS, "9.txt": "9.jpg, cat"}))
    assert told(listing) == {"9.txt": ("missing_file", "set aside")}


def test_what_else_lies_there(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {**PAIRS, ".1.txt": "", "notes.md": "", "more/4.jpg": "", "b\a.jpg": "", "b\a.txt": "cat"}
    )
    (tmp_path / "3.jpg").symlink_to("nowhere.jpg")
    listing = listed(tmp_path)
    assert told(listing) == {
        ".1.txt": ("hidden_file", "set aside"),
        "notes.md": ("other_file", "set aside"),
        "more/": ("other_file", "set aside"),
        "3.jpg": ("unreadable", "set aside"),
        "b\\x07.jpg": ("unprintable_name", "kept"),
        "b\\x07.txt": ("unprintable_name", "kept"),
    }
    assert set(labelled(listing)) == {"1.jpg", "2.png", "b\a.jpg"}


def test_a_sidecar_that_leads_out_is_not_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"elsewhere/3.txt": "cat"})
    write_tree(tmp_path / "images", {**PAIRS, "3.jpg": ""})
    (tmp_path / "images" / "3.txt").symlink_to("../elsewhere/3.txt")
    listing = listed(tmp_path / "images")
    assert told(listing) == {"3.txt": ("link_outside", "set aside"), "3.jpg": ("unlabelled", "set aside")}
    kept = listed(tmp_path / "images", policies={"link_outside": "keep"})
    assert labelled(kept)["3.jpg"] == "cat" and told(kept) == {"3.txt": ("link_outside", "kept")}


@pytest.mark.parametrize(
    "names",
    [
        "[]",
        "{}",
        "7",
        '["cat", "cat"]',
        '{"0": "cat", "0": "dog"}',
        '{"0": "cat", "00": "dog"}',
        '{"cat": 0, "dog": 0}',
        '{"cat": true, "dog": false}',
        '{"0": "cat", "dog": 1.5}',
        '{"0": ""}',
        '{"-1": "cat"}',
        '{"cat": -1}',
        '["c\\u0007t"]',
        "[[1, 2]]",
    ],
)
def test_label_files_that_hold_something_else(tmp_path: Path, names: str) -> None:
    with pytest.raises(DataError, match=r"label.json has to hold"):
        listed(write_tree(tmp_path, {**PAIRS, "label.json": names}))


@pytest.mark.parametrize("names", [b'{"0": "cat"', b"\xff\xfe", b"[" * 100_000])
def test_label_files_that_are_no_json(tmp_path: Path, names: bytes) -> None:
    with pytest.raises(DataError, match=r"label.json is no JSON"):
        listed(write_tree(tmp_path, {**PAIRS, "label.json": names}))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["cat/1.jpg", "dog/1.jpg"], "holds no image files next to each other"),
        (["1.jpg", "2.jpg", "x.txt"], "No image in .* has a text file of the same name"),
        ([*PAIRS, "label.json", "labels.json"], "holds both label.json and labels.json"),
    ],
)
def test_folders_that_are_no_sidecars(tmp_path: Path, files: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        listed(write_tree(tmp_path, files), layout="sidecar")


def test_no_image_with_a_label_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no image that can be used .*unlabelled: 1.jpg"):
        listed(write_tree(tmp_path, {"1.jpg": "", "1.txt": ""}))
