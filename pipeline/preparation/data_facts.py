"""What a listing and some headers tell of the images, in a second or two and without decoding any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from components.contract import TRAIN
from components.image_folder.files.image_store import FileChangedError, ImageStore
from components.image_folder.files.listing import ImageFile, Listing
from components.image_folder.files.open_store import open_store
from components.image_folder.headers.image_header import UnusableImageError, read_header
from components.image_folder.settings import DataSettings
from components.image_folder.workers.image_statistics import suggest_image_size

# A median of a hundred is within a few places of that of all, and a hundred photographs are read in a second.
_SAMPLE: Final = 100


@dataclass(frozen=True)
class DataFacts:
    """What a preset goes by.

    Attributes:
        train_images: about how many images there are to train on.
        classes: number of labels.
        smallest_class, largest_class: images of these classes, over all splits.
        shorter_side: median over the images of the shorter of height and width, pixels; 0 when no header
            can be read, which ingest will say more of.
        suggested_size: for `model.image_size`, pixels; it does not enlarge most of the images.
    """

    train_images: int
    classes: int
    smallest_class: int
    largest_class: int
    shorter_side: int
    suggested_size: int


def data_facts(listing: Listing, settings: DataSettings) -> DataFacts:
    """Counts the files, and reads the headers of some of them.

    Args:
        listing: all images.
        settings: how images without a given split are divided, and which are too large to be read.
    """
    counts = Counter(file.label for file in listing.files)
    given = sum(file.split == TRAIN for file in listing.files)
    undivided = sum(file.split is None for file in listing.files)
    sides = _shorter_sides(listing, settings.limits.max_bytes)
    return DataFacts(
        train_images=given + round(undivided * settings.splits.train),
        classes=len(listing.labels),
        smallest_class=min(counts.values()),
        largest_class=max(counts.values()),
        shorter_side=sides[len(sides) // 2] if sides else 0,
        suggested_size=suggest_image_size(Counter(sides)),
    )


def _shorter_sides(listing: Listing, max_bytes: int) -> list[int]:
    """Of images that lie evenly over the listing, in pixels, in rising order."""
    files = listing.files[:: -(-len(listing.files) // _SAMPLE)]
    return sorted(_readable(open_store(listing.root), [file for file in files if file.size <= max_bytes]))


def _readable(store: ImageStore, files: Sequence[ImageFile]) -> list[int]:
    with ThreadPoolExecutor(store.workers) as threads:
        sides = threads.map(lambda file: _shorter_side(store, file), files)
        return [side for side in sides if side is not None]


def _shorter_side(store: ImageStore, file: ImageFile) -> int | None:
    try:
        header = read_header(store.read(file))
    except (UnusableImageError, FileChangedError, OSError):
        return None  # Whatever is wrong with a file is for ingest to say.
    return min(header.width, header.height)
