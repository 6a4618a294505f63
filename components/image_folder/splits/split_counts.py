"""How many images of each class are in each split: what whoever reads the Examples has to know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from components.contract import SPLIT_COUNTS_FILE


def write_split_counts(examples_dir: Path, counts: Mapping[str, Mapping[str, int]]) -> None:
    """Writes split → label → images into the Examples artifact."""
    (examples_dir / SPLIT_COUNTS_FILE).write_text(json.dumps(counts, indent=1), "utf-8")


def read_split_counts(examples_dir: Path) -> dict[str, dict[str, int]]:
    """Reads what `write_split_counts` wrote."""
    counts: dict[str, dict[str, int]] = json.loads((examples_dir / SPLIT_COUNTS_FILE).read_text("utf-8"))
    return counts
