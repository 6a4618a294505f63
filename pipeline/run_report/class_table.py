"""Images by class and split, as rows with a bar each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

# With more classes than twice this, only as many of the largest and of the smallest are listed.
LISTED: Final = 20


@dataclass(frozen=True)
class ClassRow:
    """A class.

    Attributes:
        label: its name.
        images: how many, in the table's order of splits.
        total: their sum.
        bar: split → percent of the largest class's total, of the splits with images.
        factors: in the table's order of remedies; None for a class without one.
    """

    label: str
    images: tuple[int, ...]
    total: int
    bar: Mapping[str, float]
    factors: tuple[float | None, ...]


@dataclass(frozen=True)
class ClassTable:
    """Classes by size.

    Attributes:
        splits: names of the splits.
        remedies: headings of the columns of factors that even the classes out.
        largest: all classes, or the largest; largest first.
        smallest: the smallest of very many; largest first.
        sizes: images of every class; largest first.
        median: of the sizes.
    """

    splits: tuple[str, ...]
    remedies: tuple[str, ...]
    largest: Sequence[ClassRow]
    smallest: Sequence[ClassRow]
    sizes: Sequence[int]
    median: float

    @property
    def omitted(self) -> int:
        """How many classes are not listed."""
        return len(self.sizes) - len(self.largest) - len(self.smallest)


def class_table(
    counts: Mapping[str, Mapping[str, int]], remedies: Mapping[str, Mapping[str, float]]
) -> ClassTable | None:
    """Sorts the classes by size.

    Args:
        counts: split → label → images; every split names every label.
        remedies: heading of what evens the classes out → label → factor.

    Returns:
        None when there is no class.
    """
    splits = tuple(counts)
    labels = list(counts[splits[0]]) if splits else []
    if not labels:
        return None
    totals = {label: sum(by_label[label] for by_label in counts.values()) for label in labels}
    scale = 100 / max(*totals.values(), 1)
    rows = [
        ClassRow(
            label=label,
            images=tuple(counts[split][label] for split in splits),
            total=totals[label],
            bar={split: scale * counts[split][label] for split in splits if counts[split][label]},
            factors=tuple(by_label.get(label) for by_label in remedies.values()),
        )
        for label in labels
    ]
    rows.sort(key=lambda row: -row.total)
    many = len(rows) > 2 * LISTED
    sizes = [row.total for row in rows]
    return ClassTable(
        splits=splits,
        remedies=tuple(remedies),
        largest=rows[:LISTED] if many else rows,
        smallest=rows[-LISTED:] if many else [],
        sizes=sizes,
        median=median(sizes),
    )
