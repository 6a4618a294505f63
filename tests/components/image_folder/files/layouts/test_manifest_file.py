from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from tests.listings import labelled, listed, reasons, splits, told, write_tree

IMAGES = ("img/1.jpg", "img/2.jpg", "img/3.jpg")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "images", IMAGES)


def _csv(images: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    write_tree(images, {name: text})
    return images / name


@pytest.mark.parametrize("path", ["path", "file", "file_name", "filename", "image", " Path "])
@pytest.mark.parametrize("label", ["label", "class", "category", "LABEL"])
def test_every_name_of_the_columns(images: Path, path: str, label: str) -> None:
    manifest = _csv(images, f"id,{path},{label}\n7,img/1.jpg,cat\n8,img/2.jpg,dog\n")
    assert labelled(listed(manifest)) == {"img/1.jpg": "cat", "img/2.jpg": "dog"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "path,label\nimg/1.jpg,cat\nimg/2.jpg,dog\n"),
        ("a.CSV", '\ufeffpath,label\r\n"img/1.jpg", "cat"\r\n\r\n./img//2.jpg , dog\r\n'),
        ("a.tsv", "path\tlabel\nimg/1.jpg\tcat\nimg/2.jpg\tdog"),
        (
            "a.jsonl",
            '{"path": "img/1.jpg", "label": "cat"}\n\n{"label": "dog", "x": [], "path": "img/2.jpg"}',
        ),
    ],
)
def test_every_format(images: Path, name: str, text: str) -> None:
    listing = listed(_csv(images, text, name))
    assert (listing.layout, listing.root, listing.labels) == ("manifest", str(images), ("cat", "dog"))
    assert labelled(listing) == {"img/1.jpg": "cat", "img/2.jpg": "dog"}
    facts = (images / "img" / "1.jpg").stat()
    assert (listing.files[0].size, listing.files[0].modified) == (facts.st_size, facts.st_mtime_ns)
    assert listing.open_splits == ("train", "eval", "test")


@pytest.mark.parametrize(
    ("values", "open_splits", "given"),
    [
        ("train,Val,holdout", (), ("train", "eval", "test")),
        ("train,val,", ("train", "eval", "test"), ("train", "eval", None)),
        ("train,val,val", ("train", "test"), (None, "eval", "eval")),
        ("train,trn,TRAINING", ("train", "eval", "test"), (None, None, None)),
        (",,", ("train", "eval", "test"), (None, None, None)),
    ],
)
def test_splits(
    images: Path, values: str, open_splits: tuple[str, ...], given: tuple[str | None, ...]
) -> None:
    rows = zip(IMAGES, ("cat", "dog", "dog"), values.split(","), strict=True)
    listing = listed(_csv(images, "path,label,split\n" + "".join(f"{','.join(row)}\n" for row in rows)))
    assert listing.open_splits == open_splits
    assert tuple(splits(listing).values()) == given


def test_numbers_in_json_are_labels(images: Path) -> None:
    lines = [
        json.dumps({"image": path, "class": number}) for path, number in zip(IMAGES, (10, 2, 2), strict=True)
    ]
    assert listed(_csv(images, "\n".join(lines), "x.jsonl")).labels == ("2", "10")


def test_whatever_is_named_is_taken_for_an_image(images: Path) -> None:
    write_tree(images, ["data.bin", ".hidden.jpg", "caf\udce9.jpg"])
    text = '{"path": "data.bin", "label": "a"}\n{"path": ".hidden.jpg", "label": "b"}'
    listing = listed(_csv(images, text, "x.jsonl"))
    assert labelled(listing) == {"data.bin": "a", ".hidden.jpg": "b"} and listing.findings == ()


GOOD = "path,label\nimg/1.jpg,cat\nimg/2.jpg,dog\n"


@pytest.mark.parametrize(
    ("row", "file", "kind", "reason"),
    [
        ("img/9.jpg,cat", "img/9.jpg", "missing_file", "in the manifest, but not there"),
        ("img/1.jpg/x.jpg,cat", "img/1.jpg/x.jpg", "missing_file", "in the manifest, but not there"),
        ("gs://a/3.jpg,cat", "gs://a/3.jpg", "missing_file", "a URI; a manifest on this machine names files"),
        ("img\\3.jpg,cat", "img\\3.jpg", "missing_file", 'not there; paths are written with "/"'),
        ("img/3.jpg,", "img/3.jpg", "unlabelled", "no label in line 4 of the manifest"),
        ("img,cat", "img/", "not_regular_file", "a folder"),
        ("pipe.jpg,cat", "pipe.jpg", "not_regular_file", "a pipe"),
        ("gone.jpg,cat", "gone.jpg", "unreadable", "a link that leads nowhere"),
        (f"{'x' * 300}.jpg,cat", f"{'x' * 300}.jpg", "unreadable", "File name too long"),
    ],
)
def test_files_that_cannot_be_used(images: Path, row: str, file: str, kind: str, reason: str) -> None:
    os.mkfifo(images / "pipe.jpg")
    (images / "gone.jpg").symlink_to("nowhere.jpg")
    listing = listed(_csv(images, f"{GOOD}{row}\n"))
    assert set(labelled(listing)) == {"img/1.jpg", "img/2.jpg"}
    assert told(listing) == {file: (kind, "set aside")}
    assert reason in reasons(listing)[file]
    refused = listed(images / "labels.csv", policies={kind: "fail"})
    assert told(refused) == {file: (kind, "refused")}


@pytest.mark.parametrize("path", ["a\\u0000.jpg", "a\\ud800.jpg"])
def test_names_that_no_file_can_have(images: Path, path: str) -> None:
    rows = [("img/1.jpg", "cat"), ("img/2.jpg", "dog"), (path, "cat")]
    text = "\n".join(f'{{"path": "{name}", "label": "{label}"}}' for name, label in rows)
    listing = listed(_csv(images, text, "x.jsonl"))
    (finding,) = listing.findings
    assert (finding.kind, finding.reason) == ("missing_file", "no file can have this name")
    assert len(listing.files) == 2


def test_paths_that_lead_out(images: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, ["images-2/a.jpg", "images-2/b.jpg", "images-2/c.jpg"])
    (images / "link.jpg").symlink_to("../images-2/c.jpg")
    (images / "folder").symlink_to("../images-2")
    rows = ["../images-2/a.jpg", f"{tmp_path}/images-2/b.jpg", "link.jpg", "folder/c.jpg"]
    manifest = _csv(images, GOOD + "".join(f"{row},cat\n" for row in rows))
    out = [f"{tmp_path}/images-2/a.jpg", f"{tmp_path}/images-2/b.jpg", "folder/c.jpg", "link.jpg"]
    for policy, action in (("drop", "set aside"), ("fail", "refused"), ("keep", "kept")):
        listing = listed(manifest, policies={"link_outside": policy})
        assert told(listing) == dict.fromkeys(out, ("link_outside", action))
        assert set(labelled(listing)) - {"img/1.jpg", "img/2.jpg"} == (
            set(out) if policy == "keep" else set()
        )
    assert {file.path: file.size for file in listing.files}[out[0]] == len("images-2/a.jpg")


def test_paths_that_lead_out_and_in_again(images: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    write_tree(images, ["deep/er/x", "deep/4.jpg"])
    (images / "up").symlink_to("deep/er")
    rows = ["../images/img/1.jpg,cat", f"{images}/img/2.jpg,dog", "up/../4.jpg,dog"]
    listing = listed(_csv(images, "path,label\n" + "\n".join(rows)))
    assert labelled(listing) == {"img/1.jpg": "cat", "img/2.jpg": "dog", "deep/4.jpg": "dog"}
    assert listing.findings == ()


def test_a_manifest_reached_by_a_link(images: Path, tmp_path: Path) -> None:
    _csv(images, GOOD)
    (tmp_path / "link").symlink_to("images")
    assert len(listed(tmp_path / "link" / "labels.csv").files) == 2


@pytest.mark.parametrize(
    ("policy", "action", "label"),
    [("drop", "set aside", None), ("fail", "refused", None), ("keep", "kept", "cat")],
)
def test_listed_twice_with_two_labels(images: Path, policy: str, action: str, label: str | None) -> None:
    manifest = _csv(images, f"{GOOD}img/3.jpg,cat\nimg/3.jpg,cat\n./img/3.jpg,dog\n")
    listing = listed(manifest, policies={"label_conflict": policy})
    assert told(listing) == {"img/3.jpg": ("label_conflict", action)}
    assert reasons(listing)["img/3.jpg"] == (
        "'cat' in line 4 of the manifest, 'dog' in line 6 of the manifest"
    )
    assert labelled(listing).get("img/3.jpg") == label


@pytest.mark.parametrize(("policy", "action", "split"), [("drop", "kept", "test"), ("fail", "refused", None)])
def test_listed_twice_in_two_splits(images: Path, policy: str, action: str, split: str | None) -> None:
    rows = (
        "img/1.jpg,cat,train\nimg/2.jpg,dog,val\nimg/2.jpg,dog,test\nimg/2.jpg,dog,train\nimg/3.jpg,dog,val\n"
    )
    listing = listed(_csv(images, f"path,label,split\n{rows}"), policies={"split_leak": policy})
    assert told(listing) == {"img/2.jpg": ("split_leak", action)}
    assert reasons(listing)["img/2.jpg"] == (
        "in several splits, by line 3 of the manifest and line 4 of the manifest"
    )
    assert splits(listing).get("img/2.jpg") == split


def test_listed_twice_alike_counts_once(images: Path) -> None:
    listing = listed(_csv(images, f"{GOOD}img/2.jpg,dog\n"))
    assert len(listing.files) == 2 and listing.findings == ()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "\n \n", "is empty"),
        ("a.jsonl", "\n", "is empty"),
        ("a.csv", "path,label\n", "holds no image that can be used"),
        (
            "a.csv",
            "path,name\nx,y",
            r"line 1: no column 'label' \(or class, category\); there are path, name",
        ),
        ("a.csv", "path;label\nx;y", "line 1: no column 'path'"),
        ("a.csv", "\npath,label\na.jpg\n", "line 3: 1 columns where the first line has 2"),
        ("a.csv", "path,label\na.jpg,b,c\n", "line 2: 3 columns"),
        ("a.csv", "path,label\n,cat\n", "line 2: no path"),
        ("a.csv", 'path,label\na.jpg,"cat\n', "line 2: unexpected end"),
        ("a.csv", "path,label\na.jpg,c\at\n", "line 2: the label 'c\\\\x07t' cannot be printed"),
        (
            "a.csv",
            "path,label,split\na.jpg,cat,training\nb.jpg,cat,tset\n",
            "line 3: there is no split 'tset'",
        ),
        ("a.csv", b"path,label\na.jpg,cat\ncaf\xe9.jpg,cat\n", "line 3: not UTF-8"),
        ("a.jsonl", '{"path": "a.jpg", "label": "x"}\n{"path": \n', "line 2: no JSON"),
        ("a.jsonl", '["a.jpg", "x"]\n', "line 1: not an object"),
        ("a.jsonl", '{"path": "a.jpg", "label": ["x"]}', "line 1: 'label' has to be text"),
        ("a.jsonl", '{"path": "a.jpg", "label": true}', "line 1: 'label' has to be text"),
        ("a.jsonl", '{"path": "img/1.jpg", "label": "x"}\n{"path": "a.jpg"}', "line 2: no column 'label'"),
    ],
)
def test_lines_that_cannot_be_understood(images: Path, name: str, text: str | bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        listed(_csv(images, text, name))


def test_labels_that_are_null_are_missing(images: Path) -> None:
    lines = [{"path": path, "label": label} for path, label in zip(IMAGES, ("cat", "dog", None), strict=True)]
    listing = listed(_csv(images, "\n".join(map(json.dumps, lines)), "x.jsonl"))
    assert told(listing) == {"img/3.jpg": ("unlabelled", "set aside")}


@pytest.mark.parametrize("name", ["manifest.csv", "labels.tsv", "Metadata.jsonl", "annotations.csv"])
def test_the_manifest_of_a_folder_is_found(images: Path, name: str) -> None:
    text = GOOD.replace(",", "\t") if name.endswith("tsv") else GOOD
    if name.endswith("jsonl"):
        text = '{"path": "img/1.jpg", "label": "cat"}\n{"path": "img/2.jpg", "label": "dog"}'
    _csv(images, text, name)
    _csv(images, "name,score\na,1\n", "labels.csv" if name != "labels.csv" else "manifest.csv")
    listing = listed(images)
    assert (listing.layout, listing.root, len(listing.files)) == ("manifest", str(images), 2)


def test_several_manifests_are_unclear(images: Path) -> None:
    _csv(images, GOOD, "manifest.csv")
    _csv(images, GOOD, "labels.csv")
    with pytest.raises(ConfigError, match=r"several manifests \(labels.csv, manifest.csv\)"):
        listed(images)


def test_asked_for_but_not_there(images: Path) -> None:
    with pytest.raises(DataError, match="holds no manifest"):
        listed(images, layout="manifest")
    _csv(images, "name,score\na,1\n")
    with pytest.raises(DataError, match="labels.csv, line 1: no column 'path'"):
        listed(images, layout="manifest")
