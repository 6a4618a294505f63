"""A table of paths and labels: CSV, TSV or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components.contract import DataError
from components.image_folder.files.given_splits import SPLIT_NAMES, split_called
from components.image_folder.files.image_store import FileChangedError, FolderItem, ImageStore
from components.image_folder.files.layouts.found import Found
from components.image_folder.files.layouts.listed_twice import the_one_that_counts
from components.image_folder.files.layouts.name_rule import joined, judge_item, shown
from components.image_folder.files.listing import ImageFile
from components.image_folder.findings import Finding, action_of, is_printable, printable
from components.image_folder.policies import PolicySettings
from components.image_folder.settings import DataSettings
from components.uri import is_uri

EXTENSIONS: Final = (".csv", ".tsv", ".jsonl")
# What a manifest in a folder of images is called, without its extension.
STEMS: Final = ("manifest", "labels", "metadata", "annotations")
# What a column may be called; the first that is there counts.
_COLUMNS: Final = {
    "path": ("path", "file", "file_name", "filename", "image"),
    "label": ("label", "class", "category"),
    "split": ("split",),
}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    path: str
    label: str
    split: str | None

    @property
    def where(self) -> str:
        return f"line {self.line} of the manifest"


def is_manifest(name: str) -> bool:
    """Whether a file can be a manifest, going by its extension."""
    return name.lower().endswith(EXTENSIONS)


def is_manifest_in_folder(name: str) -> bool:
    """Whether a file among images is called like a manifest."""
    stem, extension = posixpath.splitext(name.lower())
    return stem in STEMS and extension in EXTENSIONS


def has_needed_columns(store: ImageStore, folder: str, item: FolderItem) -> bool:
    """Whether a file that is called like a manifest is one."""
    path = joined(folder, item.name)
    try:
        next(_records(_read(store, path, item), path, shown(store, path)), None)
    except DataError:
        return False
    return True


def list_manifest(store: ImageStore, folder: str, item: FolderItem, settings: DataSettings) -> Found:
    """Lists the files that a manifest names; their paths are relative to the manifest's folder.

    A file that is listed twice counts once. If the two labels differ, it is a
    label conflict; if the splits do, a leak, of which the split further from
    training stays.

    Raises:
        DataError: a line or column that cannot be understood, with its number.
    """
    path = joined(folder, item.name)
    where = shown(store, path)
    found = Found("manifest")
    rows: dict[str, list[_Row]] = {}
    for row in _rows(_read(store, path, item), path, where):
        if is_uri(row.path) and not is_uri(store.root):
            reason = "a URI; a manifest on this machine names files on this machine, by their paths"
            found.findings.append(_missing(row.path, reason, settings.policies))
            continue
        try:
            rows.setdefault(store.locate(folder, row.path), []).append(row)
        except ValueError:
            found.findings.append(_missing(row.path, "no file can have this name", settings.policies))
    for (place, listed), facts in zip(rows.items(), store.look_up(rows), strict=True):
        counting, finding = the_one_that_counts(listed, place, settings.policies)
        if counting is not None and not counting.label:
            reason = f"no label in {counting.where}"
            finding = Finding(printable(place), "unlabelled", reason, action_of(settings.policies.unlabelled))
        elif counting is not None:
            used, about_file = _judge(place, facts, settings.policies)
            finding = about_file if not used else finding or about_file
            if used and isinstance(facts, FolderItem):
                label = found.names.setdefault(counting.label, counting.label)
                file = ImageFile(place, label, facts.size, facts.modified, counting.split)
                found.files.append(file)
        if finding is not None:
            found.findings.append(finding)
    return found


def _missing(path: str, reason: str, policies: PolicySettings) -> Finding:
    return Finding(printable_anyway(path), "missing_file", reason, action_of(policies.missing_file))


def printable_anyway(path: str) -> str:
    """A path as text, even if no file can be called so."""
    return printable(path.encode("utf-8", "backslashreplace").decode())


def _judge(place: str, facts: FolderItem | OSError, policies: PolicySettings) -> tuple[bool, Finding | None]:
    if isinstance(facts, FileNotFoundError | NotADirectoryError):
        reason = "in the manifest, but not there"
        if "\\" in place:
            reason += '; paths are written with "/"'
        return False, Finding(printable(place), "missing_file", reason, action_of(policies.missing_file))
    if isinstance(facts, OSError):
        reason = str(facts.strerror)
        return False, Finding(printable(place), "unreadable", reason, action_of(policies.unreadable))
    used, finding = judge_item(place, facts, policies, any_name=True)
    if used and facts.kind == "folder":
        action = action_of(policies.not_regular_file)
        return False, Finding(f"{printable(place)}/", "not_regular_file", "a folder", action)
    return used, finding


def _read(store: ImageStore, path: str, item: FolderItem) -> str:
    where = shown(store, path)
    try:
        return store.read(ImageFile(path, "", item.size, item.modified)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{where}, line {line}: not UTF-8. Save the file as UTF-8.") from error
    except FileChangedError as error:
        raise DataError(f"{where}: {error}. Run it again.") from error
    except OSError as error:
        raise DataError(f"{where} cannot be read: {error.strerror}.") from error


def _rows(text: str, path: str, where: str) -> Iterator[_Row]:
    for line, record in _records(text, path, where):
        if not record["path"]:
            raise DataError(f"{where}, line {line}: no path.")
        label = record["label"]
        if not is_printable(label):
            raise DataError(f"{where}, line {line}: the label {label!a} cannot be printed.")
        split = split_called(record["split"]) if record["split"] else None
        if record["split"] and split is None:
            raise DataError(
                f"{where}, line {line}: there is no split '{printable_anyway(record['split'])}'. "
                f"Known are {', '.join(SPLIT_NAMES)}; empty leaves it to the image's content."
            )
        yield _Row(line, record["path"], label, split)


def _records(text: str, path: str, where: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and values of each line, by the columns' own names; a missing split is empty."""
    tables = {".csv": ",", ".tsv": "\t"}
    extension = posixpath.splitext(path.lower())[1]
    if extension in tables:
        yield from _table(text, tables[extension], where)
    else:
        yield from _json_lines(text, where)


def _table(text: str, delimiter: str, where: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    columns: dict[str, int] | None = None
    width = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                names = [cell.strip().lower() for cell in cells]
                found = _found(names, where, reader.line_num)
                columns, width = {key: names.index(name) for key, name in found.items()}, len(cells)
                continue
            if len(cells) != width:
                raise DataError(
                    f"{where}, line {reader.line_num}: {len(cells)} columns where the first line has {width}."
                )
            yield reader.line_num, {"split": ""} | {key: cells[at].strip() for key, at in columns.items()}
    except csv.Error as error:
        raise DataError(f"{where}, line {reader.line_num}: {error}.") from error
    if columns is None:
        raise DataError(f"{where} is empty.")


def _json_lines(text: str, where: str) -> Iterator[tuple[int, dict[str, str]]]:
    empty = True
    # Not splitlines: JSON may hold the Unicode line separators as they are.
    for line, source in enumerate(text.split("\n"), 1):
        if not source.strip():
            continue
        empty = False
        try:
            record = json.loads(source)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}, line {line}: no JSON ({error}).") from error
        if not isinstance(record, dict):
            raise DataError(f"{where}, line {line}: not an object with a path and a label.")
        lowered = {key.strip().lower(): value for key, value in record.items()}
        values = {"split": ""}
        for key, name in _found(list(lowered), where, line).items():
            value = lowered[name]
            if value is None:
                value = ""
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise DataError(f"{where}, line {line}: '{name}' has to be text.")
            values[key] = str(value).strip()
        yield line, values
    if empty:
        raise DataError(f"{where} is empty.")


def _found(names: list[str], where: str, line: int) -> dict[str, str]:
    """What the needed columns are called here."""
    found = {}
    for key, candidates in _COLUMNS.items():
        name = next((candidate for candidate in candidates if candidate in names), None)
        if name is not None:
            found[key] = name
        elif key != "split":
            raise DataError(
                f"{where}, line {line}: no column '{key}' (or {', '.join(candidates[1:])}); "
                f"there are {printable_anyway(', '.join(names))}."
            )
    return found
