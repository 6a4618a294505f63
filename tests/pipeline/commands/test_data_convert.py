from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from components.image_folder.files.listing import ImageFile
from components.image_folder.files.local_store import LocalStore
from components.image_folder.files.open_store import open_store
from components.image_folder.settings import SplitFractions
from components.image_folder.splits.split_assignment import assign_split
from pipeline import cli
from pipeline.commands.data_convert import convert
from pipeline.commands.target_layout import TargetLayout
from tests.cluster.google_cloud.hidden_folders import check_hidden, without
from tests.cluster.google_cloud.not_possible_here import NotPossibleHereError
from tests.listings import labelled, listed, write_tree

CONTENTS = [
    "cat/1.jpg",
    "cat/1.png",
    "cat/deep/1.jpg",
    "cat/a,b.JPG",
    "cat/two\nlines.jpg",
    "dog, big/1.jpg",
    "dog, big/1-2.jpg",
    "été/caf\udce9.jpg",
    f"été/{'x' * 251}.jpg",
    f"été/deep/{'x' * 251}.jpg",
]
WITHOUT_SPLITS = ("class-folders", "sidecar", "csv", "jsonl")
WITH_SPLITS = ("split-folders", "csv", "jsonl")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Names that collide in every way, and the same bytes twice."""
    write_tree(tmp_path / "source", CONTENTS)
    return write_tree(tmp_path / "source", {"été/same.jpg": CONTENTS[0]})


def _convert(source: Path | str, dest: Path, target: str, *overrides: str) -> Path:
    convert(str(source), dest, TargetLayout(target), overrides)
    assert not dest.with_name(f"{dest.name}.partial").exists()
    return dest


def _content(images: Path | str) -> Counter[tuple[str, str | None, bytes]]:
    listing = listed(images)
    store = open_store(listing.root)
    return Counter((file.label, file.split, store.read(file)) for file in listing.files)


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


@pytest.mark.parametrize("first", WITHOUT_SPLITS)
@pytest.mark.parametrize("second", WITHOUT_SPLITS)
def test_there_and_back_again(source: Path, tmp_path: Path, first: str, second: str) -> None:
    before = _state(source)
    one = _convert(source, tmp_path / "one", first)
    two = _convert(one, tmp_path / "two", second)
    assert _content(source) == _content(one) == _content(two)
    assert listed(two).labels == ("cat", "dog, big", "été")
    assert listed(two).findings == ()
    assert _state(source) == before


@pytest.mark.parametrize("splits", [("train", "val", "test"), ("train", "test"), ("train", "dev")])
@pytest.mark.parametrize("target", WITH_SPLITS)
def test_given_splits_stay(tmp_path: Path, splits: tuple[str, ...], target: str) -> None:
    source = write_tree(tmp_path / "a", [f"{split}/{label}/1.jpg" for split in splits for label in "ab"])
    dest = _convert(source, tmp_path / "b", target)
    back = _convert(dest, tmp_path / "c", "split-folders")
    assert _content(source) == _content(dest) == _content(back)
    assert listed(source).open_splits == listed(dest).open_splits == listed(back).open_splits


@pytest.mark.parametrize("target", ["class-folders", "sidecar"])
def test_layouts_without_splits_refuse_them(tmp_path: Path, target: str) -> None:
    source = write_tree(
        tmp_path / "a", [f"{split}/{label}/1.jpg" for split in ("train", "test") for label in "ab"]
    )
    with pytest.raises(
        ConfigError, match=f"given splits, which {target} cannot hold. Use --to split-folders"
    ):
        _convert(source, tmp_path / "b", target)
    assert not (tmp_path / "b").exists()


def test_missing_splits_are_assigned_by_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{label}/{number}.jpg" for label in "ab" for number in range(100)]
    source = write_tree(tmp_path / "a", names)
    listing = listed(_convert(source, tmp_path / "b", "split-folders"))
    assert listing.layout == "split_folders" and len(listing.files) == 200
    for file in listing.files:
        sha256 = hashlib.sha256((tmp_path / "b" / file.path).read_bytes()).hexdigest()
        assert file.split == assign_split(sha256, SplitFractions())
    counts = Counter(file.split for file in listing.files)
    told = f"Split by content, where no split was given: {counts['train']} train, {counts['eval']} eval"
    assert told in capsys.readouterr().out


def test_only_what_has_no_split_is_assigned_one(tmp_path: Path) -> None:
    rows = "".join(
        f"{number}.jpg,{'ab'[number % 2]},{'test' if number < 30 else ''}\n" for number in range(60)
    )
    write_tree(tmp_path / "a", [f"{number}.jpg" for number in range(60)])
    write_tree(tmp_path / "a", {"labels.csv": f"path,label,split\n{rows}"})
    copied = _content(_convert(tmp_path / "a", tmp_path / "b", "split-folders"))
    for number in range(60):
        data = f"{number}.jpg".encode()
        by_content = assign_split(hashlib.sha256(data).hexdigest(), SplitFractions())
        assert ("ab"[number % 2], "test" if number < 30 else by_content, data) in copied
    assert _content(tmp_path / "a") == _content(_convert(tmp_path / "a", tmp_path / "c", "csv"))


def test_what_the_layouts_look_like(tmp_path: Path) -> None:
    source = write_tree(
        tmp_path / "a", ["train/cat/x/1.jpg", "train/dog/1.jpg", "test/dog/1.jpg", "val/cat/2.jpg"]
    )
    plain = source / "train"

    def names(folder: Path) -> list[str]:
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    assert names(_convert(plain, tmp_path / "1", "class-folders")) == ["cat/1.jpg", "dog/1.jpg"]
    assert names(_convert(source, tmp_path / "2", "split-folders")) == [
        "eval/cat/2.jpg", "test/dog/1.jpg", "train/cat/1.jpg", "train/dog/1.jpg",
    ]  # fmt: skip
    sidecar = _convert(plain, tmp_path / "3", "sidecar")
    assert names(sidecar) == ["1-2.jpg", "1-2.txt", "1.jpg", "1.txt", "label.json"]
    assert (sidecar / "1-2.txt").read_text() == "1-2.jpg, 1\n"
    assert json.loads((sidecar / "label.json").read_text()) == {"0": "cat", "1": "dog"}
    table = _convert(source, tmp_path / "4", "csv")
    with (table / "manifest.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["path", "label", "split"],
            ["images/1.jpg", "dog", "test"],
            ["images/1-2.jpg", "cat", "train"],
            ["images/1-3.jpg", "dog", "train"],
            ["images/2.jpg", "cat", "eval"],
        ]
    lines = (_convert(plain, tmp_path / "5", "jsonl") / "manifest.jsonl").read_text().splitlines()
    assert json.loads(lines[1]) == {"path": "images/1-2.jpg", "label": "dog"}


def test_names_stay_as_they_are_where_they_can(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "a", ["cat/1.jpg", "cat/1.png", "cat/B.jpg", "cat/b.jpg", "dog/1.jpg"])
    folders = set(labelled(listed(_convert(source, tmp_path / "b", "class-folders"))))
    # Not every file system tells upper from lower case.
    assert folders == {"cat/1.jpg", "cat/1.png", "cat/B.jpg", "cat/b-2.jpg", "dog/1.jpg"}
    table = set(labelled(listed(_convert(source, tmp_path / "c", "csv"))))
    assert table == {f"images/{name}" for name in ("1.jpg", "1.png", "B.jpg", "b-2.jpg", "1-2.jpg")}


def test_settings_say_how_the_source_is_read(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "a", ["train/1.jpg", "test/1.jpg"])
    dest = _convert(source, tmp_path / "b", "class-folders", "data.layout=class_folders")
    assert labelled(listed(dest, layout="class_folders")) == {"test/1.jpg": "test", "train/1.jpg": "train"}


def test_from_a_uri(tmp_path: Path) -> None:
    import tensorflow as tf

    root = f"ram://convert{tmp_path}"
    for name in ("cat/1.jpg", "dog/1.jpg"):
        tf.io.gfile.makedirs(f"{root}/{name}".rpartition("/")[0])
        with tf.io.gfile.GFile(f"{root}/{name}", "w") as file:
            file.write(name)
    dest = _convert(root, tmp_path / "b", "csv")
    assert _content(dest) == Counter({("cat", None, b"cat/1.jpg"): 1, ("dog", None, b"dog/1.jpg"): 1})


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda dest: write_tree(dest, ["x"]), "dest is not empty"),
        (lambda dest: dest.touch(), "dest is a file"),
        (lambda dest: Path(f"{dest}.partial").mkdir(), "dest.partial is left over .* Remove it"),
    ],
)
def test_destinations_that_are_taken(source: Path, tmp_path: Path, prepare, words: str) -> None:  # type: ignore[no-untyped-def]
    prepare(tmp_path / "dest")
    before = _state(tmp_path)
    with pytest.raises(ConfigError, match=words):
        convert(str(source), tmp_path / "dest", TargetLayout.CSV, ())
    assert _state(tmp_path) == before


def test_a_destination_that_something_is_mounted_on(source: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    dest.mkdir()
    try:
        check_hidden([dest], [source])
    except NotPossibleHereError as reason:
        pytest.skip(str(reason))
    command = [sys.executable, "-m", "pipeline.cli", "data", "convert", str(source), str(dest), "--to", "csv"]
    done = subprocess.run(without([dest], command), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"Error: Something is mounted on {dest}, so no other folder can take its place. Name one in it, such "
        f"as {dest / 'images'}.\n"
    )


def test_destinations_within_the_source_or_elsewhere(source: Path, tmp_path: Path) -> None:
    before = _state(tmp_path)
    (tmp_path / "link").symlink_to("source")
    for images in (source, tmp_path / "link"):
        for dest in (source / "new", tmp_path / "link" / "new"):
            with pytest.raises(ConfigError, match="which is only read"):
                convert(str(images), dest, TargetLayout.CSV, ())
    with pytest.raises(ConfigError, match="a local folder only"):
        convert(str(source), Path("gs://bucket/x"), TargetLayout.CSV, ())
    (tmp_path / "link").unlink()
    assert _state(tmp_path).keys() == before.keys()


def test_empty_and_nested_destinations(source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for dest in (tmp_path / "empty", tmp_path / "new" / "er"):
        assert len(listed(_convert(source, dest, "csv")).files) == len(CONTENTS) + 1


def test_few_images_are_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_tree(
        tmp_path / "source", [f"{label}/{number}.jpg" for label in "ab" for number in range(9)]
    )
    ahead: list[int] = []
    real_read = LocalStore.read

    def read(store: LocalStore, file: ImageFile) -> bytes:
        written = list((tmp_path / "dest.partial").rglob("*.jpg"))
        ahead.append(len(ahead) - len(written))
        return real_read(store, file)

    monkeypatch.setattr(LocalStore, "read", read)
    _convert(source, tmp_path / "dest", "csv")
    assert len(ahead) == 18
    assert max(ahead) <= 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_half_written_is_left(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    before = set(tmp_path.iterdir())
    real_write = Path.write_bytes

    def write(path: Path, data: bytes) -> int:
        if len(list((tmp_path / "dest.partial" / "images").iterdir())) == 3:
            raise error
        return real_write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises((KeyboardInterrupt, OSError)):
        convert(str(source), tmp_path / "dest", TargetLayout.CSV, ())
    assert set(tmp_path.iterdir()) == before


def test_what_is_passed_over_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_tree(
        tmp_path / "a", ["cat/1.jpg", "dog/1.jpg", "cat/.x", *(f"dog/{n:02}.txt" for n in range(12))]
    )
    _convert(source, tmp_path / "b", "csv")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"2 images of 2 classes copied from {source} (class_folders) to {tmp_path}/b (csv)"
    assert lines[1:4] == [
        "Passed over: 1 hidden_file, 12 other_file",
        "  cat/.x: hidden",
        "  dog/00.txt: no image's extension",
    ]
    assert lines[-1] == "  and 3 more" and len(lines) == 13


def test_refused_files_stop_it(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "a", ["cat/1.jpg", "dog/1.jpg", "cat/x.txt", "cat/y.txt"])
    with pytest.raises(
        DataError, match="cat/x.txt: no image's extension, and 1 more. data.policies.other_file is 'fail'"
    ):
        _convert(source, tmp_path / "b", "csv", "data.policies.other_file=fail")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(("policy", "stops"), [("drop", False), ("fail", True)])
def test_files_that_change_meanwhile(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    policy: str,
    stops: bool,
) -> None:
    source = write_tree(tmp_path / "a", ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg"])
    real_read = LocalStore.read

    def read(store: LocalStore, file: ImageFile) -> bytes:
        (source / "cat" / "1.jpg").unlink(missing_ok=True)
        return real_read(store, file)

    monkeypatch.setattr(LocalStore, "read", read)
    if stops:
        with pytest.raises(DataError, match="cat/1.jpg: removed after it was listed"):
            _convert(source, tmp_path / "b", "csv", f"data.policies.changed={policy}")
    else:
        _convert(source, tmp_path / "b", "csv", f"data.policies.changed={policy}")
        assert len(listed(tmp_path / "b").files) == 2
        assert "Passed over: 1 changed\n  cat/1.jpg: removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("label", "target"),
    [
        ("../up", "class-folders"),
        ("..", "class-folders"),
        (".hidden", "split-folders"),
        ("a/b", "class-folders"),
        ("Thumbs.db", "class-folders"),
        ("é" * 128, "class-folders"),
    ],
)
def test_labels_that_no_class_folder_can_have(tmp_path: Path, label: str, target: str) -> None:
    files = {"1.jpg": "1", "2.jpg": "2", "m.csv": f"path,label\n1.jpg,{label}\n2.jpg,b\n"}
    source = write_tree(tmp_path / "a", files) / "m.csv"
    with pytest.raises(
        DataError, match=f"'{re.escape(label)}' cannot be the name of a class folder. Use --to csv"
    ):
        _convert(source, tmp_path / "b", target)
    for other in ("csv", "sidecar"):
        assert _content(_convert(source, tmp_path / other, other)) == _content(source)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "csv", "sidecar"}


def test_labels_that_a_table_would_not_keep(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "a", ["cat /1.jpg", "dog/1.jpg"])
    with pytest.raises(DataError, match="'cat ' begins or ends with a space"):
        _convert(source, tmp_path / "b", "csv")
    assert listed(_convert(source, tmp_path / "c", "class-folders")).labels == ("cat ", "dog")


def test_files_that_only_a_manifest_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "path,label\n1.jpg,a\n2.jpg,b\nx.bin,b\n.h.jpg,a\nnone,b\n"
    source = write_tree(tmp_path / "a", ["1.jpg", "2.jpg", "x.bin", ".h.jpg", "none"])
    write_tree(source, {"m.csv": rows})
    assert _content(source / "m.csv") == _content(_convert(source / "m.csv", tmp_path / "b", "jsonl"))
    assert len(listed(_convert(source / "m.csv", tmp_path / "c", "sidecar")).files) == 3
    assert "Passed over: 2 other_file\n  none: no image's extension" in capsys.readouterr().out
    write_tree(source, {"m.csv": "path,label\nx.bin,a\nnone,b\n"})
    with pytest.raises(DataError, match="No image of .* can be copied: no image's extension"):
        _convert(source / "m.csv", tmp_path / "d", "sidecar")
    assert not (tmp_path / "d").exists()


def test_names_that_are_nothing_but_an_extension(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "a", ["1.jpg", "2.jpg", "x/.jpg", "y/..jpg"])
    write_tree(source, {"m.csv": "path,label\n1.jpg,a\n2.jpg,b\nx/.jpg,a\ny/..jpg,a\n"})
    for target in WITHOUT_SPLITS:
        converted = _convert(source / "m.csv", tmp_path / target, target)
        assert _content(converted) == _content(source / "m.csv")
        assert {path.name for path in converted.rglob("image*.jpg")} == {"image.jpg", "image-2.jpg"}


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["imgclf", *arguments])
    with pytest.raises(SystemExit) as raised:
        cli.main()
    return int(raised.value.code or 0)


def test_on_the_command_line(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = str(tmp_path / "dest")
    assert _run(monkeypatch, "data", "convert", str(source), dest, "--to", "sidecar") == 0
    assert f"{len(CONTENTS) + 1} images of 3 classes copied" in capsys.readouterr().out
    assert _run(monkeypatch, "data", "convert", str(source), dest, "--to", "sidecar") == 2
    assert capsys.readouterr().err.startswith(f"Error: {dest} is not empty.")
    (tmp_path / "source" / "empty").mkdir()
    assert _run(monkeypatch, "data", "convert", str(source), f"{dest}-2", "--to", "csv") == 3
    assert "class folder 'empty'" in capsys.readouterr().err
    assert _run(monkeypatch, "data", "convert", str(source), f"{dest}-2", "--to", "zip") == 2
    assert os.listdir(tmp_path) and not Path(f"{dest}-2").exists()  # noqa: PTH208


def test_a_destination_that_is_a_link_to_itself(source: Path, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(ConfigError, match="leads nowhere"):
        convert(str(source), tmp_path / "circle", TargetLayout.CSV, ())
