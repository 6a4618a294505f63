"""Which image files lie in which class folder. Reads directories, never a file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.contract import ConfigError, DataError

# By extension a file is taken for an image; whether it is one, its bytes decide later.
IMAGE_EXTENSIONS: Final = frozenset(
    ".jpg .jpeg .jpe .jfif .png .gif .bmp .webp .tif .tiff .heic .heif .avif .svg".split()
)
_SPLIT_FOLDERS: Final = frozenset("train training val valid validation eval test testing".split())


@dataclass(frozen=True)
class ImageFile:
    """A file that claims to be an image, as the directory lists it.

    Attributes:
        path: relative to the root, with "/".
        label: name of its class folder.
        size: bytes.
        modified: nanoseconds since the epoch.
    """

    path: str
    label: str
    size: int
    modified: int


def scan_folder(root: Path) -> list[ImageFile]:
    """Lists the image files of a tree of class folders, sorted by path.

    Each folder directly below `root` is a class; images may lie at any depth
    below it. Hidden files and folders, files at the top, and files without an
    image's extension are passed over.

    Raises:
        ConfigError: `root` is no folder, or cannot be read.
        DataError: fewer than two classes, a class folder without an image
            file, or split folders where class folders should be.
    """
    if not root.exists():
        raise ConfigError(f"There is no folder {root}. Give the folder that holds one folder a class.")
    if not root.is_dir():
        raise ConfigError(f"{root} is a file. Give the folder that holds one folder a class.")
    try:
        class_folders = sorted(entry.name for entry in os.scandir(root) if _is_visible_folder(entry))
    except PermissionError as error:
        raise ConfigError(f"{root} cannot be read: {error.strerror}.") from error
    _refuse_layouts_that_are_no_classes(root, class_folders)
    _refuse_names_that_fit_no_label_file(root, class_folders)
    files: list[ImageFile] = []
    for label in class_folders:
        found = list(_image_files(root, label))
        if not found:
            raise DataError(
                f"The class folder '{label}' in {root} holds no image file. Add images to it or remove it."
            )
        files.extend(found)
    return sorted(files, key=lambda file: file.path)


def labels_of(files: Sequence[ImageFile]) -> list[str]:
    """The label names that occur, sorted."""
    return sorted({file.label for file in files})


def fingerprint(files: Sequence[ImageFile]) -> str:
    """A hash that changes when a file is added, removed, renamed, resized or written to.

    Unlike stock ExampleGen's (file count, bytes, modification seconds) it
    covers every file's own name, size and modification time in nanoseconds.
    """
    digest = hashlib.sha256()
    for file in files:
        name = file.path.encode("utf-8", "surrogateescape")
        digest.update(b"%d:%b:%d:%d;" % (len(name), name, file.size, file.modified))
    return digest.hexdigest()


def _is_visible_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() and not entry.name.startswith(".")


def _refuse_layouts_that_are_no_classes(root: Path, class_folders: list[str]) -> None:
    if not class_folders:
        raise DataError(
            f"{root} holds no class folders. Put the images of each class into a folder of its own, "
            f"for example {root.name}/cat and {root.name}/dog."
        )
    if all(name.lower() in _SPLIT_FOLDERS for name in class_folders):
        raise DataError(
            f"{root} holds split folders ({', '.join(class_folders)}), not class folders. "
            "imgclf divides the images itself: give it one folder a class."
        )
    if len(class_folders) == 1:
        raise DataError(
            f"{root} holds one class only, '{class_folders[0]}'. "
            "A classifier needs at least two class folders."
        )


def _refuse_names_that_fit_no_label_file(root: Path, class_folders: list[str]) -> None:
    for name in class_folders:
        if not name.isprintable():
            raise DataError(
                f"The class folder {name!a} in {root} has characters in its name that cannot be printed, "
                "or that are not UTF-8. Rename it: a class's name is its label."
            )


def _image_files(root: Path, label: str) -> Iterator[ImageFile]:
    def refuse(error: OSError) -> None:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}.") from error

    for folder, subfolders, names in os.walk(root / label, onerror=refuse):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            if name.startswith(".") or os.path.splitext(name)[1].lower() not in IMAGE_EXTENSIONS:
                continue
            full = Path(folder, name)
            try:
                facts = full.stat()
            except OSError:  # A dangling link: listed, so that ingest can set it aside by name.
                size, modified = 0, 0
            else:
                size, modified = facts.st_size, facts.st_mtime_ns
            yield ImageFile(full.relative_to(root).as_posix(), label, size, modified)
