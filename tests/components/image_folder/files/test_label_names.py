from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from components.image_folder.files.label_names import order_labels
from tests.listings import labelled, listed, reasons, told, write_tree


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        ("dog cat", "cat dog"),
        ("10 2 1", "1 2 10"),
        ("010 002 001", "001 002 010"),
        ("2 02 1", "1 02 2"),
        # One that is no number: by name, all of them.
        ("10 2 x", "10 2 x"),
        ("10 2 ²", "10 2 ²"),
        ("b B a", "B a b"),
    ],
)
def test_order(tmp_path: Path, names: str, ordered: str) -> None:
    assert order_labels({name: name for name in names.split()}) == tuple(ordered.split())
    listing = listed(
        write_tree(tmp_path, [f"{name}/1.jpg" for name in names.split()]),
        policies={"class_name_clash": "keep"},
    )
    assert listing.labels == tuple(ordered.split())


@pytest.mark.parametrize("layout", ["", "train/"])
def test_prefixes_are_stripped_and_the_order_of_the_folders_stays(tmp_path: Path, layout: str) -> None:
    names = ["001.Zebra", "002-Ant", "010_Bee", "Cow", "x3.Dog"]
    write_tree(tmp_path, [f"{layout}{name}/1.jpg" for name in names])
    listing = listed(tmp_path, labels={"strip_prefix": r"\d+[._-]"})
    assert listing.labels == ("Zebra", "Ant", "Bee", "Cow", "x3.Dog")
    assert labelled(listing)[f"{layout}001.Zebra/1.jpg"] == "Zebra"


def test_alternatives_and_flags_in_the_expression(tmp_path: Path) -> None:
    write_tree(tmp_path, ["N01_cat/1.jpg", "x-dog/1.jpg"])
    assert listed(tmp_path, labels={"strip_prefix": r"(?i)n\d+_|x-"}).labels == ("cat", "dog")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["1.cat", "2.cat"], "makes 'cat' of two class folders, '1.cat' and '2.cat'"),
        (["cat", "2.cat"], "makes 'cat' of two class folders"),
        (["7.", "cat"], "leaves nothing of the class folder '7.'"),
    ],
)
def test_prefixes_that_cannot_be_stripped(tmp_path: Path, names: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        listed(write_tree(tmp_path, [f"{name}/1.jpg" for name in names]), labels={"strip_prefix": r"\d+\."})


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.csv": "path,label\n1.jpg,1.cat\n2.jpg,2.dog\n", "1.jpg": "", "2.jpg": ""},
        {
            "1.jpg": "",
            "1.txt": "1.jpg, 0",
            "2.jpg": "",
            "2.txt": "2.jpg, 1",
            "label.json": '{"0": "1.cat", "1": "2.dog"}',
        },
    ],
)
def test_a_prefix_of_labels_that_come_from_no_folder_is_not_left_without_a_word(
    tmp_path: Path, files: dict[str, str]
) -> None:
    write_tree(tmp_path, files)
    assert listed(tmp_path).labels == ("1.cat", "2.dog")
    with pytest.raises(ConfigError, match="strip_prefix takes a prefix off the names of class folders"):
        listed(tmp_path, labels={"strip_prefix": r"\d+\."})


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "images", ["cat/1.jpg", "dog/1.jpg"])


@pytest.mark.parametrize("text", ["dog\ncat\n", "dog\r\ncat", "\ufeffdog\n cat \n"])
def test_a_label_file_fixes_the_order(images: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.txt").write_bytes(text.encode())
    assert listed(images, labels={"file": str(tmp_path / "labels.txt")}).labels == ("dog", "cat")


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"dog\ncats\n", DataError, r"class 'cat' is not in data.labels.file, .* \(did you mean 'cats'\?\)"),
        (
            b"dog\nzebra\n",
            DataError,
            r"class 'cat' is not in data.labels.file, [^(]*labels.txt. Add it at the end",
        ),
        (b"dog\ncat\nzebra\n", DataError, "lists 'zebra', which no image has"),
        (b"", ConfigError, "is empty. Write a label a line"),
        (b"dog\n\ncat\n", ConfigError, "line 2 of .* is empty"),
        (b"dog\nc\x07t\n", ConfigError, "line 2 of .* cannot be printed"),
        (b"dog\ncat\ndog\n", ConfigError, "'dog' is in .* twice, the second time in line 3"),
        (b"caf\xe9\n", ConfigError, "is not UTF-8"),
        (None, ConfigError, "labels.txt cannot be read: No such file"),
    ],
)
def test_label_files_that_do_not_fit(
    images: Path, tmp_path: Path, content: bytes | None, error: type[Exception], words: str
) -> None:
    if content is not None:
        (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(error, match=words):
        listed(images, labels={"file": str(tmp_path / "labels.txt")})


COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("names", "file", "reason"),
    [
        (("Cat", "cat"), "cat/", "differs only in case from 'Cat'"),
        (
            (COMPOSED, DECOMPOSED),
            f"{COMPOSED}/",
            f"differs only in how Unicode composes it from '{DECOMPOSED}'",
        ),
        (("STRASSE", "straße"), "straße/", "differs only in case from 'STRASSE'"),
        ((COMPOSED.upper(), DECOMPOSED), f"{DECOMPOSED}/", None),
        (("ab", "a\u200cb"), "a\u200cb/", "differs only in joiners, which have no width, from 'ab'"),
    ],
)
@pytest.mark.parametrize("layout", ["classes", "splits", "manifest"])
def test_names_that_clash(
    tmp_path: Path, names: tuple[str, str], file: str, reason: str | None, layout: str
) -> None:
    first, second = names
    if layout == "classes":
        write_tree(tmp_path, [f"{first}/1.jpg", f"{second}/1.jpg"])
    elif layout == "splits":
        write_tree(tmp_path, [f"train/{first}/1.jpg", f"test/{second}/1.jpg"])
    else:
        write_tree(tmp_path, {"1.jpg": "", "labels.jsonl": "", "2.jpg": ""})
        rows = f'{{"path": "1.jpg", "label": "{first}"}}\n{{"path": "2.jpg", "label": "{second}"}}'
        (tmp_path / "labels.jsonl").write_text(rows, "utf-8")
    if second < first:
        file = f"{first}/"
    listing = listed(tmp_path)
    (finding,) = listing.findings
    assert (finding.kind, finding.action) == ("class_name_clash", "refused")
    assert set(listing.labels) == set(names)
    if reason is not None and second > first:
        assert reasons(listing) == {file: reason}
    kept = listed(tmp_path, policies={"class_name_clash": "keep"})
    assert set(told(kept).values()) == {("class_name_clash", "kept")} and len(kept.files) == 2


def test_names_that_are_merely_similar(tmp_path: Path) -> None:
    assert (
        listed(write_tree(tmp_path, ["cat/1.jpg", "cats/1.jpg", "cafe/1.jpg", "café/1.jpg"])).findings == ()
    )


def test_joiners_are_part_of_names(tmp_path: Path) -> None:
    """Persian for "spectacles" is spelled with a non-joiner, and a family of emoji is made with joiners."""
    names = ["\u0639\u06cc\u0646\u06a9\u200c\u0647\u0627", "\U0001f468\u200d\U0001f469\u200d\U0001f467"]
    listing = listed(write_tree(tmp_path / "folders", [f"{name}/{name}.jpg" for name in names]))
    assert sorted(listing.labels) == sorted(names) and listing.findings == ()
    (pinned := tmp_path / "labels.txt").write_text("\n".join(names), "utf-8")
    assert listed(tmp_path / "folders", labels={"file": str(pinned)}).labels == tuple(names)


def test_numbers_of_any_length_are_in_order() -> None:
    """Python refuses to read numbers of more than 4,300 digits."""
    long = "9" * 5000
    assert order_labels({name: name for name in (long, "10", "2", "007", "0")}) == (
        "0",
        "2",
        "007",
        "10",
        long,
    )
