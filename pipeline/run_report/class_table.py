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
        weights: in the table's order of weightings; None for a class without one.
    """

    label: str
    images: tuple[int, ...]
    total: int
    bar: Mapping[str, float]
    weights: tuple[float | None, ...]


@dataclass(frozen=True)
class ClassTable:
    """Classes by size.

    Attributes:
        splits: names of the splits.
        weightings: names of the class weights' columns.
        largest: all classes, or the largest; largest first.
        smallest: the smallest of very many; largest first.
        sizes: images of every class; largest first.
        median: of the sizes.
    """

    splits: tuple[str, ...]
    weightings: tuple[str, ...]
    largest: Sequence[ClassRow]
    smallest: Sequence[ClassRow]
    sizes: Sequence[int]
    median: float

    @property
    def omitted(self) -> int:
        """How many classes are not listed."""
        return len(self.sizes) - len(self.largest) - len(self.smallest)


def class_table(
    counts: Mapping[str, Mapping[str, int]], class_weights: Mapping[str, Mapping[str, float]]
) -> ClassTable | None:
    """Sorts the classes by size.

    Args:
        counts: split → label → images; every split names every label.
        class_weights: name of a weighting → label → weight.

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
            weights=tuple(by_label.get(label) for by_label in class_weights.values()),
        )
        for label in labels
    ]
    rows.sort(key=lambda row: -row.total)
    many = len(rows) > 2 * LISTED
    sizes = [row.total for row in rows]
    return ClassTable(
        splits=splits,
        weightings=tuple(class_weights),
        largest=rows[:LISTED] if many else rows,
        smallest=rows[-LISTED:] if many else [],
        sizes=sizes,
        median=median(sizes),
    )
