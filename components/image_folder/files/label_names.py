"""What the classes are called, and in which order they get their ids."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from components.contract import ConfigError, DataError
from components.image_folder.findings import Finding, action_of, is_printable, without_joiners
from components.image_folder.policies import PolicySettings


def labels_of_folders(folders: Iterable[str], strip_prefix: str | None) -> dict[str, str]:
    """Class folder → label: its name, without what the expression matches at its front.

    Raises:
        DataError: a name that fits no label file, that nothing is left of, or that two folders share.
    """
    prefix = re.compile(strip_prefix or "")
    taken: dict[str, str] = {}
    labels: dict[str, str] = {}
    for folder in folders:
        if not is_printable(folder):
            raise DataError(
                f"The class folder {folder!a} has characters in its name that cannot be printed, "
                "or that are not UTF-8. Rename it: a class's name is its label."
            )
        matched = prefix.match(folder)
        label = folder[matched.end() :] if matched else folder
        if not label:
            raise DataError(
                f"data.labels.strip_prefix, {strip_prefix}, leaves nothing of the class folder '{folder}'."
            )
        if label in taken:
            raise DataError(
                f"data.labels.strip_prefix, {strip_prefix}, makes '{label}' of two class folders, "
                f"'{taken[label]}' and '{folder}'."
            )
        taken[label] = folder
        labels[folder] = label
    return labels


def order_labels(names: Mapping[str, str]) -> tuple[str, ...]:
    """Labels in the order in which new ids are given out.

    They are sorted by name, so that numbers that are padded with zeros keep
    their order; if every name is a number, by its value: 2 before 10.

    Args:
        names: label → name to go by.
    """
    if all(name.isascii() and name.isdecimal() for name in names.values()):
        # Without their zeros, numbers are in order by length and then by digits, however long they are.
        digits = {label: name.lstrip("0") for label, name in names.items()}
        return tuple(
            sorted(names, key=lambda label: (len(digits[label]), digits[label], names[label], label))
        )
    return tuple(sorted(names, key=lambda label: (names[label], label)))


def read_pinned_labels(path: str) -> tuple[str, ...]:
    """Reads `data.labels.file`: UTF-8, one name a line; the line is the id.

    Raises:
        ConfigError: no such file, or one that cannot be a label file.
    """
    try:
        lines = Path(path).expanduser().read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigError(f"data.labels.file: {path} is not UTF-8.") from error
    except OSError as error:
        raise ConfigError(f"data.labels.file: {path} cannot be read: {error.strerror}.") from error
    except RuntimeError as error:
        raise ConfigError(f"data.labels.file: {path}: there is no such user.") from error
    labels = [line.strip() for line in lines]
    if not labels:
        raise ConfigError(f"data.labels.file: {path} is empty. Write a label a line.")
    for number, label in enumerate(labels, 1):
        if not label or not is_printable(label):
            what = "is empty" if not label else "holds characters that cannot be printed"
            raise ConfigError(f"data.labels.file: line {number} of {path} {what}.")
        if label in labels[: number - 1]:
            raise ConfigError(
                f"data.labels.file: '{label}' is in {path} twice, the second time in line {number}."
            )
    return tuple(labels)


def require_pinned(found: Iterable[str], pinned: tuple[str, ...], path: str) -> None:
    """Refuses images whose classes are not exactly those of the label file.

    Raises:
        DataError: a class that the file does not list, or a listed one without images, whose id would
            stand for something that the model never saw.
    """
    found = set(found)
    for label in sorted(found - set(pinned)):
        near = difflib.get_close_matches(label, pinned, n=1, cutoff=0.6)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise DataError(
            f"The class '{label}' is not in data.labels.file, {path}{hint}. "
            "Add it at the end of the file, or rename or remove the class."
        )
    for label in pinned:
        if label not in found:
            raise DataError(
                f"data.labels.file, {path}, lists '{label}', which no image has. "
                "Add images of it, or take it out of the file."
            )


def find_clashes(labels: Iterable[str], policies: PolicySettings) -> list[Finding]:
    """A finding for each label that is an earlier one but for case, Unicode composition or joiners."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike[_folded(label)].append(label)
    action = action_of(policies.class_name_clash)
    return [
        Finding(f"{label}/", "class_name_clash", f"{_difference(first, label)} from '{first}'", action)
        for first, *others in alike.values()
        for label in others
    ]


def _folded(label: str) -> str:
    return unicodedata.normalize("NFC", without_joiners(label.casefold()))


def _difference(first: str, other: str) -> str:
    if without_joiners(first) == without_joiners(other):
        return "differs only in joiners, which have no width,"
    same_composition = unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", other)
    return "differs only in how Unicode composes it" if same_composition else "differs only in case"
