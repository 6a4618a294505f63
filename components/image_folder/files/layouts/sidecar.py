"""Images and text files side by side: `img_1.jpg`, and `img_1.txt` that says `img_1.jpg, 0`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from components.contract import DataError
from components.image_folder.files.file_names import has_image_extension, is_hidden
from components.image_folder.files.image_store import FileChangedError, FolderItem, ImageStore
from components.image_folder.files.layouts.found import Found
from components.image_folder.files.layouts.name_rule import joined, judge_item, scan_top, shown
from components.image_folder.files.listing import ImageFile
from components.image_folder.findings import Finding, action_of, is_printable, printable
from components.image_folder.settings import DataSettings

LABEL_NAMES_FILES: Final = ("label.json", "labels.json")
# A sidecar is a file name and a label; anything longer is something else.
_LARGEST_SIDECAR: Final = 4096

_INDEX_DIGITS: Final = 18


def is_sidecar(name: str) -> bool:
    """Whether a file may be the text file of an image."""
    return name.lower().endswith(".txt")


def list_sidecars(store: ImageStore, folder: str, settings: DataSettings) -> Found:
    """Lists a flat folder of images, each with a text file of the same name.

    The text is the image's file name, a comma and its label, or the label
    alone. A label is a name, or with a `label.json` an index into that.

    Raises:
        DataError: no image, no text file, no label, or a `label.json` that cannot be understood.
    """
    found = Found("sidecar")
    policies = settings.policies
    images: dict[str, tuple[FolderItem, Finding | None]] = {}
    texts: dict[str, FolderItem] = {}
    label_files: list[FolderItem] = []
    for item in scan_top(store, folder):
        path = joined(folder, item.name)
        by_name = item.kind == "file" and not is_hidden(item.name)
        is_label_file = by_name and item.name in LABEL_NAMES_FILES
        is_text = by_name and is_sidecar(item.name)
        used, finding = judge_item(path, item, policies, any_name=is_label_file or is_text)
        if used and item.kind == "folder":
            reason = "a folder, where images and text files lie side by side"
            finding = Finding(f"{printable(path)}/", "other_file", reason, action_of(policies.other_file))
        elif used and is_label_file:
            label_files.append(item)
        elif used and is_text:
            texts[_stem(item)] = item
        elif used:
            images[path] = item, finding
            continue
        if finding is not None:
            found.findings.append(finding)
    where = shown(store, folder)
    if not images:
        raise DataError(f"{where} holds no image files next to each other. {_EXPECTED}")
    names = _read_label_names(store, folder, label_files)
    pairs = [(image, texts.get(_stem(image))) for image, _ in images.values()]
    if not any(text for _, text in pairs):
        raise DataError(f"No image in {where} has a text file of the same name. {_EXPECTED}")
    labels = _labels(store, folder, pairs, names)
    for (path, (image, finding)), label in zip(images.items(), labels, strict=True):
        if isinstance(label, _UnlabelledError):
            finding = Finding(printable(path), "unlabelled", str(label), action_of(policies.unlabelled))
        else:
            label = found.names.setdefault(label, label)
            found.files.append(ImageFile(path, label, image.size, image.modified))
        if finding is not None:
            found.findings.append(finding)
    stems = {_stem(image) for image, _ in images.values()}
    for stem, text in texts.items():
        if stem not in stems:
            path, action = printable(joined(folder, text.name)), action_of(policies.missing_file)
            found.findings.append(Finding(path, "missing_file", "a text file without its image", action))
    if names:
        found.names = {label: str(index) for index, label in names.items() if label in found.names}
    return found


_EXPECTED: Final = "Next to img_1.jpg belongs an img_1.txt that says 'img_1.jpg, LABEL'."


def _stem(item: FolderItem) -> str:
    return os.path.splitext(item.name)[0]


class _UnlabelledError(Exception):
    """Why an image has no label, without a full stop."""


def _labels(
    store: ImageStore,
    folder: str,
    pairs: Iterable[tuple[FolderItem, FolderItem | None]],
    names: dict[int, str],
) -> Iterator[str | _UnlabelledError]:
    def label_of(pair: tuple[FolderItem, FolderItem | None]) -> str | _UnlabelledError:
        image, text = pair
        try:
            if text is None:
                raise _UnlabelledError("no text file of the same name")
            return _named(_parse(_read_text(store, folder, text), image.name), names)
        except _UnlabelledError as reason:
            return reason

    if store.workers == 1:
        yield from map(label_of, pairs)
    else:
        with ThreadPoolExecutor(store.workers) as pool:
            yield from pool.map(label_of, pairs)


def _read_text(store: ImageStore, folder: str, item: FolderItem) -> str:
    if item.size > _LARGEST_SIDECAR:
        raise _UnlabelledError(f"{printable(item.name)} is too long to be a label")
    try:
        data = store.read(ImageFile(joined(folder, item.name), "", item.size, item.modified))
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _UnlabelledError(f"{printable(item.name)} is not UTF-8") from None
    except (FileChangedError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _UnlabelledError(f"{printable(item.name)} cannot be read ({reason})") from error


def _parse(text: str, image: str) -> str:
    """The label in a sidecar, as it is written there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != 1:
        raise _UnlabelledError(f"its text file has {len(lines)} lines instead of one")
    (line,) = lines
    if line == image:
        label = ""
    elif line.startswith(image) and line[len(image) :].lstrip().startswith(","):
        label = line[len(image) :].lstrip().removeprefix(",").strip()
    else:
        before = line.partition(",")[0].strip()
        if has_image_extension(before):
            raise _UnlabelledError(f"its text file names another file, {printable(before)}")
        label = line
    if not label:
        raise _UnlabelledError("its text file gives no label")
    if not is_printable(label):
        raise _UnlabelledError("its text file gives a label with characters that cannot be printed")
    return label


def _is_index(text: str) -> bool:
    """Whether it is a number that a class could have; Python refuses to read far longer ones."""
    return text.isascii() and text.isdecimal() and len(text) <= _INDEX_DIGITS


def _named(label: str, names: dict[int, str]) -> str:
    """The label's name, where a `label.json` has indices for the names."""
    if not names:
        return label
    if _is_index(label) and int(label) in names:
        return names[int(label)]
    if label not in names.values():
        raise _UnlabelledError(f"its label, '{label}', is not in the label file")
    return label


def _read_label_names(store: ImageStore, folder: str, files: list[FolderItem]) -> dict[int, str]:
    """Index → name, sorted by index; empty when there is no such file.

    Raises:
        DataError: two files, or one that holds neither of the three forms.
    """
    if not files:
        return {}
    where = shown(store, joined(folder, files[0].name))
    if len(files) > 1:
        raise DataError(f"{shown(store, folder)} holds both label.json and labels.json. Remove one of them.")
    try:
        data = store.read(ImageFile(joined(folder, files[0].name), "", files[0].size, files[0].modified))
        tree = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_pairs_of)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is no JSON: {error}.") from error
    except (FileChangedError, OSError) as error:
        raise DataError(f"{where} cannot be read: {error}.") from error
    names = _indexed(tree)
    if names is None:
        raise DataError(
            f'{where} has to hold {{"0": "cat", "1": "dog"}}, {{"cat": 0, "dog": 1}} or ["cat", "dog"], '
            "with each index and each name once."
        )
    return names


def _pairs_of(pairs: list[tuple[str, object]]) -> list[tuple[str, object]]:
    """A JSON object as it is written, so that a key given twice is not lost."""
    return pairs


def _indexed(tree: object) -> dict[int, str] | None:
    if not isinstance(tree, list) or not tree:
        return None
    pairs: list[tuple[object, object]] = []
    for position, entry in enumerate(tree):
        if isinstance(entry, str):
            pairs.append((position, entry))
        elif isinstance(entry, tuple) and type(entry[1]) is int:
            pairs.append((entry[1], entry[0]))
        elif isinstance(entry, tuple) and _is_index(entry[0]):
            pairs.append((int(entry[0]), entry[1]))
        else:
            return None
    names = {
        index: name.strip()
        for index, name in sorted(pairs, key=lambda pair: str(pair[0]))
        if isinstance(index, int) and index >= 0 and isinstance(name, str) and is_printable(name.strip())
    }
    if len(set(names.values())) < len(pairs) or "" in names.values():
        return None
    return dict(sorted(names.items()))
