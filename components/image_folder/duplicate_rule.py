"""Which of several files with the same bytes stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from components.image_folder.manifest import Entry


@dataclass(frozen=True)
class DuplicateVerdict:
    """What to take out again.

    Attributes:
        copies: paths of further copies of an image under the same label; the first path stays.
        conflicts: path → reason, for images that lie under more than one
            label. Nobody can tell which is right, so none of them stays.
    """

    copies: frozenset[str]
    conflicts: dict[str, str]


def judge_duplicates(entries: Iterable[Entry]) -> DuplicateVerdict:
    """Finds files with identical bytes among those that were written."""
    by_content: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.split is not None and entry.sha256 is not None:
            by_content[entry.sha256].append(entry)
    copies: set[str] = set()
    conflicts: dict[str, str] = {}
    for same in by_content.values():
        if len(same) == 1:
            continue
        same.sort(key=lambda entry: entry.path)
        if len({entry.label for entry in same}) == 1:
            copies.update(entry.path for entry in same[1:])
        else:
            for entry in same:
                other = next(rival for rival in same if rival.label != entry.label)
                conflicts[entry.path] = (
                    f"the same bytes lie under '{other.label}' too, as {other.path}: the label is in doubt"
                )
    return DuplicateVerdict(frozenset(copies), conflicts)
