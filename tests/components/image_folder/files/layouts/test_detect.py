"""Which layout is taken; that it is listed well is for its own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError
from tests.listings import listed, write_tree
from tests.permissions import heeded_permissions

MANIFEST = {"labels.csv": "path,label\nx/1.jpg,a\nx/2.jpg,b\n", "x/1.jpg": "", "x/2.jpg": ""}
SIDECAR = {"1.jpg": "", "1.txt": "a", "2.jpg": "", "2.txt": "b"}
CLASSES = {"cat/1.jpg": "", "dog/1.jpg": ""}
SPLITS = {"train/cat/1.jpg": "", "train/dog/1.jpg": ""}


@pytest.mark.parametrize(
    ("files", "layout"),
    [
        (CLASSES, "class_folders"),
        (SPLITS, "split_folders"),
        (SIDECAR, "sidecar"),
        (MANIFEST, "manifest"),
        # Signs that are none: a table of something else, texts and images that do not belong together.
        ({**CLASSES, "labels.csv": "name,score\n1,2\n"}, "class_folders"),
        ({**CLASSES, "table.csv": MANIFEST["labels.csv"]}, "class_folders"),
        ({**CLASSES, "readme.txt": "", "cover.jpg": ""}, "class_folders"),
        ({**SIDECAR, "labels.csv": "name,score\n1,2\n"}, "sidecar"),
        # One folder makes no classes.
        ({**SIDECAR, "more/1.jpg": ""}, "sidecar"),
        # Hidden folders do not count.
        ({**SPLITS, ".git/x": "", "__MACOSX/x": ""}, "split_folders"),
        ({**SIDECAR, ".a/x": "", ".b/x": ""}, "sidecar"),
        ({**CLASSES, "train/steam/1.jpg": ""}, "class_folders"),
        ({**CLASSES, "train/steam/1.jpg": "", "test/1.jpg": ""}, "class_folders"),
    ],
)
def test_what_is_taken(tmp_path: Path, files: dict[str, str], layout: str) -> None:
    write_tree(tmp_path, files)
    assert listed(tmp_path).layout == layout
    assert listed(tmp_path, layout=layout) == listed(tmp_path)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {**CLASSES, **MANIFEST},
            r"a manifest \(labels.csv\) and folders that could be classes \(cat, dog, x\). "
            "Say which of them counts with data.layout=manifest or data.layout=class_folders",
        ),
        ({**SIDECAR, **MANIFEST}, r"a manifest \(labels.csv\) and images with text files \(1.jpg, 2.jpg\)"),
        ({**SIDECAR, **CLASSES}, r"images with text files .* and folders that could be classes"),
        ({**SPLITS, **SIDECAR}, r"images with text files .* and split folders \(train\)"),
        (
            {**SIDECAR, "test/1.jpg": "", "train/1.jpg": ""},
            r"images with text files .* and folders that could be classes \(test, train\)",
        ),
        ({"train/cat/1.jpg": "", "test/1.jpg": ""}, "called like splits"),
        (
            {**SPLITS, "val/cat/1.jpg": "", "more/1.jpg": ""},
            r"split folders \(train, val\) beside others \(more\). Move the others elsewhere; "
            "or, if all of them are classes, use data.layout=class_folders",
        ),
        ({f"{name}/1.jpg": "" for name in "abcdef"} | SIDECAR, r"\(a, b, c, d, …\)"),
    ],
)
def test_what_is_unclear(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        listed(write_tree(tmp_path, files))


@pytest.mark.parametrize("layout", ["class_folders", "split_folders", "sidecar", "auto", "manifest"])
def test_files_that_are_no_manifest(tmp_path: Path, layout: str) -> None:
    write_tree(tmp_path, {"a.jpg": "", **MANIFEST})
    with pytest.raises(ConfigError, match=r"a.jpg is a file. Give the folder"):
        listed(tmp_path / "a.jpg", layout=layout)
    if layout not in ("auto", "manifest"):
        with pytest.raises(ConfigError, match=r"labels.csv is a file"):
            listed(tmp_path / "labels.csv", layout=layout)


def test_a_split_folder_that_cannot_be_opened_shows_no_class_folders(tmp_path: Path) -> None:
    closed = write_tree(tmp_path, ["train/cat/1.jpg", "test/cat/1.jpg"]) / "test"
    closed.chmod(0)
    with heeded_permissions():
        with pytest.raises(
            ConfigError, match=r"called like splits \(test, train\), but not all of them hold"
        ):
            listed(tmp_path)
    closed.chmod(0o755)
