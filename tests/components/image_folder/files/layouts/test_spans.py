from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from components.image_folder.files.layouts.spans import SpanPattern
from tests.listings import labelled, listed, reasons, splits, told, write_tree


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Spans 3, 9 and 10, padded and not, among other things."""
    files = [f"span-{span}/{label}/1.jpg" for span in ("03", "9", "10") for label in ("cat", "dog")]
    return write_tree(
        tmp_path, [*files, "span-x/cat/1.jpg", "span-11-old/cat/1.jpg", "11/cat/1.jpg", "notes.txt"]
    )


@pytest.mark.parametrize(
    ("settings", "folders"),
    [
        ({}, {10: "span-10"}),
        ({"window": 2}, {9: "span-9", 10: "span-10"}),
        ({"window": 9}, {3: "span-03", 9: "span-9", 10: "span-10"}),
        ({"span": 9}, {9: "span-9"}),
        ({"span": 9, "window": 2}, {3: "span-03", 9: "span-9"}),
    ],
)
def test_the_newest_spans_by_number(photos: Path, settings: dict[str, int], folders: dict[int, str]) -> None:
    listing = listed(f"{photos}/span-{{SPAN}}", **settings)
    assert (listing.root, listing.spans, listing.layout) == (str(photos), tuple(folders), "class_folders")
    assert set(labelled(listing)) == {
        f"{folder}/{label}/1.jpg" for folder in folders.values() for label in ("cat", "dog")
    }
    assert listing.findings == ()


def test_labels_are_those_of_all_spans(tmp_path: Path) -> None:
    write_tree(tmp_path, ["2/10.cat/1.jpg", "2/2.ant/1.jpg", "10/7.dog/1.jpg", "10/x/1.jpg", "10/.git/1.jpg"])
    listing = listed(f"{tmp_path}/{{SPAN}}/", window=2, labels={"strip_prefix": r"\d+\."})
    assert listing.labels == ("cat", "ant", "dog", "x")
    assert told(listing) == {"10/.git/": ("hidden_file", "set aside")}


def test_the_oldest_span_says_where_a_label_belongs(tmp_path: Path) -> None:
    write_tree(tmp_path, ["1/2.cat/1.jpg", "1/5.dog/1.jpg", "2/9.cat/1.jpg"])
    assert listed(f"{tmp_path}/{{SPAN}}", window=2, labels={"strip_prefix": r"\d+\."}).labels == (
        "cat",
        "dog",
    )


def test_a_span_may_hold_one_class_only(tmp_path: Path) -> None:
    write_tree(tmp_path, ["1/cat/1.jpg", "2/dog/1.jpg"])
    assert listed(f"{tmp_path}/{{SPAN}}", window=2).labels == ("cat", "dog")
    with pytest.raises(DataError, match="one class only, 'dog'"):
        listed(f"{tmp_path}/{{SPAN}}")


def test_links_between_spans_stay_within(tmp_path: Path) -> None:
    write_tree(tmp_path, ["1/cat/1.jpg", "1/dog/1.jpg"])
    (tmp_path / "2").symlink_to("1")
    listing = listed(f"{tmp_path}/{{SPAN}}")
    assert set(labelled(listing)) == {"2/cat/1.jpg", "2/dog/1.jpg"} and listing.findings == ()


def test_links_that_go_in_circles_in_spans_reached_by_a_link(tmp_path: Path) -> None:
    write_tree(tmp_path / "real", ["1/cat/1.jpg", "1/dog/1.jpg"])
    (tmp_path / "real" / "1" / "cat" / "self").symlink_to(tmp_path / "real" / "1" / "cat")
    (tmp_path / "link").symlink_to("real")
    assert set(labelled(listed(f"{tmp_path}/link/{{SPAN}}"))) == {"1/cat/1.jpg", "1/dog/1.jpg"}


def test_folders_below_and_manifests(tmp_path: Path) -> None:
    rows = "path,label,split\na.jpg,cat,train\nb.jpg,dog,val\n"
    write_tree(tmp_path, {f"run-{span}/set/{name}": name for span in (1, 2) for name in ("a.jpg", "b.jpg")})
    write_tree(tmp_path, {f"run-{span}/set/labels.csv": rows for span in (1, 2)})
    write_tree(tmp_path, {"run-2.csv": "path,label\nrun-2/set/a.jpg,cat\nrun-1/set/a.jpg,dog\n"})
    for rest in ("/set", "/set/labels.csv"):
        listing = listed(f"{tmp_path}/run-{{SPAN}}{rest}", window=2)
        assert set(splits(listing)) == {
            f"run-{span}/set/{name}" for span in (1, 2) for name in ("a.jpg", "b.jpg")
        }
        assert (listing.layout, listing.open_splits) == ("manifest", ("train", "test"))
        assert splits(listing)["run-1/set/a.jpg"] is None and splits(listing)["run-2/set/b.jpg"] == "eval"
    listing = listed(f"{tmp_path}/run-{{SPAN}}.csv")
    assert (listing.root, listing.spans) == (str(tmp_path), (2,))
    assert labelled(listing) == {"run-2/set/a.jpg": "cat", "run-1/set/a.jpg": "dog"}


def test_a_file_that_two_manifests_list_counts_once(tmp_path: Path) -> None:
    images = [f"img/{number}.jpg" for number in range(1, 6)]
    first = ["img/1.jpg,cat,", "img/2.jpg,dog,", "img/3.jpg,cat,train", "img/4.jpg,dog,", "img/9.jpg,cat,"]
    second = [*first[:2], "img/3.jpg,cat,test", "img/4.jpg,cat,", "img/5.jpg,dog,", first[-1]]
    tables = {
        f"{span}.csv": "path,label,split\n" + "\n".join(rows) for span, rows in ((1, first), (2, second))
    }
    write_tree(tmp_path, {**dict.fromkeys(images, "x"), **tables})
    listing = listed(f"{tmp_path}/{{SPAN}}.csv", window=2)
    assert [file.path for file in listing.files] == ["img/1.jpg", "img/2.jpg", "img/3.jpg", "img/5.jpg"]
    assert splits(listing)["img/3.jpg"] == "test"
    assert told(listing) == {
        "img/3.jpg": ("split_leak", "kept"),
        "img/4.jpg": ("label_conflict", "set aside"),
        "img/9.jpg": ("missing_file", "set aside"),
    }
    assert reasons(listing)["img/4.jpg"] == "'dog' in span 1, 'cat' in span 2"
    kept = listed(f"{tmp_path}/{{SPAN}}.csv", window=2, policies={"label_conflict": "keep"})
    assert labelled(kept)["img/4.jpg"] == "dog"


def test_what_one_manifest_contradicts_itself_about_is_set_aside(tmp_path: Path) -> None:
    good = "path,label\n1.jpg,cat\n2.jpg,dog\n"
    write_tree(tmp_path, ["1.jpg", "2.jpg", "3.jpg"])
    write_tree(tmp_path, {"1.csv": f"{good}3.jpg,ant\n3.jpg,dog\n", "2.csv": f"{good}3.jpg,ant\n"})
    listing = listed(f"{tmp_path}/{{SPAN}}.csv", window=2)
    assert (set(labelled(listing)), listing.labels) == ({"1.jpg", "2.jpg"}, ("cat", "dog"))
    assert told(listing) == {"3.jpg": ("label_conflict", "set aside")}


def test_splits_are_settled_over_all_spans(tmp_path: Path) -> None:
    write_tree(tmp_path, [f"1/train/{label}/1.jpg" for label in "ab"])
    write_tree(tmp_path, [f"2/{split}/{label}/1.jpg" for split in ("train", "val", "test") for label in "ab"])
    listing = listed(f"{tmp_path}/{{SPAN}}", window=2)
    assert listing.open_splits == () and splits(listing)["1/train/a/1.jpg"] == "train"


def test_relative_paths(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos)
    assert listed("span-{SPAN}").root == str(photos)
    monkeypatch.chdir(photos.parent)
    assert listed(f"{photos.name}/span-{{SPAN}}").root == str(photos)


@pytest.mark.parametrize(
    ("images", "parts"),
    [
        ("span-{SPAN}", (".", "span-{SPAN}", "")),
        ("/{SPAN}", ("/", "{SPAN}", "")),
        ("a/b/{SPAN}-x/c/d/", ("a/b", "{SPAN}-x", "c/d")),
        ("gs://bucket/{SPAN}", ("gs://bucket", "{SPAN}", "")),
    ],
)
def test_patterns(images: str, parts: tuple[str, str, str]) -> None:
    assert SpanPattern.parse(images) == SpanPattern(*parts)


@pytest.mark.parametrize(
    ("images", "settings", "words"),
    [
        ("day-{SPAN}", {}, "There is no day-{SPAN} in .*Check data.images"),
        ("none/{SPAN}", {}, "none cannot be read: No such file"),
        ("span-{SPAN}/{SPAN}", {}, "{SPAN} more than once"),
        ("span-{SPAN}", {"span": 4}, "no span 4 in .*the newest is 10"),
        ("span-{SPAN}/none", {}, "There is no folder .*/span-10/none"),
        ("span-10", {"span": 10}, "data.span and data.window need {SPAN}"),
        ("span-10", {"window": 2}, "data.span and data.window need {SPAN}"),
    ],
)
def test_spans_that_are_not_there(photos: Path, images: str, settings: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        listed(photos / images, **settings)


def test_buckets_cannot_be_listed() -> None:
    with pytest.raises(ConfigError, match="where no folder can be listed"):
        listed("gs://{SPAN}/x")


def test_two_spans_of_one_number(photos: Path) -> None:
    (photos / "span-3").mkdir()
    with pytest.raises(ConfigError, match="'span-03' and 'span-3' in .* are both span 3"):
        listed(f"{photos}/span-{{SPAN}}")


def test_spans_laid_out_in_different_ways(photos: Path) -> None:
    write_tree(
        photos, {"span-12/1.jpg": "", "span-12/1.txt": "cat", "span-12/2.jpg": "", "span-12/2.txt": "dog"}
    )
    with pytest.raises(DataError, match="class_folders in span 10 and sidecar in span 12"):
        listed(f"{photos}/span-{{SPAN}}", window=2)
